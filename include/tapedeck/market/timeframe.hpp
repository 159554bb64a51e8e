// How long a candle is: 1m, 3m, 5m, 10m, 15m, 30m, 60m or 1d. A value type, any thread.
// A 1d candle covers the continuous trading of a date, from the first part's start to the last
// part's end, so it never crosses midnight.
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string_view>

namespace tapedeck::market {

class Timeframe {
 public:
  /// One minute.
  constexpr Timeframe() noexcept = default;
  /// Reads `5m`; nothing when that is not a supported timeframe.
  static std::optional<Timeframe> parse(std::string_view text);
  /// Nothing when there is no timeframe of that many minutes.
  static std::optional<Timeframe> of_minutes(std::int64_t minutes);

  /// Nothing is longer: the one candle of a date.
  constexpr bool is_day() const noexcept { return minutes_ == 24 * 60; }
  /// Whether whole candles of `shorter` make up one of these.
  constexpr bool is_made_of(Timeframe shorter) const noexcept {
    return minutes_ > shorter.minutes_ && minutes_ % shorter.minutes_ == 0;
  }

  /// `5m`
  std::string_view name() const noexcept;
  constexpr int minutes() const noexcept { return minutes_; }
  constexpr std::chrono::nanoseconds length() const noexcept {
    return std::chrono::minutes{minutes_};
  }
  constexpr auto operator<=>(const Timeframe&) const noexcept = default;

  /// What parse() accepts, for messages.
  static constexpr std::string_view kSupported = "1m, 3m, 5m, 10m, 15m, 30m, 60m, 1d";

 private:
  constexpr explicit Timeframe(int minutes) noexcept : minutes_(minutes) {}

  int minutes_ = 1;
};

}  // namespace tapedeck::market
