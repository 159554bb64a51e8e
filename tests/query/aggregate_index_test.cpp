#include "query/aggregate_index.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "base/byte_coding.hpp"

namespace tapedeck {
namespace {

TEST(FlatIndex, FindsWhatAMapFinds) {
  std::mt19937_64 random(1);
  FlatIndex index;
  std::map<std::uint64_t, std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    // Keys as cells have them, alike in most bits, and any others.
    const std::uint64_t key = i % 2 == 0 ? random() % 50 << 32 | random() % 40 : random();
    if (expected.emplace(key, i).second) {
      EXPECT_EQ(index.find(key), FlatIndex::kNone);
      index.insert(key, i);
    }
  }
  for (const auto& [key, value] : expected) EXPECT_EQ(index.find(key), value);
  EXPECT_EQ(index.find(0x123456789), FlatIndex::kNone);
  index.clear();
  for (const auto& [key, value] : expected) ASSERT_EQ(index.find(key), FlatIndex::kNone);
}

TEST(FlatIndex, ClearingGivesTheMemoryBack) {
  FlatIndex index;
  const std::size_t empty = index.bytes();
  for (std::uint32_t i = 0; i < 10'000; ++i) index.insert(i, i);
  EXPECT_GT(index.bytes(), 100 * empty);
  index.clear();
  EXPECT_EQ(index.bytes(), empty);
}

TEST(TextIndex, NumbersTextsByTheirFirstAppearance) {
  TextIndex index;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    const std::string text = std::string(i % 40, 'x') + std::to_string(i);
    EXPECT_EQ(index.find(text), TextIndex::kNone);
    EXPECT_EQ(index.intern(text), i);
  }
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    const std::string text = std::string(i % 40, 'x') + std::to_string(i);
    EXPECT_EQ(index.intern(text), i);
    EXPECT_EQ(index.find(text), i);
    EXPECT_EQ(index[i], text);
  }
  EXPECT_EQ(index.size(), 5'000U);
  index.clear();
  EXPECT_EQ(index.intern(""), 0U);
  EXPECT_EQ(index.intern(std::string_view("\0", 1)), 1U);
  EXPECT_EQ(index.find(""), 0U);
}

TEST(TextIndex, TextsAreComparedWhole) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string text(length, 'a');
    EXPECT_TRUE(same_text(text, std::string(length, 'a')));
    EXPECT_FALSE(same_text(text, text + 'a'));
    for (std::size_t at = 0; at < length; ++at) {
      std::string other = text;
      other[at] = 'b';
      EXPECT_FALSE(same_text(text, other)) << length << " " << at;
    }
  }
}

TEST(TupleIndex, NumbersTuplesByTheirFirstAppearance) {
  TupleIndex index(3);
  std::uint32_t next = 0;
  for (std::uint32_t a = 0; a < 10; ++a) {
    for (std::uint32_t b = 0; b < 10; ++b) {
      for (std::uint32_t c = 0; c < 10; ++c) {
        const std::array<std::uint32_t, 3> tuple = {c, a, b};
        EXPECT_EQ(index.find(tuple), TupleIndex::kNone);
        EXPECT_EQ(index.intern(tuple), next++);
      }
    }
  }
  const std::array<std::uint32_t, 3> known = {7, 1, 2}, unknown = {7, 1, 10};
  EXPECT_EQ(index.intern(known), 127U);
  EXPECT_EQ(index[127][0], 7U);
  EXPECT_EQ(index[127][2], 2U);
  EXPECT_EQ(index.find(unknown), TupleIndex::kNone);
  index.clear();
  EXPECT_EQ(index.find(known), TupleIndex::kNone);
  EXPECT_EQ(index.intern(known), 0U);
}

TEST(TupleIndex, TheEmptyTupleHasANumberToo) {
  TupleIndex index(0);
  EXPECT_EQ(index.find({}), TupleIndex::kNone);
  EXPECT_EQ(index.intern({}), 0U);
  EXPECT_EQ(index.intern({}), 0U);
  EXPECT_EQ(index.size(), 1U);
}

TEST(AggregateBytes, NumbersComeBackAsTheyWere) {
  const std::array<std::uint64_t, 8> numbers = {0,      1,      127,        128,
                                                16'383, 16'384, 1ULL << 63, UINT64_MAX};
  std::string bytes;
  for (const std::uint64_t number : numbers) append_varint(bytes, number);
  append_double(bytes, -19'755.05);
  ByteReader reader(bytes);
  for (const std::uint64_t number : numbers) EXPECT_EQ(reader.varint(), number);
  EXPECT_EQ(reader.number(), -19'755.05);
  EXPECT_EQ(reader.left(), 0U);
  EXPECT_FALSE(reader.failed());
  for (const std::int64_t number : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    EXPECT_EQ(unzigzag(zigzag(number)), number);
  }
  EXPECT_LT(zigzag(-3), 8U);
}

TEST(AggregateBytes, ReadingPastTheEndFailsAndGivesZeros) {
  for (const std::string_view bytes : {std::string_view(""), std::string_view("\xff\xff")}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_TRUE(reader.failed());
    EXPECT_EQ(reader.number(), 0.0);
    EXPECT_EQ(reader.take(1), "");
    EXPECT_EQ(reader.left(), 0U);
  }
  ByteReader limited("\x05");
  EXPECT_EQ(limited.varint(4), 0U);
  EXPECT_TRUE(limited.failed());
  ByteReader too_long("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");  // 65 bits
  too_long.varint();
  EXPECT_TRUE(too_long.failed());
}

}  // namespace
}  // namespace tapedeck
