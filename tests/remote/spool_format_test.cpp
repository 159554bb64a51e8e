// The bytes of a spool.
#include "remote/spool_format.hpp"

#include <gtest/gtest.h>

namespace tapedeck::remote {
namespace {

const Batch kBatch{"0123456789abcdef", 7, 42, 2, "{\"n\":1}\n{\"n\":2}\n"};

std::string record_of(const Batch& batch, bool alone = false) {
  std::string out;
  append_record(out, batch, alone);
  return out;
}

TEST(SpoolFormat, ARecordIsReadAsItWasWritten) {
  const std::string bytes = record_of(kBatch, true) + "what follows";
  const auto record = read_record(bytes);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->alone);
  EXPECT_EQ(record->number, 7U);
  EXPECT_EQ(record->end_seq, 42U);
  EXPECT_EQ(record->events, 2U);
  EXPECT_EQ(record->lines, kBatch.body);
  EXPECT_EQ(record->size() + 12, bytes.size());
  EXPECT_EQ(record_size(bytes), record->size());
  EXPECT_FALSE(read_record(record_of(kBatch))->alone);
}

TEST(SpoolFormat, ARecordWithAnyByteWrongOrMissingIsNone) {
  const std::string good = record_of(kBatch);
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(read_record(good.substr(0, at))) << at;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    EXPECT_FALSE(read_record(bad)) << at;
  }
}

TEST(SpoolFormat, ARecordThatClaimsToBeHugeIsNone) {
  std::string bytes = record_of(kBatch);
  bytes[15] = '\x7f';
  EXPECT_FALSE(record_size(bytes));
}

TEST(SpoolFormat, ARecordWhoseLinesAreNotAsManyAsItSaysIsNone) {
  Batch batch = kBatch;
  batch.events = 3;
  EXPECT_FALSE(read_record(record_of(batch)));
  batch = kBatch;
  batch.body.pop_back();
  batch.events = 1;
  EXPECT_FALSE(read_record(record_of(batch))) << "the last line does not end";
}

TEST(SpoolFormat, ASegmentNamesItsPublisher) {
  const std::string header = segment_header(kBatch.publisher);
  EXPECT_EQ(header.size(), kSegmentHeaderBytes);
  EXPECT_EQ(read_segment_header(header + "more"), kBatch.publisher);
  EXPECT_FALSE(read_segment_header(header.substr(1)));
  EXPECT_FALSE(read_segment_header(header.substr(0, kSegmentHeaderBytes - 1)));
  EXPECT_FALSE(read_segment_header(segment_header("01234\r\n89abcdef")));  // it goes into a header
}

TEST(SpoolFormat, AClaimWithAnyByteWrongIsNone) {
  const std::string good = write_claim({3, 24, 1000});
  ASSERT_EQ(good.size(), kClaimBytes);
  const auto claim = read_claim(good);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->segment, 3U);
  EXPECT_EQ(claim->begin, 24U);
  EXPECT_EQ(claim->end, 1000U);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(read_claim(bad)) << at;
  }
  EXPECT_FALSE(read_claim(good.substr(1)));
  EXPECT_FALSE(read_claim(write_claim({3, 1000, 24}))) << "ends before it begins";
  EXPECT_FALSE(read_claim(write_claim({3, 3, 24}))) << "in the header";
}

}  // namespace
}  // namespace tapedeck::remote
