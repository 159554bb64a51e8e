// Where deliveries may go and where not: redirects, addresses, proxies, and what is never shown.
#include <gmock/gmock.h>

#include "alert/delivery_fixture.hpp"

namespace tapedeck::alert::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using DeliveryReach = DispatcherTest;

TEST_F(DeliveryReach, ARedirectWithinTheSameOriginIsFollowedAsAPost) {
  for (const char* words :
       {"301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"}) {
    WebhookReceiver receiver([words](const Received& request) {
      return request.path() == "/new" ? ok() : status(words, "Location: /new\r\n");
    });
    start_with(receiver.url("/old"));
    send("id-1");
    ASSERT_TRUE(wait_for_empty()) << words;
    const auto all = receiver.all();
    ASSERT_EQ(all.size(), 2U) << words;
    EXPECT_EQ(all[1].line, "POST /new HTTP/1.1");
    EXPECT_EQ(all[1].body, all[0].body);
    EXPECT_EQ(all[1].delivery(), "id-1");
    EXPECT_THAT(dead_of(*dispatcher_), IsEmpty());
  }
}

TEST_F(DeliveryReach, ARedirectElsewhereIsADeadLetterThatNamesTheHost) {
  WebhookReceiver other;
  const std::string port = std::to_string(other.port());
  for (const std::string& place :
       {"http://127.0.0.1:" + port + "/secret-path", std::string("https://evil.example/x"),
        std::string("file:///etc/passwd"), std::string("//localhost/x")}) {
    WebhookReceiver receiver([place](const Received&) {
      return status("307 Temporary Redirect", "Location: " + place + "\r\n");
    });
    start_with(receiver.url());
    send("id-1");
    ASSERT_TRUE(wait_for_dead(1)) << place;
    EXPECT_THAT(dead_of(*dispatcher_).at(0).last_error, HasSubstr("redirects to"));
    EXPECT_THAT(dead_of(*dispatcher_).at(0).last_error, Not(HasSubstr("secret-path")));
    EXPECT_EQ(receiver.count(), 1U);
  }
  EXPECT_EQ(other.count(), 0U);
}

TEST_F(DeliveryReach, ThreeRedirectsAreFollowedAndNoFourth) {
  WebhookReceiver receiver([](const Received& request) {
    return status("307 Temporary Redirect", "Location: " + request.path() + "x\r\n");
  });
  start_with(receiver.url("/"));
  send("id-1");
  ASSERT_TRUE(wait_for_dead(1));
  EXPECT_EQ(receiver.count(), 4U);
  EXPECT_EQ(dead_of(*dispatcher_).at(0).last_error, "redirects more than 3 times");
}

TEST_F(DeliveryReach, PrivateAddressesAreRefusedUnlessAllowedAlsoBehindNames) {
  WebhookReceiver receiver;
  const std::string port = std::to_string(receiver.port());
  DeliveryOptions options = quick_options();
  options.addresses.allowed = {};
  start(options);
  for (const char* host : {"127.0.0.1", "localhost", "x.localhost.", "[::1]", "[::ffff:127.0.0.1]",
                           "2130706433", "0x7f.1", "0", "10.0.0.1", "169.254.169.254"}) {
    const std::string url = "http://" + std::string(host) + ":" + port + "/";
    const auto error = dispatcher_->check_target(url);
    ASSERT_TRUE(error) << host;
    EXPECT_EQ(error->code, "invalid_rule");
    EXPECT_THAT(error->message, HasSubstr("allow_addresses")) << host;
    dispatcher_->send({notification(host, url)});
  }
  ASSERT_TRUE(wait_for_dead(10));
  EXPECT_EQ(receiver.connections(), 0);
  EXPECT_FALSE(dispatcher_->check_target("https://example.com/"));
}

TEST_F(DeliveryReach, WhatANameMeansIsJudgedWhenItIsConnectedTo) {
  WebhookReceiver receiver;  // at 127.0.0.1 only
  const std::string url = "http://localhost:" + std::to_string(receiver.port()) + "/";
  DeliveryOptions options = quick_options();
  options.addresses.allowed = {"::1"};
  options.retry_for = 0s;
  start(options);
  EXPECT_FALSE(dispatcher_->check_target(url)) << "localhost may mean ::1";
  dispatcher_->send({notification("id-1", url)});
  ASSERT_TRUE(wait_for_dead(1));
  EXPECT_EQ(receiver.connections(), 0);
  options.addresses.allowed = {"127.0.0.1"};
  dispatcher_->reload(options);
  EXPECT_FALSE(dispatcher_->resend("id-1"));
  EXPECT_TRUE(wait_until([&] { return receiver.count() == 1; }));
}

TEST_F(DeliveryReach, StricterRulesHoldForConnectionsThatAreThereAlready) {
  WebhookReceiver receiver;
  DeliveryOptions options = quick_options();
  options.targets = {target_at("hook", receiver.url())};
  start(options);
  send("allowed");
  ASSERT_TRUE(wait_for_empty());
  options.addresses.allowed = {};
  dispatcher_->reload(options);
  send("refused");
  ASSERT_TRUE(wait_for_dead(1));
  EXPECT_EQ(receiver.count(), 1U);
}

TEST_F(DeliveryReach, ProxiesOfTheEnvironmentAreNotUsedButTheConfiguredOneIs) {
  WebhookReceiver receiver, proxy;
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  ::setenv("all_proxy", proxy.url("").c_str(), 1);
  DeliveryOptions options = quick_options();
  options.targets = {target_at("hook", receiver.url())};
  start(options);
  send("direct");
  const bool empty = wait_for_empty();
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  ASSERT_TRUE(empty);
  EXPECT_EQ(receiver.count(), 1U);
  EXPECT_EQ(proxy.count(), 0U);
  options.proxy = proxy.url("");
  dispatcher_->reload(options);
  ::setenv("no_proxy", "*", 1);
  send("through");
  const bool through = wait_for_empty();
  ::unsetenv("no_proxy");
  ASSERT_TRUE(through);
  ASSERT_EQ(proxy.count(), 1U);
  EXPECT_EQ(proxy.all().at(0).line, "POST " + receiver.url() + " HTTP/1.1");
}

TEST_F(DeliveryReach, CredentialsOfAUrlAreSentAndNeverShown) {
  WebhookReceiver receiver([](const Received& request) {
    return status("404 Not Found", "", "no " + request.path() + " for anna");
  });
  const std::string url = "http://anna:pass-word@127.0.0.1:" + std::to_string(receiver.port()) +
                          "/bot-TOKEN-1/x?k=KEY-2-3";
  DeliveryOptions options = quick_options();
  options.secret = "hmac-secret";
  start(options);
  dispatcher_->send({notification("id-1", url)});
  ASSERT_TRUE(wait_for_dead(1));
  EXPECT_EQ(receiver.all().at(0).header("authorization"), "Basic YW5uYTpwYXNzLXdvcmQ=");
  EXPECT_EQ(receiver.all().at(0).headers.count("x-tapedeck-signature"), 1U);
  const Delivery dead = dead_of(*dispatcher_).at(0);
  const TargetStatus target = dispatcher_->targets().at(0);
  const std::string shown = "http://127.0.0.1:" + std::to_string(receiver.port());
  EXPECT_EQ(dead.notification.target, shown);
  EXPECT_EQ(target.name, shown);
  ASSERT_TRUE(wait_until([&] { return !sayings_.all().empty(); }));
  const std::string told = dead.last_error + target.last_error + sayings_.all();
  for (const char* secret : {"pass-word", "TOKEN", "KEY-2", "hmac-secret"}) {
    EXPECT_THAT(told, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace tapedeck::alert::testing
