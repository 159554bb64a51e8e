// What the benchmarks share: cycle counter stamps, percentiles, tables, JSON, and the same event
// with run-time strings for every contestant.
#pragma once

#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tapedeck::bench {

inline std::uint64_t stamp() {
  unsigned processor = 0;
  return __rdtscp(&processor);
}

inline double measure_ns_per_tick() {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const std::uint64_t ticks = stamp();
  while (Clock::now() - begin < std::chrono::milliseconds(50)) {
  }
  const double ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  return ns / static_cast<double>(stamp() - ticks);
}
inline double ns_per_tick() {
  static const double value = measure_ns_per_tick();
  return value;
}

/// Measured durations; touched before they are used, so that no page fault is measured.
class Samples {
 public:
  explicit Samples(std::size_t capacity) : ticks_(capacity, 1) { ticks_.clear(); }
  void add(std::uint64_t ticks) { ticks_.push_back(ticks); }
  /// Nanoseconds at a quantile, less `harness_ns`.
  double at(double quantile, double harness_ns = 0) {
    if (ticks_.empty()) return 0;
    const auto n = static_cast<std::size_t>(quantile * static_cast<double>(ticks_.size() - 1));
    std::nth_element(ticks_.begin(), ticks_.begin() + static_cast<std::ptrdiff_t>(n), ticks_.end());
    return std::max(0.0, static_cast<double>(ticks_[n]) * ns_per_tick() - harness_ns);
  }

 private:
  std::vector<std::uint64_t> ticks_;
};

/// The median cost of two stamps with nothing between them.
inline double harness_ns() {
  Samples samples(100'000);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t begin = stamp();
    samples.add(stamp() - begin);
  }
  return samples.at(0.5);
}

/// Six fields whose text the compiler cannot know.
struct Input {
  std::string symbol, strategy_name, signal, reason, timeframe;
  double confidence = 0;
};
inline const std::vector<Input>& inputs() {
  static const std::vector<Input> all = [] {
    const char* names[] = {"NIFTY", "BANKNIFTY", "RELIANCE", "SBIN", "M&M", "TATAMOTORS"};
    const char* signals[] = {"BUY", "SELL", "EXIT", "HOLD"};
    std::vector<Input> out;
    for (unsigned i = 0; i < 1024; ++i) {
      out.push_back({names[i % 6], i % 2 == 0 ? "momentum" : "mean_reversion", signals[i % 4],
                     "RSI oversold + EMA crossover", i % 3 == 0 ? "15m" : "5m",
                     static_cast<double>(i * 7919 % 10'000) / 10'000});
    }
    return out;
  }();
  return all;
}
inline const Input& input(std::size_t i) {
  return inputs()[i % 1024];
}

/// The event as a fixed-size struct, as a queue of structs wants it.
struct FixedEvent {
  std::uint64_t ticks = 0;
  double confidence = 0;
  char symbol[32], strategy_name[32], signal[16], reason[128], timeframe[32];
};
static_assert(sizeof(FixedEvent) == 256);

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::copy_n(from.data(), n, to);
  to[n] = '\0';
}
inline void fill(FixedEvent& event, const Input& from, std::uint64_t ticks) {
  event.ticks = ticks;
  event.confidence = from.confidence;
  copy_text(event.symbol, from.symbol);
  copy_text(event.strategy_name, from.strategy_name);
  copy_text(event.signal, from.signal);
  copy_text(event.reason, from.reason);
  copy_text(event.timeframe, from.timeframe);
}

/// A table on standard output; with --json FILE the same figures there.
class Report {
 public:
  Report(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      if (std::string_view(argv[i]) == "--json" && i + 1 < argc) {
        json_path_ = argv[++i];
      } else {
        std::fprintf(stderr, "usage: %s [--json FILE]\n", argv[0]);
        std::exit(2);
      }
    }
  }
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;
  ~Report() {
    if (!json_path_.empty()) std::ofstream(json_path_) << "[" << json_ << "\n]\n";
  }

  void begin(const std::string& title, const std::vector<std::string>& columns) {
    title_ = title;
    columns_ = columns;
    first_row_.clear();
    std::printf("\n%s\n%-34s", title.c_str(), "");
    for (const auto& column : columns) std::printf("%14s", column.c_str());
    std::printf("\n");
  }
  /// The first row is ours; behind each later figure comes its ratio to ours.
  void row(const std::string& name, const std::vector<double>& figures) {
    std::printf("%-34s", name.c_str());
    json_ += json_.empty() ? "\n" : ",\n";
    json_ += R"( {"table":")" + title_ + R"(","row":")" + name + "\"";
    for (std::size_t i = 0; i < figures.size(); ++i) {
      char cell[48], ratio[24] = "";
      if (!first_row_.empty() && first_row_[i] > 0) {
        std::snprintf(ratio, sizeof ratio, " x%.1f", figures[i] / first_row_[i]);
      }
      std::snprintf(cell, sizeof cell, "%.*f%s", figures[i] < 100 ? 1 : 0, figures[i], ratio);
      std::printf("%14s", cell);
      std::snprintf(cell, sizeof cell, "%.3f", figures[i]);
      json_ += ",\"" + columns_[i] + "\":" + cell;
    }
    json_ += "}";
    std::printf("\n");
    std::fflush(stdout);
    if (first_row_.empty()) first_row_ = figures;
  }

 private:
  std::string json_path_, json_, title_;
  std::vector<std::string> columns_;
  std::vector<double> first_row_;
};

}  // namespace tapedeck::bench
