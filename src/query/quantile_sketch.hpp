// QuantileSketch: quantiles of a stream of numbers in a few hundred bytes, with a relative error of
// at most 1 %: DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch
// with relative-error guarantees", VLDB 2019). A number falls into a bin of its logarithm; bins
// hold counts. Merging is exact: the result is the sketch of all numbers, in whatever order they
// came.
//
// Bins are bounded: at most kMaxBins for each sign. Beyond that those nearest to zero are joined
// into one (the paper's "collapse lowest"), which takes numbers spread over nine decades; a
// quantile that falls into the joined bin says that it is outside of the error.
//
// A value; not thread-safe. About 20 ns for a number, most of it the logarithm; 16 bytes a bin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tapedeck {

class QuantileSketch {
 public:
  static constexpr double kRelativeError = 0.01;
  static constexpr std::size_t kMaxBins = 1024;
  /// More numbers than this are taken for damage when a sketch is decoded.
  static constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 48;

  /// The bin a number falls into, for a number that goes into many sketches.
  /// @param value finite
  static std::int32_t key_of(double value) noexcept;

  /// @param value finite
  void add(double value) { add_key(key_of(value)); }
  void add_key(std::int32_t key) {
    const std::size_t at = place_of(key);
    if (at < bins_.size() && bins_[at].key == key) [[likely]] {
      ++bins_[at].count;
      ++count_;
    } else {
      add_bin(at, key);
    }
  }
  void merge(const QuantileSketch& other);

  std::uint64_t count() const noexcept { return count_; }
  std::size_t bins() const noexcept { return bins_.size(); }
  bool operator==(const QuantileSketch&) const = default;

  struct Estimate {
    double value;
    bool within_error;  ///< false: nearer to zero than the bins reach; |value| is an upper bound
  };
  /// The number of rank floor(q * (count - 1)) among all in order; nothing when there are none.
  /// @param q 0 to 1
  std::optional<Estimate> quantile(double q) const;

  /// Appends the sketch's bytes: flags, bins; see the source for the format.
  void encode(std::string& out) const;
  /// Error code: corrupt_aggregate.
  static Result<QuantileSketch> decode(std::string_view bytes);

 private:
  // Ordered as the numbers are: negative keys for negative numbers, 0 for zero.
  struct Bin {
    std::int32_t key;
    std::uint64_t count;
    bool operator==(const Bin&) const = default;
  };

  /// Where the key's bin is or belongs. A binary search without branches: which way it goes cannot
  /// be foreseen, and this is what adding a number to a sketch costs.
  std::size_t place_of(std::int32_t key) const noexcept {
    const Bin* at = bins_.data();
    std::size_t left = bins_.size();
    if (left == 0) return 0;
    while (left > 1) {
      const std::size_t half = left / 2;
      at += at[half - 1].key < key ? half : 0;
      left -= half;
    }
    return static_cast<std::size_t>(at - bins_.data()) + (at->key < key ? 1 : 0);
  }
  void add_bin(std::size_t at, std::int32_t key);
  void insert(std::size_t at, const Bin& bin);
  void collapse();
  std::size_t first_positive() const noexcept;

  std::vector<Bin> bins_;
  std::uint64_t count_ = 0;
  bool collapsed_positive_ = false;
  bool collapsed_negative_ = false;
};

}  // namespace tapedeck
