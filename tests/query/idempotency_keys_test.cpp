#include "query/idempotency_keys.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tapedeck::testing {
namespace {

using Accepted = IdempotencyKeys::Accepted;

class Idempotency : public ::testing::Test {
 protected:
  IdempotencyKeys make(std::size_t max_keys = 100) {
    return IdempotencyKeys(max_keys, [this] { return now_ns_.load(); });
  }
  /// Accepts the next number, unless the key is known.
  Result<IdempotencyKeys::Outcome> accept(IdempotencyKeys& keys, std::string_view key,
                                          std::uint64_t hash = 1) {
    return keys.accept_once(key, hash, [this]() -> Result<Accepted> {
      const std::uint64_t seq = ++appended_;
      return Accepted{{seq, seq}, "e1", 0};
    });
  }

  std::atomic<std::int64_t> now_ns_{1'000};
  std::atomic<std::uint64_t> appended_{0};
};

TEST_F(Idempotency, ARepeatedBatchIsAcceptedOnce) {
  IdempotencyKeys keys = make();
  EXPECT_FALSE(accept(keys, "a")->replayed);
  const auto again = accept(keys, "a");
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->accepted.range.first, 1U);
  EXPECT_FALSE(accept(keys, "b")->replayed);
  EXPECT_EQ(appended_, 2U);
}

TEST_F(Idempotency, AKeyUsedForAnotherBodyIsRefused) {
  IdempotencyKeys keys = make();
  ASSERT_TRUE(accept(keys, "a", 1).ok());
  const auto other = accept(keys, "a", 2);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, "idempotency_key_reused");
  EXPECT_EQ(appended_, 1U);
}

TEST_F(Idempotency, ABatchThatFailedMayBeSentAgain) {
  IdempotencyKeys keys = make();
  const auto failed = keys.accept_once("a", 1, []() -> Result<Accepted> {
    return Error{"x", "y", ""};
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_FALSE(accept(keys, "a", 2)->replayed);
}

TEST_F(Idempotency, KeysAreKeptForADayAndNoLonger) {
  IdempotencyKeys keys = make();
  ASSERT_TRUE(accept(keys, "a").ok());
  now_ns_ += IdempotencyKeys::kKeptNs - 1;
  EXPECT_TRUE(accept(keys, "a")->replayed);
  now_ns_ += 1;
  EXPECT_FALSE(accept(keys, "a")->replayed);
}

TEST_F(Idempotency, BeyondTheLimitTheOldestGo) {
  IdempotencyKeys keys = make(3);
  for (const char* key : {"a", "b", "c", "d"}) ASSERT_TRUE(accept(keys, key).ok());
  EXPECT_EQ(keys.size(), 3U);
  EXPECT_TRUE(accept(keys, "b")->replayed);
  EXPECT_FALSE(accept(keys, "a")->replayed);
}

TEST_F(Idempotency, NewKeysAreHandedOutOnceAndRestoredInTheNextRun) {
  IdempotencyKeys keys = make();
  ASSERT_TRUE(accept(keys, "a", 7).ok());
  ASSERT_TRUE(accept(keys, "b", 8).ok());
  ASSERT_TRUE(accept(keys, "a", 7).ok());
  const auto records = keys.take_new();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].key, "a");
  EXPECT_EQ(records[0].at_ns, 1'000);
  EXPECT_TRUE(keys.take_new().empty());

  IdempotencyKeys next_run = make();
  for (const auto& record : records) next_run.restore(record);
  EXPECT_TRUE(next_run.take_new().empty());
  const auto again = accept(next_run, "a", 7);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->accepted.epoch, "e1");
  EXPECT_EQ(accept(next_run, "b", 9).error().code, "idempotency_key_reused");

  now_ns_ += IdempotencyKeys::kKeptNs;
  IdempotencyKeys days_later = make();
  for (const auto& record : records) days_later.restore(record);
  EXPECT_EQ(days_later.size(), 0U);
}

TEST_F(Idempotency, OfTwoRetriesAtOnceOneIsAccepted) {
  IdempotencyKeys keys = make(10'000);
  std::atomic<int> replayed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) replayed += accept(keys, "k" + std::to_string(i))->replayed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(appended_, 500U);
  EXPECT_EQ(replayed, 1500);
}

TEST(IdempotencyKey, IsVisibleAsciiOfALength) {
  const auto fine = [](std::string_view key) { return !IdempotencyKeys::refuse_key(key); };
  EXPECT_TRUE(fine("x"));
  EXPECT_TRUE(fine("4f6a-!~"));
  EXPECT_TRUE(fine(std::string(128, 'k')));
  EXPECT_FALSE(fine(std::string(129, 'k')));
  for (const char* bad : {"", "a b", "a\tb", "\x7f", "\xc3\xa9"}) EXPECT_FALSE(fine(bad)) << bad;
}

TEST(IdempotencyBodyHash, TellsBodiesApart) {
  const auto hash = [](std::string_view body) { return IdempotencyKeys::hash_body(body); };
  EXPECT_EQ(hash("{\"type\":\"a\"}"), hash("{\"type\":\"a\"}"));
  EXPECT_NE(hash("{\"type\":\"a\"}"), hash("{\"type\":\"b\"}"));
  EXPECT_NE(hash(""), hash(std::string_view("\0", 1)));
  EXPECT_NE(hash(std::string(16, 'x')), hash(std::string(17, 'x')));
  EXPECT_NE(hash("12345678abcdefgh"), hash("abcdefgh12345678"));
}

}  // namespace
}  // namespace tapedeck::testing
