// How much one address and one key may take: the edges, the burst, the refill, and floods. Time is
// given, so nothing here waits.
#include "server/limits.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "grants.hpp"

namespace tapedeck {
namespace {

using namespace std::chrono_literals;
using testing::grant_named;

constexpr const char* kFar = "192.0.2.7";
const RateBucket::Time kStart{std::chrono::hours(1000)};

std::string address(int n) {
  return "10." + std::to_string(n / 65536) + "." + std::to_string(n / 256 % 256) + "." +
         std::to_string(n % 256);
}

// --- a rate ---

TEST(RateBucket, ABurstIsTwoSecondsWorthAndNotOneMore) {
  RateBucket bucket;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(bucket.wait_for(1, 10, kStart), 0ms) << i;
    bucket.take(1, 10, kStart);
  }
  EXPECT_EQ(bucket.wait_for(1, 10, kStart), 100ms);
}

TEST(RateBucket, TimeGivesBackAtTheRateAndNeverMoreThanTheBurst) {
  RateBucket bucket;
  bucket.take(20, 10, kStart);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart + 99ms), 1ms);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart + 100ms), 0ms);
  EXPECT_EQ(bucket.wait_for(20, 10, kStart + 1999ms), 1ms);
  EXPECT_EQ(bucket.wait_for(20, 10, kStart + 2000ms), 0ms);
  EXPECT_FALSE(bucket.is_idle(kStart + 1999ms));
  EXPECT_TRUE(bucket.is_idle(kStart + 2000ms));
  bucket.take(20, 10, kStart + 1h);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart + 1h), 100ms) << "an hour of rest is no larger burst";
}

TEST(RateBucket, WhatIsLargerThanTheBurstIsAllowedWhenNothingIsOwedAndLeavesADebt) {
  RateBucket bucket;
  bucket.take(1, 10, kStart);
  EXPECT_EQ(bucket.wait_for(100, 10, kStart), 100ms) << "not while something is owed";
  EXPECT_EQ(bucket.wait_for(100, 10, kStart + 100ms), 0ms);
  bucket.take(100, 10, kStart + 100ms);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart + 100ms), 8100ms);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart + 8200ms), 0ms);
}

TEST(RateBucket, ARateFarBelowOneASecondAllowsOneNowAndThen) {
  RateBucket bucket;
  EXPECT_EQ(bucket.wait_for(1, 0.01, kStart), 0ms);
  bucket.take(1, 0.01, kStart);
  EXPECT_EQ(bucket.wait_for(1, 0.01, kStart), 100s);
  EXPECT_EQ(bucket.wait_for(1, 0.01, kStart + 100s), 0ms);
}

TEST(RateBucket, AClockThatGoesBackGivesNothing) {
  RateBucket bucket;
  bucket.take(20, 10, kStart);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart - 1h), 100ms);
  bucket.take(0, 10, kStart - 1h);
  EXPECT_EQ(bucket.wait_for(1, 10, kStart), 100ms);
}

// --- connections ---

TEST(Limits, ConnectionsOfAnAddressCountUntilTheyClose) {
  ServerOptions options;
  options.max_connections_per_address = 2;
  Limits limits(options);
  Limits::Slot a, b, c;
  EXPECT_FALSE(limits.on_connect(kFar, kStart, a));
  EXPECT_FALSE(limits.on_connect(kFar, kStart, b));
  const auto refused = limits.on_connect(kFar, kStart, c);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error.code, "too_many_connections");
  EXPECT_EQ(refusal_response(*refused).status, 503);
  Limits::Slot other;
  EXPECT_FALSE(limits.on_connect("192.0.2.8", kStart, other)) << "of another address";
  const Limits::Slot moved = std::move(a);
  EXPECT_TRUE(limits.on_connect(kFar, kStart, c)) << "one that moves is still open";
  b.release();
  EXPECT_FALSE(limits.on_connect(kFar, kStart, c));
}

TEST(Limits, AddressesOfOneIpv6NetworkAreOneAndMappedIpv4IsIpv4) {
  ServerOptions options;
  options.max_connections_per_address = 1;
  Limits limits(options);
  Limits::Slot a, b, c, d, e;
  EXPECT_FALSE(limits.on_connect("2001:db8:1:2::1", kStart, a));
  EXPECT_TRUE(limits.on_connect("2001:db8:1:2:ffff::9", kStart, b));
  EXPECT_FALSE(limits.on_connect("2001:db8:1:3::1", kStart, c));
  EXPECT_FALSE(limits.on_connect("192.0.2.1", kStart, d));
  EXPECT_TRUE(limits.on_connect("::ffff:192.0.2.1", kStart, e));
}

TEST(Limits, LoopbackIsExemptFromDefaultsButNotFromWhatIsSet) {
  ServerOptions options;
  Limits usual(options);
  std::vector<Limits::Slot> held(ServerOptions::kConnectionsPerAddress + 1);
  for (const char* loopback : {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"}) {
    for (Limits::Slot& one : held) EXPECT_FALSE(usual.on_connect(loopback, kStart, one));
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(usual.on_connect(kFar, kStart, held[i]).has_value(), i + 1 == held.size()) << i;
  }
  held.clear();
  options.max_connections_per_address = 1;
  usual.apply(options);
  Limits::Slot a, b;
  EXPECT_FALSE(usual.on_connect("127.0.0.1", kStart, a));
  EXPECT_TRUE(usual.on_connect("127.0.0.1", kStart, b));
  options.max_connections_per_address = 0;
  usual.apply(options);
  EXPECT_FALSE(usual.on_connect(kFar, kStart, b)) << "0 is no limit";
}

TEST(Limits, ChangedOnesAreInForceAtOnceAndWhatIsOwedStays) {
  ServerOptions options;
  options.requests_per_second_per_address = 1;
  Limits limits(options);
  const auto ask = [&] { return limits.check_request(kFar, *auth::everybody(), kStart); };
  EXPECT_FALSE(ask());
  EXPECT_FALSE(ask());
  EXPECT_TRUE(ask());  // two seconds' worth have gone
  options.requests_per_second_per_address = 2;
  limits.apply(options);
  EXPECT_FALSE(ask());
  EXPECT_FALSE(ask());
  EXPECT_TRUE(ask());
  options.requests_per_second_per_address.reset();
  limits.apply(options);
  EXPECT_FALSE(ask()) << "without a limit of its own everybody has none";
}

TEST(Limits, AGrantMayHoldAsManyConnectionsAsItsQuotaSays) {
  const ServerOptions options;
  Limits limits(options);
  auth::Grant grant = grant_named("k");
  grant.quota.connections = 1;
  Limits::Slot a, b;
  EXPECT_FALSE(limits.on_grant(grant, kStart, a));
  const auto refused = limits.on_grant(grant, kStart, b);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error.code, "too_many_connections");
  a.release();
  EXPECT_FALSE(limits.on_grant(grant, kStart, b));
  EXPECT_FALSE(limits.on_grant(*auth::everybody(), kStart, a));
}

// --- requests ---

int allowed_requests(Limits& limits, const std::string& from, const auth::Grant& grant,
                     RateBucket::Time at, int tries) {
  int allowed = 0;
  while (tries-- > 0) allowed += limits.check_request(from, grant, at) ? 0 : 1;
  return allowed;
}

TEST(Limits, RequestsOfAnAddressAndOfAKeyAreCountedApart) {
  ServerOptions options;
  options.requests_per_second_per_address = 10;
  options.requests_per_second = 5;
  Limits limits(options);
  const auth::Grant a = grant_named("a"), b = grant_named("b"), c = grant_named("c");
  EXPECT_EQ(allowed_requests(limits, kFar, a, kStart, 15), 10);
  EXPECT_EQ(allowed_requests(limits, kFar, b, kStart, 15), 5) << "of the address's 20, 15 are gone";
  EXPECT_EQ(allowed_requests(limits, kFar, c, kStart, 15), 0);
  EXPECT_EQ(allowed_requests(limits, "192.0.2.8", c, kStart, 15), 10);
  EXPECT_EQ(allowed_requests(limits, kFar, b, kStart + 1s, 15), 10)
      << "the address's ten of that second; b had five left and got five";
}

TEST(Limits, AnAnswerSaysWhenToComeBackInWholeSecondsRoundedUp) {
  ServerOptions options;
  options.requests_per_second_per_address = 0.5;
  Limits limits(options);
  const auth::Grant grant = grant_named("a");
  EXPECT_FALSE(limits.check_request(kFar, grant, kStart));
  const auto refused = limits.check_request(kFar, grant, kStart + 500ms);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error.code, "rate_limited");
  EXPECT_EQ(refused->retry_after, 1500ms);
  const HttpResponse response = refusal_response(*refused);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers, "Retry-After: 2\r\n");
  EXPECT_EQ(refusal_response({{"busy", "b", ""}, 0ms}).headers, "Retry-After: 1\r\n");
  EXPECT_EQ(refusal_response({{"busy", "b", ""}, 1000ms}).headers, "Retry-After: 1\r\n");
  EXPECT_EQ(refusal_response({{"busy", "b", ""}, 1001ms}).headers, "Retry-After: 2\r\n");
}

TEST(Limits, WithoutAuthNothingIsLimitedUnlessItIsSet) {
  ServerOptions options;
  Limits limits(options);
  EXPECT_EQ(allowed_requests(limits, kFar, *auth::everybody(), kStart, 5000), 5000);
  EXPECT_EQ(allowed_requests(limits, "127.0.0.1", *auth::everybody(), kStart, 5000), 5000);
  EXPECT_FALSE(limits.check_publish(*auth::everybody(), 10'000'000, 10'000'000'000, kStart));
  EXPECT_FALSE(limits.check_publish(*auth::everybody(), 10'000'000, 10'000'000'000, kStart));
  EXPECT_EQ(limits.known_addresses(), 0U) << "and costs nothing";
  options.requests_per_second = 3;
  limits.apply(options);
  EXPECT_EQ(allowed_requests(limits, "127.0.0.1", *auth::everybody(), kStart, 20), 6);
}

TEST(Limits, DefaultsProtectFromKeysAndOtherMachines) {
  const ServerOptions options;
  Limits limits(options);
  const auth::Grant grant = grant_named("a");
  EXPECT_EQ(allowed_requests(limits, kFar, grant, kStart, 5000),
            static_cast<int>(2 * ServerOptions::kRequestsPerSecondPerAddress));
  const auth::Grant near = grant_named("near");
  EXPECT_EQ(allowed_requests(limits, "127.0.0.1", near, kStart, 5000),
            static_cast<int>(2 * ServerOptions::kRequestsPerSecond));
}

TEST(Limits, WhoIsNobodyIsLimitedByHisAddressAlone) {
  ServerOptions options;
  options.requests_per_second = 1;
  Limits limits(options);
  const auth::Grant nobody;
  EXPECT_EQ(allowed_requests(limits, "192.0.2.1", nobody, kStart, 50), 50);
  EXPECT_EQ(allowed_requests(limits, "192.0.2.2", nobody, kStart, 50), 50);
}

// --- publishing ---

TEST(Limits, EventsAndBytesAreBothLimitedAndARefusalTakesNeither) {
  ServerOptions options;
  options.publish_events_per_second = 100;
  options.publish_bytes_per_second = 1000;
  Limits limits(options);
  const auth::Grant grant = grant_named("a");
  EXPECT_FALSE(limits.check_publish(grant, 100, 1999, kStart));
  const auto by_bytes = limits.check_publish(grant, 1, 2, kStart);
  ASSERT_TRUE(by_bytes);
  EXPECT_EQ(by_bytes->retry_after, 1ms);
  EXPECT_FALSE(limits.check_publish(grant, 100, 1, kStart)) << "the refused one took no event";
  EXPECT_TRUE(limits.check_publish(grant, 1, 0, kStart));
  EXPECT_FALSE(limits.check_publish(grant, 1, 1, kStart + 10ms));
}

TEST(Limits, ABatchLargerThanTheBurstIsNotRefusedForEver) {
  ServerOptions options;
  options.publish_events_per_second = 10;
  Limits limits(options);
  const auth::Grant grant = grant_named("a");
  EXPECT_FALSE(limits.check_publish(grant, 1000, 1, kStart));
  const auto refused = limits.check_publish(grant, 1, 1, kStart);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->retry_after, 98'100ms);
  EXPECT_FALSE(limits.check_publish(grant, 1, 1, kStart + refused->retry_after));
}

TEST(Limits, AKeysOwnQuotaGoesBeforeWhatIsSetForAll) {
  ServerOptions options;
  options.publish_events_per_second = 1;
  options.requests_per_second = 1;
  Limits limits(options);
  auth::Grant grant = grant_named("a");
  grant.quota.publish_events_per_second = 50;
  grant.quota.requests_per_second = 0;
  EXPECT_FALSE(limits.check_publish(grant, 100, 1, kStart));
  EXPECT_TRUE(limits.check_publish(grant, 1, 1, kStart));
  EXPECT_EQ(allowed_requests(limits, kFar, grant, kStart, 500), 500) << "0: no limit";
}

// --- floods ---

TEST(Limits, AFloodOfAddressesTakesBoundedMemoryAndIdleOnesGo) {
  ServerOptions options;
  options.requests_per_second_per_address = 1000;
  Limits limits(options, 100);
  const auth::Grant grant;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(limits.check_request(address(i), grant, kStart + std::chrono::milliseconds(i)));
  }
  EXPECT_LE(limits.known_addresses(), 100U);
}

TEST(Limits, AFullTableForgetsNoBusyAddressAndLetsNoNewOnePast) {
  ServerOptions options;
  options.requests_per_second_per_address = 1;
  options.max_connections_per_address = 1;
  Limits limits(options, 50);
  const auth::Grant grant;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(allowed_requests(limits, address(i), grant, kStart, 3), 2);
  }
  int past = 0;
  for (int i = 50; i < 1000; ++i) past += allowed_requests(limits, address(i), grant, kStart, 3);
  EXPECT_EQ(past, 2) << "the new ones together have the limits of one";
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(allowed_requests(limits, address(i), grant, kStart, 1), 0) << "nobody's debt is lost";
  }
  Limits::Slot one, two;
  EXPECT_FALSE(limits.on_connect(address(2000), kStart, one));
  EXPECT_TRUE(limits.on_connect(address(2001), kStart, two));
  EXPECT_FALSE(limits.check_request(address(3000), grant, kStart + 3s)) << "later there is room";
  EXPECT_FALSE(limits.on_connect(address(3001), kStart + 3s, two));
  one.release();  // of the entry that was shared, which still counts right
  EXPECT_EQ(limits.known_addresses(), 50U);
}

TEST(Limits, AnAddressWithAnOpenConnectionStaysKnownHoweverIdle) {
  ServerOptions options;
  options.max_connections_per_address = 1;
  Limits limits(options, 20);
  Limits::Slot held, again;
  EXPECT_FALSE(limits.on_connect(kFar, kStart, held));
  for (int i = 0; i < 1000; ++i) {
    Limits::Slot passing;
    EXPECT_FALSE(limits.on_connect(address(i), kStart + std::chrono::seconds(i), passing)) << i;
  }
  EXPECT_TRUE(limits.on_connect(kFar, kStart + 1h, again));
}

TEST(Limits, ThreadsTogetherTakeNoMoreThanTheLimit) {
  ServerOptions options;
  options.requests_per_second_per_address = 500;
  options.max_connections_per_address = 10;
  Limits limits(options);
  const auth::Grant grant;
  std::atomic<int> allowed{0}, connected{0};
  std::vector<std::thread> threads;
  std::vector<std::vector<Limits::Slot>> held(4);
  for (auto& mine : held) {
    threads.emplace_back([&] {
      allowed += allowed_requests(limits, kFar, grant, kStart, 1000);
      mine.resize(10);
      for (Limits::Slot& one : mine) {
        connected += limits.on_connect(kFar, kStart, one) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 1000);
  EXPECT_EQ(connected, 10);
}

// --- memory ---

TEST(MemoryBudget, SharesGrowUpToTheLimitAndGiveBackWhenTheyGo) {
  MemoryBudget budget(100);
  MemoryBudget::Share a(budget);
  EXPECT_TRUE(a.resize(60));
  {
    MemoryBudget::Share b(budget);
    EXPECT_TRUE(b.resize(40));
    EXPECT_FALSE(b.resize(41));
    EXPECT_EQ(b.bytes(), 40U) << "a refused one keeps what it had";
    EXPECT_EQ(budget.taken(), 100U);
    EXPECT_TRUE(a.resize(59));
    EXPECT_TRUE(b.resize(41));
  }
  EXPECT_EQ(budget.taken(), 59U);
  EXPECT_FALSE(a.resize(SIZE_MAX));
  EXPECT_TRUE(a.resize(0));
  EXPECT_EQ(budget.taken(), 0U);
  const HttpResponse busy = refusal_response(budget.busy());
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.headers, "Retry-After: 1\r\n");
}

TEST(MemoryBudget, ThreadsTogetherNeverTakeMore) {
  MemoryBudget budget(1000);
  std::atomic<std::size_t> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        MemoryBudget::Share share(budget);
        if (!share.resize(static_cast<std::size_t>(i) % 700)) continue;
        std::size_t seen = budget.taken(), known = most;
        while (seen > known && !most.compare_exchange_weak(known, seen)) {
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 1000U);
  EXPECT_EQ(budget.taken(), 0U);
}

}  // namespace
}  // namespace tapedeck
