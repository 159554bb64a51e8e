#include "tapedeck/remote.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "remote/remote_url.hpp"
#include "remote/sender.hpp"

namespace tapedeck {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSmallestSpool = std::uint64_t{64} << 10;
constexpr std::size_t kSmallestBatch = std::size_t{1} << 10;
constexpr std::size_t kLargestBatch = std::size_t{16} << 20;  // a server's default limit of a body
constexpr std::size_t kMostBatchEvents = 100'000;             // and of a batch
constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours(24);

std::filesystem::path default_spool_folder() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') {
    return std::filesystem::path(state) / "tapedeck" / "spool";
  }
  const char* const home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') {
    throw std::invalid_argument(
        "there is neither XDG_STATE_HOME nor HOME to keep a spool in; set spool_folder, or "
        "spool_bytes to 0 to keep none");
  }
  return std::filesystem::path(home) / ".local" / "state" / "tapedeck" / "spool";
}

void require(bool holds, const std::string& sentence) {
  if (!holds) throw std::invalid_argument(sentence);
}

void check_time(const char* name, std::chrono::milliseconds time, std::chrono::milliseconds least) {
  require(time >= least && time <= kLongestTime,
          fmt::format("{} must be {} ms to a day, not {} ms", name, least.count(), time.count()));
}

RemoteOptions checked(RemoteOptions options) {
  require(std::all_of(options.api_key.begin(), options.api_key.end(),
                      [](char c) { return c > ' ' && c < 127; }),
          "the api key must be visible ASCII characters without spaces");
  require(options.spool_bytes == 0 || options.spool_bytes >= kSmallestSpool,
          fmt::format("spool_bytes must be 0 (no spool) or at least {}, not {}", kSmallestSpool,
                      options.spool_bytes));
  require(options.batch_bytes >= kSmallestBatch && options.batch_bytes <= kLargestBatch,
          fmt::format("batch_bytes must be {} to {}, not {}", kSmallestBatch, kLargestBatch,
                      options.batch_bytes));
  require(
      options.batch_events >= 1 && options.batch_events <= kMostBatchEvents,
      fmt::format("batch_events must be 1 to {}, not {}", kMostBatchEvents, options.batch_events));
  check_time("linger", options.linger, 0ms);
  check_time("connect_timeout", options.connect_timeout, 1ms);
  check_time("request_timeout", options.request_timeout, 1ms);
  check_time("backoff_min", options.backoff_min, 1ms);
  check_time("backoff_max", options.backoff_max, options.backoff_min);
  check_time("close_timeout", options.close_timeout, 0ms);
  require(options.ca_file.empty() || ::access(options.ca_file.c_str(), R_OK) == 0,
          fmt::format("the certificates in {} cannot be read", options.ca_file.string()));
  if (options.spool_bytes > 0 && options.spool_folder.empty()) {
    options.spool_folder = default_spool_folder();
  }
  return options;
}

}  // namespace

struct RemotePublisher::Impl {
  Impl(TelemetryBus& bus, RemoteOptions options)
      : close_timeout(options.close_timeout),
        sender(bus, checked(options), remote::parse_remote_url(options.url)) {}

  bool is_here() const noexcept { return ::getpid() == process; }

  const pid_t process = ::getpid();
  const std::chrono::milliseconds close_timeout;
  remote::Sender sender;
};

RemotePublisher::RemotePublisher(TelemetryBus& bus, RemoteOptions options)
    : impl_(std::make_unique<Impl>(bus, std::move(options))) {}

RemotePublisher::~RemotePublisher() {
  if (!impl_->is_here()) {
    // The thread is the parent's, and it may have held any lock at the fork.
    static_cast<void>(impl_.release());
    return;
  }
  impl_->sender.close(impl_->sender.is_away() ? 0ms : impl_->close_timeout);
}

bool RemotePublisher::flush(std::chrono::milliseconds timeout) {
  return impl_->is_here() && impl_->sender.flush(timeout);
}

bool RemotePublisher::close(std::chrono::milliseconds timeout) {
  return impl_->is_here() && impl_->sender.close(timeout);
}

RemoteStats RemotePublisher::stats() const {
  return impl_->is_here() ? impl_->sender.stats() : RemoteStats{};
}

}  // namespace tapedeck
