// From the volume traded on a date so far to what each tick traded. The first value of a date is
// the base. A fall is a tick delivered late or a source that started again: it is counted, and
// nothing counts until the highest value so far is passed, so that no trade counts twice.
// Used by feeds and the engine alike; a few words a symbol, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::market {

class DayVolume {
 public:
  /// @param cumulative of the date of `at`
  /// @param most what one tick may trade
  /// @return what was traded since the tick before; nothing when the value cannot be (negative, or
  ///   a rise beyond `most`): it is forgotten
  std::optional<std::int64_t> traded(Timestamp at, std::int64_t cumulative,
                                     std::int64_t most) noexcept {
    if (cumulative < 0 || cumulative > kMostOfADay) return std::nullopt;
    if (at < day_start_) {  // of a date that is over
      ++falls_;
      return 0;
    }
    if (at >= day_end_) {
      day_start_ = ist_moment(ist_date(at), std::chrono::nanoseconds{0});
      day_end_ = day_start_ + std::chrono::hours{24};
      last_ = highest_ = cumulative;
      return 0;
    }
    if (cumulative - highest_ > most) return std::nullopt;
    if (cumulative < std::exchange(last_, cumulative)) ++falls_;
    if (cumulative <= highest_) return 0;
    return cumulative - std::exchange(highest_, cumulative);
  }
  std::uint64_t falls() const noexcept { return falls_; }

 private:
  static constexpr std::int64_t kMostOfADay = 1'000'000'000'000'000;

  Timestamp day_start_{};
  Timestamp day_end_{};
  std::int64_t last_ = 0;
  std::int64_t highest_ = 0;
  std::uint64_t falls_ = 0;
};

}  // namespace tapedeck::market
