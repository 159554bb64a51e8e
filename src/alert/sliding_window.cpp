#include "alert/sliding_window.hpp"

#include <algorithm>
#include <chrono>

namespace tapedeck::alert {

void RecentTimes::add(std::int64_t at) {
  if (times_.empty() || at >= times_.back()) {
    times_.push_back(at);
  } else {
    times_.insert(
        std::upper_bound(times_.begin() + static_cast<std::ptrdiff_t>(first_), times_.end(), at),
        at);
  }
  if (size() > most_) ++first_;
  if (first_ > most_) {  // now and then, so that it costs next to nothing
    times_.erase(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

std::size_t RecentTimes::count_after(std::int64_t after) const noexcept {
  const auto begin = times_.begin() + static_cast<std::ptrdiff_t>(first_);
  return static_cast<std::size_t>(times_.end() - std::upper_bound(begin, times_.end(), after));
}

void SlidingAggregate::Figures::add(double value, bool with_sketch) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  ++count;
  sum += value;
  if (with_sketch) sketch.add(value);
}

void SlidingAggregate::Figures::merge(const Figures& other, bool with_sketch) {
  if (other.count == 0) return;
  min = count == 0 ? other.min : std::min(min, other.min);
  max = count == 0 ? other.max : std::max(max, other.max);
  count += other.count;
  sum += other.sum;
  if (with_sketch) sketch.merge(other.sketch);
}

SlidingAggregate::SlidingAggregate(Aggregate aggregate, Duration window)
    : aggregate_(aggregate),
      window_seconds_(std::chrono::duration<double>(window).count()),
      step_(std::max<std::int64_t>(window.count() / kSlices, 1)),
      slices_(kSlices + 1) {}  // the newest is not full yet

SlidingAggregate::Slice& SlidingAggregate::slice_of(std::int64_t number) {
  return slices_[static_cast<std::size_t>(number % static_cast<std::int64_t>(slices_.size()))];
}

void SlidingAggregate::move_to(std::int64_t at) {
  const std::int64_t number = at / step_;
  if (number <= newest_) return;
  newest_ = number;
  total_ = {};
  for (const Slice& slice : slices_) {
    if (slice.number >= number - kSlices) total_.merge(slice.figures, is_quantile());
  }
}

void SlidingAggregate::add(std::int64_t at, double value) {
  move_to(at);
  const std::int64_t number = at / step_;
  if (number < newest_ - kSlices) return;  // older than the window
  Slice& slice = slice_of(number);
  if (slice.number != number) slice = {number, {}};
  slice.figures.add(value, is_quantile());
  total_.add(value, is_quantile());
}

std::uint64_t SlidingAggregate::count_at(std::int64_t at) {
  move_to(at);
  return total_.count;
}

std::optional<double> SlidingAggregate::value_at(std::int64_t at) {
  move_to(at);
  const auto count = static_cast<double>(total_.count);
  if (aggregate_ == Aggregate::count) return count;
  if (aggregate_ == Aggregate::rate) return count / window_seconds_;
  if (total_.count == 0) return std::nullopt;
  const auto quantile = [this](double q) { return total_.sketch.quantile(q)->value; };
  switch (aggregate_) {
    case Aggregate::sum:
      return total_.sum;
    case Aggregate::avg:
      return total_.sum / count;
    case Aggregate::min:
      return total_.min;
    case Aggregate::max:
      return total_.max;
    case Aggregate::p50:
      return quantile(0.50);
    case Aggregate::p90:
      return quantile(0.90);
    default:
      return quantile(0.99);
  }
}

std::int64_t SlidingAggregate::next_change(std::int64_t at) {
  move_to(at);
  return total_.count == 0 ? kNever : (at / step_ + 1) * step_;
}

}  // namespace tapedeck::alert
