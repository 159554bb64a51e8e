#include "server/playback.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck {
namespace {

constexpr double kLongestWaitNs = 1e18;  // thirty years; beyond, clocks run over

}  // namespace

std::chrono::nanoseconds Pacing::due(std::int64_t timestamp_ns) {
  if (!begun_) reached_ns_ = timestamp_ns;
  begun_ = true;
  // As doubles: the difference of two times of which one is nonsense need not fit an integer.
  double step = static_cast<double>(timestamp_ns) - static_cast<double>(reached_ns_);
  if (step > 0) {
    if (step > static_cast<double>(kLongPauseNs)) {
      if (!keep_pauses_) step = static_cast<double>(kShortPauseNs);
    } else {
      step = static_cast<double>(timestamp_ns - reached_ns_);  // to the nanosecond
    }
    played_ns_ += step;
    reached_ns_ = timestamp_ns;
  } else if (step < -static_cast<double>(kLongPauseNs)) {
    reached_ns_ = timestamp_ns;
  }
  if (speed_ == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(std::min(played_ns_ / speed_, kLongestWaitNs)));
}

void Playback::take(PastSlice&& slice) {
  slice_ = std::move(slice);
  at_ = 0;
  due_is_known_ = false;
}

void Playback::find_due(Clock::time_point now) {
  if (due_is_known_) return;
  if (!begun_) begin_ = now;
  begun_ = true;
  due_ = begin_ + pacing_.due(slice_.events[at_].timestamp_ns);
  due_is_known_ = true;
}

std::size_t Playback::append_due(Clock::time_point now, std::string& out) {
  const std::size_t first = at_;
  for (; !empty(); ++at_, due_is_known_ = false) {
    find_due(now);
    if (due_ > now) break;
  }
  const std::size_t from = first == 0 ? 0 : slice_.events[first - 1].end;
  const std::size_t to = at_ == 0 ? 0 : slice_.events[at_ - 1].end;
  out.append(slice_.bytes, from, to - from);
  return at_ - first;
}

}  // namespace tapedeck
