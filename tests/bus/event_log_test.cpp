#include "bus/event_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/wait.hpp"

namespace tapedeck {
namespace {

using testing::wait_until;

constexpr std::size_t kSmallest = std::size_t{4} << 20;

/// A log fed with frames that are nothing but their number, spelled out over and over.
class LogWriter {
 public:
  explicit LogWriter(EventLog& log) : log_(log), type_(*log.type_number("t")) {}

  static std::string frame_of(std::uint64_t seq, std::size_t size) {
    std::string frame;
    while (frame.size() < size) frame += std::to_string(seq) + ' ';
    frame.resize(size);
    return frame;
  }
  void write(std::size_t size = 100) {
    const std::string frame = frame_of(log_.next_seq(), size);
    char* out = log_.room(size);
    std::copy(frame.begin(), frame.end(), out);
    FrameIndex index;
    index.length = static_cast<std::uint32_t>(size);
    index.type = type_;
    log_.append(index);
  }

 private:
  EventLog& log_;
  std::uint16_t type_;
};

std::string frame_at(const SegmentPin& pin, std::uint64_t seq) {
  const FrameIndex& index = pin.index(seq);
  return {pin.frame(index), index.length};
}

TEST(EventLog, ShowsReadersNothingBeforeTheCommit) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  EXPECT_EQ(log.last_seq(), 0U);
  EXPECT_EQ(log.first_seq(), 1U);
  EXPECT_FALSE(log.pin(0));
  EXPECT_FALSE(log.pin(1));
  writer.write();
  EXPECT_FALSE(log.pin(1));
  log.commit();
  ASSERT_TRUE(log.pin(1));
  EXPECT_EQ(frame_at(*log.pin(1), 1), LogWriter::frame_of(1, 100));
  EXPECT_FALSE(log.pin(2));
}

TEST(EventLog, EverySequenceNumberInMemoryIsFound) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  for (int n = 0; n < 100'000; ++n) writer.write(20 + static_cast<std::size_t>(n) % 300);
  log.commit();
  ASSERT_GT(log.first_seq(), 1U);
  EXPECT_FALSE(log.pin(log.first_seq() - 1));
  for (std::uint64_t seq = log.first_seq(); seq <= log.last_seq(); ++seq) {
    const auto pin = log.pin(seq);
    ASSERT_TRUE(pin) << seq;
    ASSERT_EQ(frame_at(*pin, seq), LogWriter::frame_of(seq, 20 + (seq - 1) % 300));
  }
}

TEST(EventLog, APinnedSegmentKeepsItsFramesWhileTheRingGoesRound) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  writer.write();
  log.commit();
  const auto pin = log.pin(1);
  ASSERT_TRUE(pin);
  const std::string before = frame_at(*pin, 1);
  for (int n = 0; n < 300'000; ++n) writer.write();
  log.commit();
  EXPECT_GT(log.first_seq(), 200'000U);
  EXPECT_FALSE(log.pin(1));
  EXPECT_EQ(frame_at(*pin, 1), before);
}

TEST(EventLog, PinsOfManySegmentsAreKeptAndGivenBack) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  for (int round = 0; round < 3; ++round) {
    std::vector<SegmentPin> pins;
    for (int n = 0; n < 20 * 8192; ++n) {
      writer.write();
      if (n % 8192 != 0) continue;
      log.commit();
      auto pin = log.pin(log.last_seq());
      ASSERT_TRUE(pin);
      pins.push_back(std::move(*pin));
    }
    for (const SegmentPin& pin : pins) {
      ASSERT_EQ(frame_at(pin, pin.first_seq()), LogWriter::frame_of(pin.first_seq(), 100));
    }
  }
}

TEST(EventLog, AFrameAsLargeAsASegmentFits) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  for (int n = 0; n < 10; ++n) {
    writer.write(EventLog::kMaxFrameBytes);
    writer.write(10);
  }
  log.commit();
  EXPECT_EQ(frame_at(*log.pin(20), 20), LogWriter::frame_of(20, 10));
}

TEST(EventLog, WaitingEndsWithTheEventOrWithAnInterrupt) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  std::atomic<bool> stop{false};
  std::atomic<int> woken{0};
  std::thread for_event([&] {
    log.wait_for(1, stop);
    ++woken;
  });
  std::thread for_ever([&] {
    log.wait_for(1000, stop);
    ++woken;
  });
  writer.write();
  log.commit();
  for_event.join();
  EXPECT_EQ(woken, 1);
  stop = true;
  log.interrupt();
  for_ever.join();
  EXPECT_EQ(woken, 2);
}

TEST(EventLog, ReadersNeverSeeAnythingButTheFrameTheyAskedFor) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  LogWriter writer(log);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> read{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&, at_the_oldest = i == 0] {
      while (!stop) {
        const std::uint64_t seq = at_the_oldest ? log.first_seq() : log.last_seq();
        const auto pin = log.pin(seq);
        if (!pin) continue;
        for (std::uint64_t s = seq; s < pin->end_seq(); s += 97) {
          ASSERT_EQ(frame_at(*pin, s), LogWriter::frame_of(s, 1000));
        }
        ++read;
      }
    });
  }
  for (int n = 0; n < 40'000 || read < 100; ++n) {
    writer.write(1000);
    if (n % 64 == 0) log.commit();
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

TEST(EventLog, TypesGetNumbersUntilThereAreTooMany) {
  EventLog log("e", {.buffer_size = 10, .log_bytes = kSmallest});
  for (std::size_t n = 0; n < EventLog::kMaxTypes; ++n) {
    ASSERT_EQ(log.type_number("type" + std::to_string(n)), n);
  }
  EXPECT_FALSE(log.type_number("one more"));
  EXPECT_EQ(log.type_number("type17"), 17);
}

TEST(EventLog, BeginsAtTheGivenNumber) {
  EventLog log("e", {.log_bytes = kSmallest, .first_seq = 1001});
  EXPECT_EQ(log.last_seq(), 1000U);
  EXPECT_EQ(log.first_seq(), 1001U);
  EXPECT_FALSE(log.pin(1000));
  LogWriter writer(log);
  writer.write();
  log.commit();
  EXPECT_EQ(log.last_seq(), 1001U);
  EXPECT_TRUE(log.pin(1001));
  EXPECT_EQ(log.buffer_first_seq(), 1001U);
}

TEST(EventLog, KeepsWhatIsHeldUpToItsLimitAndLetsGoBeyondIt) {
  EventLog log("e", {.log_bytes = kSmallest, .held_bytes = 2 * Segment::kBytes});
  LogWriter writer(log);
  log.hold_from(1);
  constexpr std::size_t kFrame = Segment::kBytes / 2;  // two to a segment
  for (int i = 0; i < 12; ++i) writer.write(kFrame);
  log.commit();
  EXPECT_EQ(log.first_seq(), 1U);  // six segments: four, and two for what is held
  EXPECT_EQ(log.pin(1)->first_seq(), 1U);
  writer.write(kFrame);
  log.commit();
  EXPECT_EQ(log.first_seq(), 3U);  // no more than that
  log.hold_from(EventLog::kHoldNothing);
  writer.write(kFrame);
  writer.write(kFrame);
  log.commit();
  EXPECT_EQ(log.first_seq(), 9U);  // back to four
  for (std::uint64_t seq = log.first_seq(); seq <= log.last_seq(); ++seq) {
    ASSERT_TRUE(log.pin(seq)) << seq;
  }
}

TEST(EventLog, KeepsWhatAnyOfItsHoldersHolds) {
  EventLog log("e", {.log_bytes = kSmallest, .held_bytes = 4 * Segment::kBytes});
  LogWriter writer(log);
  const std::size_t sender = log.add_holder();
  log.hold_from(1, sender);
  log.hold_from(5);  // the store has come further
  constexpr std::size_t kFrame = Segment::kBytes / 2;
  for (int i = 0; i < 14; ++i) writer.write(kFrame);
  log.commit();
  EXPECT_EQ(log.first_seq(), 1U);
  log.remove_holder(sender);
  writer.write(kFrame);
  log.commit();
  EXPECT_EQ(log.first_seq(), 5U);
}

TEST(EventLog, RefusesMoreHoldersThanItHasPlacesForAndTakesPlacesBack) {
  EventLog log("e", {.log_bytes = kSmallest});
  std::vector<std::size_t> holders;
  for (std::size_t i = 1; i < EventLog::kMaxHolders; ++i) holders.push_back(log.add_holder());
  EXPECT_EQ(std::count(holders.begin(), holders.end(), EventLog::kStoreHolder), 0);
  EXPECT_THROW(log.add_holder(), std::length_error);
  log.remove_holder(holders[2]);
  EXPECT_EQ(log.add_holder(), holders[2]);
}

TEST(EventLog, AMarkIsSeenWholeOrNotAtAll) {
  EventLog log("e", {.log_bytes = kSmallest});
  EXPECT_EQ(log.last_mark().seq, 0U);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t n = 1; !stop.load(std::memory_order_relaxed); ++n) {
      log.set_mark({n, static_cast<std::int64_t>(n) * 3});
    }
  });
  std::uint64_t last = 0;
  for (int seen = 0; seen < 20'000;) {
    const EventLog::Mark mark = log.last_mark();
    if (mark.seq == 0) continue;
    ASSERT_EQ(mark.published_ns, static_cast<std::int64_t>(mark.seq) * 3);
    ASSERT_GE(mark.seq, last);
    last = mark.seq;
    ++seen;
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace tapedeck
