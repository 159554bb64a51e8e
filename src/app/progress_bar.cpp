#include "app/progress_bar.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "app/terminal_text.hpp"
#include "app/time_words.hpp"

namespace tapedeck::app {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr const char* kClearLine = "\r\x1b[K";

std::size_t columns_of_stderr() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(share * kBarWidth);
  std::string out(full, '=');
  if (full < kBarWidth) out += '>';
  out.resize(kBarWidth, ' ');
  return "[" + out + "]";
}

}  // namespace

std::optional<double> share_done(const Progress& progress) {
  if (!progress.since || !progress.until || !progress.reached) return std::nullopt;
  // As doubles: the difference of two extreme moments need not fit an integer.
  const double begin = static_cast<double>(to_ns(*progress.since));
  const double whole = static_cast<double>(to_ns(*progress.until)) - begin;
  if (whole <= 0) return std::nullopt;
  const double done = static_cast<double>(to_ns(*progress.reached)) - begin;
  return std::clamp(done / whole, 0.0, 1.0);
}

std::string progress_line(const Progress& progress, std::chrono::nanoseconds elapsed,
                          std::size_t width) {
  std::string out;
  if (const auto share = share_done(progress)) {
    out = fmt::format("{} {:3.0f} %  ", bar(*share), std::floor(*share * 100));
  }
  out += fmt::format("{} events  {}", with_commas(progress.events),
                     bytes_text(static_cast<double>(progress.bytes)));
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds > 0) {
    const double rate = static_cast<double>(progress.events) / seconds;
    out += fmt::format("  {} events/s", with_commas(static_cast<std::uint64_t>(rate)));
  }
  if (progress.reached) out += fmt::format("  {} IST", ist_date_and_time(*progress.reached));
  return width > 0 ? shortened(std::move(out), width) : out;
}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "{}", kClearLine);
}

void ProgressBar::show(const Progress& progress) {
  if (!shown_) return;
  const auto now = Clock::now();
  next_ = now + kPause;
  drawn_ = true;
  // One column less: a terminal whose last column is written may begin another line.
  const std::size_t columns = columns_of_stderr();
  const std::string line = progress_line(progress, now - begun_, columns > 1 ? columns - 1 : 0);
  fmt::print(stderr, "{}{}", kClearLine, line);
  std::fflush(stderr);
}

}  // namespace tapedeck::app
