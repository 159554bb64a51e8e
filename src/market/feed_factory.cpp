#include "market/feed_factory.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "market/replay_feed.hpp"
#include "market/sim_feed.hpp"

namespace tapedeck::market {
namespace {

std::uint64_t parse_sessions(std::string_view text) {
  constexpr std::string_view kKey = "sessions=";
  std::uint64_t sessions = 0;
  if (text.starts_with(kKey)) {
    text.remove_prefix(kKey.size());
    const auto result = std::from_chars(text.data(), text.data() + text.size(), sessions);
    if (result.ec == std::errc{} && result.ptr == text.data() + text.size()) return sessions;
  }
  throw std::invalid_argument(
      fmt::format("'{}' is no option of the simulator; use sim or sim?sessions=N", text));
}

}  // namespace

std::unique_ptr<Feed> make_feed(const FeedRequest& request, const TradingCalendar& calendar) {
  constexpr std::string_view kReplay = "replay:";
  constexpr std::string_view kSim = "sim";
  if (request.spec.starts_with(kReplay)) {
    ReplayOptions options = parse_replay_options(request.spec.substr(kReplay.size()));
    options.on_bad_row = request.on_bad_row;
    options.instruments = request.instruments;
    return std::make_unique<ReplayFeed>(std::move(options), calendar);
  }
  const std::string_view name = request.spec.substr(0, request.spec.find('?'));
  if (name == kSim) {
    SimOptions options{request.seed, request.sim_date, 0};
    if (name.size() < request.spec.size()) {
      options.sessions = parse_sessions(request.spec.substr(name.size() + 1));
    }
    return std::make_unique<SimFeed>(options, calendar);
  }
  throw std::invalid_argument(
      fmt::format("there is no feed '{}'; use sim or replay:PATH", request.spec));
}

}  // namespace tapedeck::market
