#include "query/quantile_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

namespace tapedeck {
namespace {

using Numbers = std::vector<double>;
using Random = std::mt19937_64;

Numbers draw(std::size_t count, const std::function<double(Random&)>& next) {
  Random random(20251118);
  Numbers out(count);
  for (double& number : out) number = next(random);
  return out;
}

QuantileSketch sketch_of(const Numbers& numbers) {
  QuantileSketch sketch;
  for (const double number : numbers) sketch.add(number);
  return sketch;
}

/// Every quantile of the sketch against the number of that rank among the sorted ones.
void expect_within_error(Numbers numbers, const std::string& name) {
  const QuantileSketch sketch = sketch_of(numbers);
  std::sort(numbers.begin(), numbers.end());
  for (const double q : {0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
    const double exact =
        numbers[static_cast<std::size_t>(q * static_cast<double>(numbers.size() - 1))];
    const auto estimate = sketch.quantile(q);
    ASSERT_TRUE(estimate.has_value());
    EXPECT_TRUE(estimate->within_error) << name << " " << q;
    // A hair more than 1 %: a number on the border of two bins may be rounded into either.
    EXPECT_LE(std::abs(estimate->value - exact),
              QuantileSketch::kRelativeError * std::abs(exact) * (1 + 1e-9))
        << name << " q=" << q;
  }
}

QuantileSketch decoded(const QuantileSketch& sketch) {
  std::string bytes;
  sketch.encode(bytes);
  auto again = QuantileSketch::decode(bytes);
  EXPECT_TRUE(again.ok());
  return again ? *again : QuantileSketch{};
}

const std::vector<std::pair<const char*, std::function<double(Random&)>>>& distributions() {
  static const std::vector<std::pair<const char*, std::function<double(Random&)>>> all = {
      {"prices", [](Random& r) { return std::uniform_real_distribution(90.0, 25'000.0)(r); }},
      {"latencies", [](Random& r) { return std::lognormal_distribution(1.0, 1.5)(r); }},
      {"profits", [](Random& r) { return std::normal_distribution(50.0, 4'000.0)(r); }},
      {"heavy tail", [](Random& r) { return 1 / (1 - std::uniform_real_distribution()(r)); }},
      {"confidences with zeros",
       [](Random& r) { return std::max(0.0, std::normal_distribution(0.3, 0.5)(r)); }},
      {"whole numbers",
       [](Random& r) { return double(std::uniform_int_distribution(-20, 20)(r)); }},
      {"one number", [](Random&) { return -19'755.05; }},
  };
  return all;
}

TEST(QuantileSketch, QuantilesAreWithinOnePercentOfTheExactOnes) {
  for (const auto& [name, next] : distributions()) {
    for (const std::size_t count : {1U, 2U, 7U, 1'000U, 50'000U}) {
      expect_within_error(draw(count, next), name);
    }
  }
}

TEST(QuantileSketch, TheLargestAndSmallestDoublesAreKept) {
  const double largest = std::numeric_limits<double>::max();
  const double smallest = std::numeric_limits<double>::min();
  expect_within_error({largest}, "largest");
  expect_within_error({-largest}, "-largest");
  expect_within_error({smallest, -smallest, 0.0, -0.0}, "smallest");
  EXPECT_TRUE(std::isfinite(sketch_of({largest}).quantile(1)->value));
  const double denormal = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(decoded(sketch_of({denormal, -denormal})), sketch_of({-denormal, denormal}));
}

TEST(QuantileSketch, AnEmptyOneHasNoQuantiles) {
  EXPECT_FALSE(QuantileSketch().quantile(0.5).has_value());
  EXPECT_EQ(decoded({}), QuantileSketch());
}

TEST(QuantileSketch, MergingIsTheSameAsAddingAllToOneWhateverTheOrder) {
  for (const auto& [name, next] : distributions()) {
    const Numbers numbers = draw(3'000, next);
    const auto part = [&](std::size_t i) {
      return sketch_of({numbers.begin() + static_cast<std::ptrdiff_t>(i * 1'000),
                        numbers.begin() + static_cast<std::ptrdiff_t>((i + 1) * 1'000)});
    };
    QuantileSketch left = part(0), right = part(1), backwards = part(2);
    left.merge(part(1));
    left.merge(part(2));
    right.merge(part(2));
    QuantileSketch first = part(0);
    first.merge(right);
    backwards.merge(part(1));
    backwards.merge(part(0));
    EXPECT_EQ(left, sketch_of(numbers)) << name;
    EXPECT_EQ(first, left) << name;
    EXPECT_EQ(backwards, left) << name;
  }
}

/// More bins than are kept, of both signs: from 1e-12 to 1e12.
Numbers wide() {
  return draw(20'000, [](Random& r) {
    const double size = std::pow(10.0, std::uniform_real_distribution(-12.0, 12.0)(r));
    return r() % 2 == 0 ? size : -size;
  });
}

TEST(QuantileSketch, BinsAreBoundedAndWhatWasJoinedSaysSo) {
  Numbers numbers = wide();
  const QuantileSketch sketch = sketch_of(numbers);
  EXPECT_EQ(sketch.bins(), 2 * QuantileSketch::kMaxBins);
  EXPECT_EQ(sketch.count(), numbers.size());
  std::sort(numbers.begin(), numbers.end());
  int joined = 0;
  for (int percent = 0; percent <= 100; ++percent) {
    const double q = percent / 100.0;
    const double exact =
        numbers[static_cast<std::size_t>(q * static_cast<double>(numbers.size() - 1))];
    const auto estimate = sketch.quantile(q);
    if (estimate->within_error) {
      EXPECT_LE(std::abs(estimate->value - exact), 0.01 * std::abs(exact) * (1 + 1e-9)) << q;
    } else {
      ++joined;
      EXPECT_LE(std::abs(exact), std::abs(estimate->value) * 1.011) << q;
      EXPECT_EQ(exact < 0, estimate->value < 0) << q;
    }
  }
  EXPECT_GT(joined, 40);  // 15 of 24 decades
  EXPECT_LT(joined, 70);
}

TEST(QuantileSketch, JoinedBinsMergeTheSameInEveryOrderToo) {
  const Numbers numbers = wide();
  const QuantileSketch whole = sketch_of(numbers);
  QuantileSketch forward, backward;
  constexpr std::ptrdiff_t kPart = 500;
  for (std::ptrdiff_t at = 0; at < 20'000; at += kPart) {
    forward.merge(sketch_of({numbers.begin() + at, numbers.begin() + at + kPart}));
    backward.merge(sketch_of({numbers.end() - at - kPart, numbers.end() - at}));
  }
  EXPECT_EQ(forward, whole);
  EXPECT_EQ(backward, whole);
  EXPECT_EQ(decoded(whole), whole);
}

TEST(QuantileSketch, ComesBackFromItsBytesAsItWas) {
  for (const auto& [name, next] : distributions()) {
    const QuantileSketch sketch = sketch_of(draw(5'000, next));
    EXPECT_EQ(decoded(sketch), sketch) << name;
  }
}

TEST(QuantileSketch, BytesCutOffOrTooManyAreAnError) {
  std::string bytes;
  sketch_of({-3, -3, 0, 1, 2, 1'000'000}).encode(bytes);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto cut = QuantileSketch::decode(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(cut.ok()) << length;
    EXPECT_EQ(cut.error().code, "corrupt_aggregate");
  }
  EXPECT_FALSE(QuantileSketch::decode(bytes + '\0').ok());
}

TEST(QuantileSketch, BytesThatNoSketchHasAreAnError) {
  const std::vector<std::string> bad = {
      std::string("\x04\x00", 2),                                           // unknown flag
      std::string("\x00\x01\x02\x00", 4),                                   // an empty bin
      std::string("\x00\x02\x02\x01\x00\x01", 6),                           // the same bin twice
      std::string("\x00\x01\xff\xff\xff\x7f\x01", 7),                       // a bin of no double
      std::string("\x00\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 12),  // a count too large
      std::string("\x00\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 13),  // no 64-bit number
      std::string("\x00\xff\xff\x7f", 4),  // more bins than bytes
  };
  for (const std::string& bytes : bad) EXPECT_FALSE(QuantileSketch::decode(bytes).ok());
}

TEST(QuantileSketch, MoreBinsOfASignThanAreKeptAreAnError) {
  const auto bytes_of = [](std::uint64_t bins) {
    std::string bytes(1, '\0');
    bytes += static_cast<char>(bins % 128 | 128);
    bytes += static_cast<char>(bins / 128);
    for (std::uint64_t i = 0; i < bins; ++i) bytes += "\x02\x01";
    return bytes;
  };
  EXPECT_TRUE(QuantileSketch::decode(bytes_of(QuantileSketch::kMaxBins)).ok());
  EXPECT_FALSE(QuantileSketch::decode(bytes_of(QuantileSketch::kMaxBins + 1)).ok());
}

}  // namespace
}  // namespace tapedeck
