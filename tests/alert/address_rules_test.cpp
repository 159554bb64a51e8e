// Which addresses notifications may go to.
#include "alert/address_rules.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace tapedeck::alert {
namespace {

bool public_text(const char* text) {
  return is_public(IpAddress::parse(text).value());
}

TEST(AddressRules, WhatIsNotOnThePublicInternetIsRefused) {
  for (const char* text : {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.0.0",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::7f00:1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "100::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "2002:c0a8:101::1",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "3fff::1",
                           "4000::1"}) {
    EXPECT_FALSE(public_text(text)) << text;
  }
}

TEST(AddressRules, TheirNeighboursAreNot) {
  for (const char* text : {"1.0.0.0",      "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
                           "100.128.0.0",  "126.255.255.255", "128.0.0.0",        "169.253.255.255",
                           "169.255.0.0",  "172.15.255.255",  "172.32.0.0",       "192.167.255.255",
                           "192.169.0.0",  "198.17.255.255",  "198.20.0.0",       "223.255.255.255",
                           "8.8.8.8",      "::ffff:8.8.8.8",  "2000::1",          "2001:200::1",
                           "2606:4700::1", "2002:808:808::1", "64:ff9b::8.8.8.8", "3ffe::1"}) {
    EXPECT_TRUE(public_text(text)) << text;
  }
}

TEST(AddressRules, WhatIsAllowedMayBeConnectedToAndNoMore) {
  const auto filter = AddressFilter::make({{"10.1.0.0/16", "fd00::1"}}).value();
  const auto allows = [&](const char* text) { return filter.allows(*IpAddress::parse(text)); };
  EXPECT_TRUE(allows("10.1.2.3"));
  EXPECT_TRUE(allows("::ffff:10.1.2.3"));
  EXPECT_TRUE(allows("64:ff9b::10.1.2.3"));
  EXPECT_TRUE(allows("fd00::1"));
  EXPECT_TRUE(allows("8.8.8.8"));
  EXPECT_FALSE(allows("10.2.0.0"));
  EXPECT_FALSE(allows("fd00::2"));
  EXPECT_FALSE(allows("127.0.0.1"));
}

TEST(AddressRules, HostsThatSayWhereTheyAreAreJudgedEarly) {
  const AddressFilter none;
  for (const char* host : {"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(none.refusal_of_host(host)) << host;
  }
  for (const char* host : {"example.com", "localhost.example.com", "notlocalhost", "8.8.8.8"}) {
    EXPECT_FALSE(none.refusal_of_host(host)) << host;
  }
  EXPECT_FALSE(AddressFilter::make({{"127.0.0.1"}}).value().refusal_of_host("localhost"));
}

TEST(AddressRules, SocketsOfOtherKindsAreRefused) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "2606:4700::1", &v6.sin6_addr);
  EXPECT_TRUE(AddressFilter().allows(reinterpret_cast<const sockaddr&>(v6)));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  inet_pton(AF_INET, "192.168.1.1", &v4.sin_addr);
  EXPECT_FALSE(AddressFilter().allows(reinterpret_cast<const sockaddr&>(v4)));
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_FALSE(AddressFilter().allows(other));
}

TEST(AddressRules, WhatIsNoRangeIsAnErrorThatNamesIt) {
  const auto bad = AddressFilter::make({{"10.0.0.1/8"}});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "invalid_alerts");
  EXPECT_NE(bad.error().message.find("10.0.0.1/8"), std::string::npos);
}

}  // namespace
}  // namespace tapedeck::alert
