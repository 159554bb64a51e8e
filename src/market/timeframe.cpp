#include "tapedeck/market/timeframe.hpp"

#include <array>
#include <utility>

namespace tapedeck::market {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 8> kTimeframes{{{1, "1m"},
                                                                       {3, "3m"},
                                                                       {5, "5m"},
                                                                       {10, "10m"},
                                                                       {15, "15m"},
                                                                       {30, "30m"},
                                                                       {60, "60m"},
                                                                       {1440, "1d"}}};

}  // namespace

std::optional<Timeframe> Timeframe::parse(std::string_view text) {
  for (const auto& [minutes, name] : kTimeframes) {
    if (text == name) return Timeframe(minutes);
  }
  return std::nullopt;
}

std::optional<Timeframe> Timeframe::of_minutes(std::int64_t minutes) {
  for (const auto& [supported, name] : kTimeframes) {
    if (supported == minutes) return Timeframe(supported);
  }
  return std::nullopt;
}

std::string_view Timeframe::name() const noexcept {
  for (const auto& [minutes, name] : kTimeframes) {
    if (minutes == minutes_) return name;
  }
  return "?";
}

}  // namespace tapedeck::market
