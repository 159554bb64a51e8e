// LatencyHistogram: how long something took, in fixed buckets that suit microseconds and minutes
// alike, so that the histograms of several threads can be added up.
//
// Thread contract: one thread observes, any thread reads. No lock, no allocation, 200 bytes; an
// observation costs a search among 22 numbers: under 10 ns.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/counter.hpp"

namespace tapedeck {

class LatencyHistogram {
 public:
  /// Upper bounds of the buckets, in ns: 1, 2.5, 5 of each power of ten from 1 us to 10 s. One
  /// more bucket takes what is longer.
  static constexpr std::array<std::int64_t, 22> kBounds_ns = {
      1'000,         2'500,         5'000,         10'000,        25'000,      50'000,
      100'000,       250'000,       500'000,       1'000'000,     2'500'000,   5'000'000,
      10'000'000,    25'000'000,    50'000'000,    100'000'000,   250'000'000, 500'000'000,
      1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

  /// What was observed until then. Buckets are not cumulative; the last is the one beyond.
  struct Snapshot {
    std::array<std::uint64_t, kBounds_ns.size() + 1> counts{};
    std::uint64_t sum_ns = 0;

    std::uint64_t count() const noexcept {
      std::uint64_t total = 0;
      for (const std::uint64_t n : counts) total += n;
      return total;
    }
    void add(const Snapshot& other) noexcept {
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
      sum_ns += other.sum_ns;
    }
  };

  /// @param ns how long it took; less than 0 (a clock that was set back) counts as 0.
  /// @param weight how many like it this one stands for.
  void observe(std::int64_t ns, std::uint64_t weight = 1) noexcept {
    ns = std::max<std::int64_t>(ns, 0);
    const auto bucket = std::lower_bound(kBounds_ns.begin(), kBounds_ns.end(), ns);
    counts_[static_cast<std::size_t>(bucket - kBounds_ns.begin())].add(weight);
    sum_ns_.add(static_cast<std::uint64_t>(ns) * weight);
  }

  Snapshot snapshot() const noexcept {
    Snapshot out;
    for (std::size_t i = 0; i < counts_.size(); ++i) out.counts[i] = counts_[i].get();
    out.sum_ns = sum_ns_.get();
    return out;
  }

 private:
  std::array<Counter, kBounds_ns.size() + 1> counts_;
  Counter sum_ns_;
};

}  // namespace tapedeck
