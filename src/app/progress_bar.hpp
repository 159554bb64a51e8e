// The progress of long work on a terminal: one line that is written again and again.
// progress_line() is a pure function; a ProgressBar belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tapedeck/time.hpp"

namespace tapedeck::app {

struct Progress {
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  std::optional<Timestamp> since;    ///< where the work begins
  std::optional<Timestamp> until;    ///< where it ends
  std::optional<Timestamp> reached;  ///< how far it has come
};

/// How much of since..until has been reached, 0 to 1; nothing when one of them is not known.
std::optional<double> share_done(const Progress& progress);

/// `[=====>    ]  52 %  12,345 events  3.4 MB  56,789 events/s  2025-11-18 11:20:03 IST`; without a
/// share there is no bar.
/// @param width columns to which the line is cut; 0: everything
std::string progress_line(const Progress& progress, std::chrono::nanoseconds elapsed,
                          std::size_t width);

class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param shown without it nothing is ever written
  explicit ProgressBar(bool shown) : shown_(shown), begun_(Clock::now()), next_(begun_ + kPause) {}
  /// Takes the line away.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Whether it is time to write the line again; what show() needs is then worth finding out.
  bool is_due() const { return shown_ && Clock::now() >= next_; }
  void show(const Progress& progress);

 private:
  static constexpr std::chrono::milliseconds kPause{100};

  const bool shown_;
  const Clock::time_point begun_;
  Clock::time_point next_;
  bool drawn_ = false;
};

}  // namespace tapedeck::app
