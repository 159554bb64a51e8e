#include "auth/lock_out.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tapedeck::auth {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'700'000'000 * kSecond;

LockOutRules small_table(std::size_t entries) {
  LockOutRules rules;
  rules.max_entries = entries;
  return rules;
}

/// Fails until a wait begins. @return its nanoseconds
std::int64_t lock(LockOut& table, const std::string& who, std::int64_t now_ns = kStart) {
  for (int i = 0; i < 1000; ++i) {
    if (const std::int64_t wait = table.failed(who, now_ns)) return wait;
  }
  return 0;
}

TEST(LockOut, TheTenthFailureWithinAMinuteBeginsASecondsWait) {
  LockOut table({});
  for (int i = 0; i < 9; ++i) EXPECT_EQ(table.failed("a", kStart + i), 0);
  EXPECT_EQ(table.wait_ns("a", kStart + 9), 0);
  EXPECT_EQ(table.failed("a", kStart + 9), kSecond);
  EXPECT_EQ(table.wait_ns("a", kStart + 9), kSecond);
  EXPECT_EQ(table.wait_ns("a", kStart + 9 + kSecond - 1), 1);
  EXPECT_EQ(table.wait_ns("a", kStart + 9 + kSecond), 0);
  EXPECT_EQ(table.wait_ns("b", kStart + 9), 0);
}

TEST(LockOut, FailuresMoreThanAMinuteApartAreForgotten) {
  LockOut table({});
  for (int i = 0; i < 9; ++i) EXPECT_EQ(table.failed("a", kStart), 0);
  EXPECT_EQ(table.failed("a", kStart + 60 * kSecond), 0);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(table.failed("a", kStart + 60 * kSecond), 0);
  EXPECT_EQ(table.failed("a", kStart + 119 * kSecond), kSecond);
}

TEST(LockOut, EveryFailureAfterAWaitDoublesItUpToFiveMinutes) {
  LockOut table({});
  std::int64_t now = kStart, wait = lock(table, "a", now);
  for (const int seconds : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    EXPECT_EQ(wait, seconds * kSecond);
    now += wait;
    EXPECT_EQ(table.wait_ns("a", now), 0);
    wait = table.failed("a", now);
  }
}

TEST(LockOut, AfterAQuarterOfAnHourWithoutAFailureTheFirstWaitIsShortAgain) {
  LockOut table({});
  lock(table, "a");
  ASSERT_EQ(table.failed("a", kStart + kSecond), 2 * kSecond);
  EXPECT_EQ(table.failed("a", kStart + 901 * kSecond), 4 * kSecond);
  EXPECT_EQ(table.failed("a", kStart + 1802 * kSecond), 0);
}

TEST(LockOut, AClockSetBackLocksNobodyOutForLonger) {
  LockOut table({});
  lock(table, "a");
  const std::int64_t earlier = kStart - 3600 * kSecond;
  EXPECT_EQ(table.wait_ns("a", earlier), 0);
  EXPECT_EQ(table.failed("a", earlier), 0);  // begins anew
}

TEST(LockOut, AFloodNeitherGrowsTheTableNorFreesThoseWhoWait) {
  LockOut table(small_table(100));
  ASSERT_GT(lock(table, "locked"), 0);
  for (int i = 0; i < 10'000; ++i) table.failed("flood" + std::to_string(i), kStart);
  EXPECT_EQ(table.entries(), 100U);
  EXPECT_GT(table.wait_ns("locked", kStart), 0);
}

TEST(LockOut, WhenEverybodyInAFullTableWaitsNewcomersShareOneEntry) {
  LockOut table(small_table(10));
  for (int i = 0; i < 10; ++i) ASSERT_GT(lock(table, "locked" + std::to_string(i)), 0);
  std::int64_t wait = 0;
  for (int i = 0; i < 10; ++i) wait = table.failed("new" + std::to_string(i), kStart);
  EXPECT_EQ(wait, kSecond);
  EXPECT_EQ(table.entries(), 10U);
  EXPECT_GT(table.wait_ns("yet another", kStart), 0);
  for (int i = 0; i < 10; ++i) EXPECT_GT(table.wait_ns("locked" + std::to_string(i), kStart), 0);
}

TEST(LockOut, ThoseWhoWaitedMakeRoomAQuarterOfAnHourLater) {
  LockOut table(small_table(10));
  for (int i = 0; i < 10; ++i) ASSERT_GT(lock(table, "locked" + std::to_string(i)), 0);
  const std::int64_t later = kStart + 901 * kSecond;
  EXPECT_EQ(lock(table, "new", later), kSecond);
  EXPECT_EQ(table.wait_ns("another", later), 0);
  EXPECT_EQ(table.entries(), 10U);
}

TEST(LockOut, RulesThatMakeNoSenseAreRefused) {
  const auto with = [](auto change) {
    LockOutRules rules;
    change(rules);
    return LockOut(rules);
  };
  EXPECT_THROW(with([](auto& r) { r.tries = 0; }), std::invalid_argument);
  EXPECT_THROW(with([](auto& r) { r.tries = 1001; }), std::invalid_argument);
  EXPECT_THROW(with([](auto& r) { r.first_wait = std::chrono::seconds(0); }),
               std::invalid_argument);
  EXPECT_THROW(with([](auto& r) { r.longest_wait = std::chrono::seconds(901); }),
               std::invalid_argument);
  EXPECT_THROW(with([](auto& r) { r.max_entries = 0; }), std::invalid_argument);
  EXPECT_NO_THROW(with([](auto& r) { r.longest_wait = std::chrono::seconds(900); }));
  EXPECT_NO_THROW(with([](auto& r) { r.tries = 1; }));
}

TEST(AddressGroup, IsTheAddressOfV4AndTheNetworkOfV6) {
  EXPECT_EQ(address_group("192.0.2.1"), address_group("::ffff:192.0.2.1"));
  EXPECT_NE(address_group("192.0.2.1"), address_group("192.0.2.2"));
  EXPECT_EQ(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:3::1"));
  EXPECT_EQ(address_group("fe80::1%eth0"), address_group("fe80::2"));
  EXPECT_EQ(address_group("not an address"), "not an address");
  EXPECT_EQ(address_group(""), "");
}

}  // namespace
}  // namespace tapedeck::auth
