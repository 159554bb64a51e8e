#include "query/quantile_sketch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/byte_coding.hpp"

namespace tapedeck {
namespace {

// gamma of the paper: bin i holds numbers in (gamma^(i-1), gamma^i].
constexpr double kGamma =
    (1 + QuantileSketch::kRelativeError) / (1 - QuantileSketch::kRelativeError);
const double kLogGamma = std::log(kGamma);
/// Makes every bin's number positive: the smallest double's is -37 221, the largest's 35 488.
constexpr std::int32_t kOffset = 40'000;
constexpr std::int32_t kMaxKey = 80'000;

/// The number that is within the relative error of all numbers of a bin: 2 gamma^i / (gamma + 1).
double value_of(std::int32_t key) {
  if (key == 0) return 0;
  const double exponent = (std::abs(key) - kOffset) * kLogGamma + std::log(2 / (kGamma + 1));
  const double size = std::min(std::exp(exponent), std::numeric_limits<double>::max());
  return key < 0 ? -size : size;
}

}  // namespace

std::int32_t QuantileSketch::key_of(double value) noexcept {
  if (value == 0) return 0;
  const auto bin = static_cast<std::int32_t>(std::ceil(std::log(std::abs(value)) / kLogGamma));
  return value < 0 ? -(bin + kOffset) : bin + kOffset;
}

void QuantileSketch::insert(std::size_t at, const Bin& bin) {
  bins_.insert(bins_.begin() + static_cast<std::ptrdiff_t>(at), bin);
}

void QuantileSketch::add_bin(std::size_t at, std::int32_t key) {
  insert(at, {key, 1});
  ++count_;
  if (bins_.size() > kMaxBins) collapse();
}

void QuantileSketch::merge(const QuantileSketch& other) {
  for (const Bin& bin : other.bins_) {
    const std::size_t at = place_of(bin.key);
    if (at < bins_.size() && bins_[at].key == bin.key) {
      bins_[at].count += bin.count;
    } else {
      insert(at, bin);
    }
  }
  count_ += other.count_;
  collapsed_positive_ |= other.collapsed_positive_;
  collapsed_negative_ |= other.collapsed_negative_;
  if (bins_.size() > kMaxBins) collapse();
}

std::size_t QuantileSketch::first_positive() const noexcept {
  const auto at = std::upper_bound(bins_.begin(), bins_.end(), 0,
                                   [](std::int32_t k, const Bin& bin) { return k < bin.key; });
  return static_cast<std::size_t>(at - bins_.begin());
}

// Keeping the kMaxBins - 1 outermost bins and joining the rest into the next gives the same bins in
// whatever order numbers and merges come, because a bin that was joined can never be among the
// outermost again.
void QuantileSketch::collapse() {
  const std::size_t positive = first_positive();
  if (bins_.size() - positive > kMaxBins) {
    const std::size_t kept = bins_.size() - kMaxBins;
    for (std::size_t i = positive; i < kept; ++i) bins_[kept].count += bins_[i].count;
    bins_.erase(bins_.begin() + static_cast<std::ptrdiff_t>(positive),
                bins_.begin() + static_cast<std::ptrdiff_t>(kept));
    collapsed_positive_ = true;
  }
  const bool has_zero = positive > 0 && bins_[positive - 1].key == 0;
  const std::size_t negative = positive - (has_zero ? 1 : 0);  // how many
  if (negative > kMaxBins) {
    for (std::size_t i = kMaxBins; i < negative; ++i) bins_[kMaxBins - 1].count += bins_[i].count;
    bins_.erase(bins_.begin() + kMaxBins, bins_.begin() + static_cast<std::ptrdiff_t>(negative));
    collapsed_negative_ = true;
  }
}

std::optional<QuantileSketch::Estimate> QuantileSketch::quantile(double q) const {
  if (count_ == 0) return std::nullopt;
  const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1));
  std::uint64_t seen = 0;
  std::size_t at = 0;
  while (at + 1 < bins_.size() && seen + bins_[at].count <= rank) seen += bins_[at++].count;
  const std::size_t positive = first_positive();
  const std::int32_t key = bins_[at].key;
  const bool joined =
      (collapsed_positive_ && at == positive) ||
      (collapsed_negative_ && key < 0 && (at + 1 == bins_.size() || bins_[at + 1].key >= 0));
  return Estimate{value_of(key), !joined};
}

// flags (1: positive bins were joined, 2: negative ones), number of bins, then for each bin its key
// (the first zigzag, then the distance to the one before) and its count; all varints.
void QuantileSketch::encode(std::string& out) const {
  append_varint(out, (collapsed_positive_ ? 1U : 0U) | (collapsed_negative_ ? 2U : 0U));
  append_varint(out, bins_.size());
  std::int32_t before = 0;
  for (const Bin& bin : bins_) {
    const bool first = &bin == bins_.data();
    append_varint(out, first ? zigzag(bin.key) : static_cast<std::uint64_t>(bin.key - before));
    append_varint(out, bin.count);
    before = bin.key;
  }
}

Result<QuantileSketch> QuantileSketch::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  QuantileSketch sketch;
  const std::uint64_t flags = reader.varint(3);
  sketch.collapsed_positive_ = (flags & 1) != 0;
  sketch.collapsed_negative_ = (flags & 2) != 0;
  const std::uint64_t count = reader.varint(std::min(2 * kMaxBins + 1, bytes.size() / 2));
  sketch.bins_.reserve(static_cast<std::size_t>(count));
  std::int64_t key = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t step = i == 0 ? unzigzag(reader.varint(4 * kMaxKey))
                                     : static_cast<std::int64_t>(reader.varint(4 * kMaxKey));
    key += step;
    const std::uint64_t weight = reader.varint(kMaxCount);
    if (reader.failed() || weight == 0 || (i > 0 && step == 0) || std::abs(key) > kMaxKey) {
      reader.fail();
      break;
    }
    sketch.bins_.push_back({static_cast<std::int32_t>(key), weight});
    sketch.count_ += weight;
  }
  const std::size_t bins = sketch.bins_.size();
  sketch.collapse();
  if (reader.failed() || reader.left() != 0 || sketch.count_ > kMaxCount ||
      sketch.bins_.size() != bins) {
    return Error{"corrupt_aggregate", "A stored quantile sketch is damaged.", ""};
  }
  return sketch;
}

}  // namespace tapedeck
