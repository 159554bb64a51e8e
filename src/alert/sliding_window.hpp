// What a rule remembers of the last so-and-so long: the moments of the newest matches, or figures
// about their values. Moments are ns on one clock that does not go back; values may come a little
// out of order. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "alert/rule.hpp"
#include "query/quantile_sketch.hpp"

namespace tapedeck::alert {

inline constexpr std::int64_t kNever = INT64_MAX;

/// The moments of the newest N: exact. 8 bytes each, as many as have come.
class RecentTimes {
 public:
  explicit RecentTimes(std::size_t most) : most_(most) {}

  void add(std::int64_t at);
  /// The oldest of N in the window; kNever while there are fewer than N.
  std::int64_t nth_newest() const noexcept { return size() < most_ ? kNever : times_[first_]; }
  std::int64_t newest() const noexcept { return times_.empty() ? INT64_MIN : times_.back(); }
  /// How many, of N at most, came after `after`.
  std::size_t count_after(std::int64_t after) const noexcept;

 private:
  std::size_t size() const noexcept { return times_.size() - first_; }

  std::size_t most_;
  std::vector<std::int64_t> times_;  // in order, from first_ on
  std::size_t first_ = 0;
};

/// Count, sum, extremes and quantiles of values over a window that moves on in steps of its
/// kSlices-th part: what is older than the window by less than one step may still count.
/// An addition costs some ns, with quantiles some 50; memory is some KB, with quantiles more.
class SlidingAggregate {
 public:
  static constexpr std::int64_t kSlices = 60;

  /// @param window at least kSlices ns
  SlidingAggregate(Aggregate aggregate, Duration window);

  void add(std::int64_t at, double value);
  /// Nothing where there are no values to tell of; a count is 0 then.
  std::optional<double> value_at(std::int64_t at);
  std::uint64_t count_at(std::int64_t at);
  /// When figures change next without another value; kNever when there are none.
  std::int64_t next_change(std::int64_t at);

 private:
  struct Figures {
    std::uint64_t count = 0;
    double sum = 0;
    double min = 0;
    double max = 0;
    QuantileSketch sketch;

    void add(double value, bool with_sketch);
    void merge(const Figures& other, bool with_sketch);
  };
  struct Slice {
    std::int64_t number = -1;  ///< of the slice since the clock's beginning
    Figures figures;
  };

  bool is_quantile() const noexcept {
    return aggregate_ >= Aggregate::p50 && aggregate_ <= Aggregate::p99;
  }
  void move_to(std::int64_t at);
  Slice& slice_of(std::int64_t number);

  const Aggregate aggregate_;
  const double window_seconds_;
  const std::int64_t step_;
  std::vector<Slice> slices_;        // by number modulo their count
  std::int64_t newest_ = INT64_MIN;  // slice number that `total_` is of
  Figures total_;
};

}  // namespace tapedeck::alert
