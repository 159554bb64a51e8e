#include "store/postings.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/byte_coding.hpp"

namespace tapedeck::store {
namespace {

TEST(Postings, ASegmentsRowsFindWhatTheTailFound) {
  std::mt19937 random(5);
  PostingTail tail;
  std::map<std::uint32_t, std::set<BlockOrdinal>> expected;
  constexpr BlockOrdinal kFirst = 1000, kEnd = 1400;
  for (BlockOrdinal block = kFirst; block < kEnd; ++block) {
    for (int i = 0; i < 20; ++i) {
      const std::uint32_t hash = i < 10 ? static_cast<std::uint32_t>(random()) | 1U
                                        : (static_cast<std::uint32_t>(random() % 60) + 1) << 23;
      tail.add(hash, block);
      tail.add(hash, block);
      expected[hash].insert(block);
    }
    tail.add(77, block);  // in every block
    expected[77].insert(block);
  }
  std::map<unsigned, std::string> rows;
  for (auto& [bucket, row] : tail.encode(kFirst, kEnd)) {
    EXPECT_TRUE(rows.emplace(bucket, std::move(row)).second);
  }
  for (const auto& [hash, blocks] : expected) {
    std::vector<BlockOrdinal> in_tail, in_row;
    tail.find(hash, in_tail);
    EXPECT_EQ(std::set(in_tail.begin(), in_tail.end()), blocks);
    ASSERT_TRUE(find_in_row(rows.at(bucket_of(hash)), hash, kFirst, kEnd, in_row));
    for (const BlockOrdinal block : blocks) {
      EXPECT_TRUE(std::binary_search(in_row.begin(), in_row.end(), block));
    }
    if (blocks.size() < 50) {
      EXPECT_EQ(in_row.size(), blocks.size());
    }
  }
  std::vector<BlockOrdinal> none;
  EXPECT_TRUE(find_in_row(rows.at(0), 78, kFirst, kEnd, none));
  EXPECT_TRUE(none.empty());
}

TEST(Postings, DamagedRowsAreNoticedOrHarmless) {
  PostingTail tail;
  for (BlockOrdinal block = 0; block < 300; ++block) tail.add((block % 50) << 8 | 1, block);
  const std::string row = tail.encode(0, 300).front().second;
  std::mt19937 random(5);
  for (int i = 0; i < 5000; ++i) {
    std::string bad = row;
    bad[random() % bad.size()] = static_cast<char>(random());
    if (i % 2 == 0) bad.resize(random() % bad.size());
    std::vector<BlockOrdinal> found;
    find_in_row(bad, 257, 0, 300, found);
    for (const BlockOrdinal block : found) EXPECT_LT(block, 300U);
  }
}

TEST(Postings, ABlockOutsideOfItsSegmentIsDamage) {
  std::vector<BlockOrdinal> found;
  const auto row_of = [](std::uint64_t step) {
    std::string row;
    append_varint(row, 7);
    append_varint(row, 1);
    append_varint(row, step);
    return row;
  };
  EXPECT_TRUE(find_in_row(row_of(89), 7, 10, 100, found));
  EXPECT_EQ(found, std::vector<BlockOrdinal>{99});
  EXPECT_FALSE(find_in_row(row_of(90), 7, 10, 100, found));
  EXPECT_FALSE(find_in_row(row_of(~std::uint64_t{0}), 7, 10, 100, found));  // not 9 either
}

}  // namespace
}  // namespace tapedeck::store
