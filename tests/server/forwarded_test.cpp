// Who the client is, whatever he writes into the headers.
#include "server/forwarded.hpp"

#include <gtest/gtest.h>

namespace tapedeck {
namespace {

using Lines = std::vector<std::string_view>;

TrustedProxies trusting(const std::vector<std::string>& ranges) {
  auto proxies = TrustedProxies::parse(ranges);
  EXPECT_TRUE(proxies.ok());
  return std::move(proxies).value();
}

struct Given {
  std::string_view peer = "127.0.0.1";
  bool peer_secure = false;
  Lines x_for{};
  Lines x_proto{};
  Lines forwarded{};
  std::vector<std::string> trusted{"127.0.0.1", "10.0.0.0/8"};
};

ClientAddress client_of(const Given& given) {
  return client_address(given.peer, given.peer_secure,
                        {given.x_for, given.x_proto, given.forwarded}, trusting(given.trusted));
}
std::string address_of(const Given& given) {
  return client_of(given).address;
}

TEST(ClientAddress, WithoutTrustedProxiesNoHeaderIsBelieved) {
  const Given given{.x_for = {"1.2.3.4"}, .x_proto = {"https"}, .trusted = {}};
  EXPECT_EQ(client_of(given), (ClientAddress{"127.0.0.1", false}));
}

TEST(ClientAddress, APeerThatIsNoProxyIsTheClientWhateverItSends) {
  const Given given{.peer = "203.0.113.9",
                    .x_for = {"127.0.0.1, 10.0.0.1"},
                    .x_proto = {"https"},
                    .forwarded = {"for=10.0.0.1;proto=https"}};
  EXPECT_EQ(client_of(given), (ClientAddress{"203.0.113.9", false}));
}

TEST(ClientAddress, TheRightmostAddressThatIsNotTrustedIsTheClient) {
  EXPECT_EQ(address_of({.x_for = {"1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(address_of({.x_for = {"6.6.6.6, 1.2.3.4, 10.1.1.1, 10.2.2.2"}}), "1.2.3.4");
  EXPECT_EQ(address_of({.x_for = {"127.0.0.1, 1.2.3.4"}}), "1.2.3.4");
}

TEST(ClientAddress, SeveralHeaderLinesAreOneList) {
  EXPECT_EQ(address_of({.x_for = {"6.6.6.6", "1.2.3.4", "10.1.1.1"}}), "1.2.3.4");
  EXPECT_EQ(address_of({.x_for = {"6.6.6.6, 7.7.7.7", "10.1.1.1, 10.1.1.2"}}), "7.7.7.7");
  EXPECT_EQ(address_of({.forwarded = {"for=6.6.6.6, for=1.2.3.4", "for=10.1.1.1"}}), "1.2.3.4");
}

TEST(ClientAddress, WhereAllAreTrustedTheFirstIsTheClient) {
  EXPECT_EQ(address_of({.x_for = {"10.9.9.9, 10.1.1.1"}}), "10.9.9.9");
}

TEST(ClientAddress, WhatCannotBeReadEndsTheWalkAtTheProxyThatWroteIt) {
  for (const std::string_view junk :
       {"1.2.3.4, unknown", "1.2.3.4, _hidden", "1.2.3.4,", "1.2.3.4, 999.1.1.1", "1.2.3.4,[::1",
        "1.2.3.4, 5.5.5.5:99999", "1.2.3.4, 1.2.3", "1.2.3.4, localhost", "", ",",
        "1.2.3.4, 5.5.5.5 5.5.5.5"}) {
    EXPECT_EQ(address_of({.x_for = {junk}}), "127.0.0.1") << junk;
  }
  EXPECT_EQ(address_of({.x_for = {"1.2.3.4, junk, 10.1.1.1"}}), "10.1.1.1");
  const std::string_view with_nul{"1.2.3.4, 5.5.5.5\0x", 18};
  EXPECT_EQ(address_of({.x_for = {with_nul}}), "127.0.0.1");
  EXPECT_EQ(address_of({.x_for = {"1.2.3.4", std::string_view()}}), "127.0.0.1");
}

TEST(ClientAddress, PortsBracketsAndMappedAddressesAreTheSameAddress) {
  EXPECT_EQ(address_of({.x_for = {"1.2.3.4:51234"}}), "1.2.3.4");
  EXPECT_EQ(address_of({.x_for = {"[2001:DB8::1]:443"}}), "2001:db8::1");
  EXPECT_EQ(address_of({.x_for = {"2001:0db8:0:0:0:0:0:1"}}), "2001:db8::1");
  EXPECT_EQ(address_of({.x_for = {"::ffff:1.2.3.4"}}), "1.2.3.4");
  EXPECT_EQ(address_of({.peer = "::ffff:127.0.0.1", .x_for = {"1.2.3.4"}}), "1.2.3.4");
}

TEST(ClientAddress, ForwardedIsReadAsRfc7239HasIt) {
  EXPECT_EQ(address_of({.forwarded = {"for=192.0.2.43"}}), "192.0.2.43");
  EXPECT_EQ(address_of({.forwarded = {"For=\"[2001:db8:cafe::17]:4711\""}}), "2001:db8:cafe::17");
  EXPECT_EQ(address_of({.forwarded = {"by=203.0.113.43; FOR=192.0.2.60;;proto=http;host=\"a,b\""}}),
            "192.0.2.60");
  EXPECT_EQ(address_of({.forwarded = {"for=1.2.3.4;host=\"x\\\", for=6.6.6.6\""}}), "1.2.3.4");
}

TEST(ClientAddress, AMalformedForwardedIsNotBelievedAtAll) {
  for (const std::string_view bad : {"for=\"1.2.3.4", "for=1.2.3.4;host=\"", "for", "for=\"a\\\"",
                                     "for=1.2.3.4\"x\"", "\"for\"=1.2.3.4", "for=1.2.3.4, x y"}) {
    EXPECT_EQ(address_of({.forwarded = {bad}}), "127.0.0.1") << bad;
    EXPECT_EQ(address_of({.forwarded = {bad, "for=1.2.3.4"}}), "127.0.0.1") << bad;
  }
}

TEST(ClientAddress, AHeaderTheClientMadeUpBesideTheProxysOwnIsNotBelieved) {
  // nginx writes X-Forwarded-For and passes the client's Forwarded on; another proxy the reverse.
  EXPECT_EQ(address_of({.x_for = {"1.2.3.4"}, .forwarded = {"for=6.6.6.6"}}), "127.0.0.1");
  EXPECT_EQ(address_of({.x_for = {"6.6.6.6"}, .forwarded = {"for=1.2.3.4"}}), "127.0.0.1");
  EXPECT_EQ(address_of({.x_for = {"1.2.3.4"}, .forwarded = {"for=1.2.3.4"}}), "1.2.3.4");
}

TEST(ClientAddress, TheSchemeIsWhatTheProxyNextToTheClientSaid) {
  EXPECT_TRUE(client_of({.x_for = {"1.2.3.4"}, .x_proto = {"https"}}).secure);
  EXPECT_TRUE(client_of({.x_for = {"1.2.3.4"}, .x_proto = {"WSS"}}).secure);
  EXPECT_FALSE(client_of({.peer_secure = true, .x_for = {"1.2.3.4"}, .x_proto = {"http"}}).secure);
  EXPECT_TRUE(client_of({.peer_secure = true, .x_for = {"1.2.3.4"}}).secure);
  // A value for each hop, or one for all of them.
  EXPECT_TRUE(client_of({.x_for = {"1.2.3.4, 10.1.1.1"}, .x_proto = {"https, http"}}).secure);
  EXPECT_TRUE(client_of({.x_for = {"1.2.3.4, 10.1.1.1"}, .x_proto = {"https"}}).secure);
  EXPECT_FALSE(client_of({.x_for = {"1.2.3.4"}, .x_proto = {"https, http"}}).secure);
  EXPECT_TRUE(
      client_of({.forwarded = {"for=1.2.3.4;proto=https, for=10.1.1.1;proto=http"}}).secure);
  EXPECT_TRUE(client_of({.forwarded = {"for=_hidden;proto=https"}}).secure);
}

TEST(ClientAddress, ALongChainIsWalkedToItsEnd) {
  std::string chain = "1.2.3.4";
  for (int i = 0; i < 100'000; ++i) chain += ",10.0.0.1";
  EXPECT_EQ(address_of({.x_for = {chain}}), "1.2.3.4");
}

TEST(TrustedProxies, RangesEndAtTheirPrefix) {
  const TrustedProxies proxies = trusting({"10.0.0.0/9", "2001:db8::/33", "192.0.2.1"});
  const auto holds = [&](std::string_view text) {
    return proxies.contains(IpAddress::parse(text).value());
  };
  EXPECT_TRUE(holds("10.127.255.255"));
  EXPECT_FALSE(holds("10.128.0.0"));
  EXPECT_TRUE(holds("2001:db8:7fff::"));
  EXPECT_FALSE(holds("2001:db8:8000::"));
  EXPECT_TRUE(holds("192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.2"));
  EXPECT_TRUE(trusting({"0.0.0.0/0"}).contains(*IpAddress::parse("1.2.3.4")));
  EXPECT_FALSE(trusting({"0.0.0.0/0"}).contains(*IpAddress::parse("::2")));
  EXPECT_TRUE(trusting({"::/0"}).contains(*IpAddress::parse("1.2.3.4")));
}

TEST(TrustedProxies, WhatIsNoRangeIsAnErrorThatNamesIt) {
  for (const char* bad :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::1/64", "::/129", "10.0.0.0/-1",
        "10.0.0.0/8x", "localhost", "10.0.0.0:80", "[::1]", "10.0.0.0/8/8", " 10.0.0.1"}) {
    const auto proxies = TrustedProxies::parse({bad});
    ASSERT_FALSE(proxies) << bad;
    EXPECT_TRUE(proxies.error().message.starts_with(bad)) << proxies.error().message;
  }
}

}  // namespace
}  // namespace tapedeck
