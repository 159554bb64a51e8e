// Deliveries over real sockets: what receivers do, and what becomes of the messages.
#include "alert/dispatcher.hpp"

#include <gmock/gmock.h>

#include "alert/delivery_fixture.hpp"
#include "alert/signature.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck::alert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(DispatcherTest, APostHasTheBodyTheHeadersAndASignatureThatGoesWithThem) {
  WebhookReceiver receiver;
  DeliveryOptions options = quick_options();
  Target target = target_at("hook", receiver.url("/hook?x=1"));
  target.secret = "s3cret";
  options.targets = {target};
  start(options);
  send("id-1");
  ASSERT_TRUE(wait_for_empty());
  const Received got = receiver.all().at(0);
  EXPECT_EQ(got.line, "POST /hook?x=1 HTTP/1.1");
  EXPECT_EQ(got.header("content-type"), "application/json");
  EXPECT_EQ(got.header("user-agent"), "tapedeck/" + std::string(kVersion));
  EXPECT_EQ(got.delivery(), "id-1");
  const std::int64_t seconds = std::stoll(got.header("x-tapedeck-timestamp"));
  EXPECT_EQ(got.header("x-tapedeck-signature"), signature_of("s3cret", seconds, got.body));
  EXPECT_THAT(got.body, HasSubstr(R"("event":{"type":"order_event","payload":{"price":100.10}})"));
  const TargetStatus status = dispatcher_->targets().at(0);
  EXPECT_EQ(status.delivered_total, 1U);
  EXPECT_GT(status.last_delivered_ns, 0);
  EXPECT_GT(dispatcher_->last_latency_ns(), 0);
}

TEST_F(DispatcherTest, WithoutASecretNothingIsSigned) {
  WebhookReceiver receiver;
  start_with(receiver.url());
  send("id-1");
  ASSERT_TRUE(wait_for_empty());
  EXPECT_EQ(receiver.all().at(0).headers.count("x-tapedeck-signature"), 0U);
}

TEST_F(DispatcherTest, AFailureOfTheReceiverIsTriedAgainWithTheSameIdAndBody) {
  WebhookReceiver receiver(failing(3));
  start_with(receiver.url());
  send("id-1");
  ASSERT_TRUE(wait_for_empty());
  const auto all = receiver.all();
  ASSERT_EQ(all.size(), 4U);
  for (const Received& one : all) {
    EXPECT_EQ(one.delivery(), "id-1");
    EXPECT_EQ(one.body, all[0].body);
  }
  EXPECT_EQ(dispatcher_->targets().at(0).failed_total, 3U);
  EXPECT_EQ(receiver.connections(), 1) << "the connection is kept";
  EXPECT_THAT(sayings_.all(), HasSubstr("status 500"));
  EXPECT_TRUE(wait_until([&] { return sayings_.all().find("works again") != std::string::npos; }));
}

TEST_F(DispatcherTest, WhatIsRefusedForGoodIsADeadLetterAtOnce) {
  WebhookReceiver receiver(
      [](const Received&) { return status("400 Bad Request", "", "no_text"); });
  start_with(receiver.url());
  send("id-1");
  ASSERT_TRUE(wait_for_dead(1));
  EXPECT_EQ(receiver.count(), 1U);
  const Delivery dead = dead_of(*dispatcher_).at(0);
  EXPECT_EQ(dead.last_error, "answered with status 400: no_text");
  EXPECT_EQ(dead.attempts, 1U);
  EXPECT_EQ(dispatcher_->targets().at(0).dead, 1U);
}

TEST_F(DispatcherTest, WhatStatusesMeanIsAsDocumented) {
  for (const char* again : {"408 Request Timeout", "425 Too Early", "429 Too Many Requests",
                            "500 Internal Server Error", "502 Bad Gateway", "599 Other"}) {
    WebhookReceiver receiver(failing(1, again));
    start_with(receiver.url());
    send("id-1");
    ASSERT_TRUE(wait_for_empty()) << again;
    EXPECT_EQ(receiver.count(), 2U) << again;
    EXPECT_THAT(dead_of(*dispatcher_), IsEmpty()) << again;
  }
  for (const char* never : {"300 Multiple Choices", "303 See Other", "304 Not Modified",
                            "401 Unauthorized", "404 Not Found", "410 Gone"}) {
    WebhookReceiver receiver(failing(1, never));
    start_with(receiver.url());
    send("id-1");
    ASSERT_TRUE(wait_for_dead(1)) << never;
    EXPECT_EQ(receiver.count(), 1U) << never;
  }
}

TEST_F(DispatcherTest, OneRuleIsInOrderThoughItsMessagesFail) {
  auto attempts = std::make_shared<std::atomic<int>>(0);
  WebhookReceiver receiver([attempts](const Received&) {
    return attempts->fetch_add(1) % 3 == 1 ? ok() : status("503 Service Unavailable");
  });
  start_with(receiver.url());
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back("id-" + std::to_string(i));
    send(expected.back());
  }
  ASSERT_TRUE(wait_for_empty());
  auto order = receiver.deliveries();
  order.erase(std::unique(order.begin(), order.end()), order.end());
  EXPECT_EQ(order, expected) << "each only after the one before was taken";
  EXPECT_EQ(receiver.most_at_once(), 1);
}

TEST_F(DispatcherTest, ARuleWhoseMessageFailsDelaysNoOtherRule) {
  WebhookReceiver receiver([](const Received& request) {
    return request.body.find("\"rule\":\"bad\"") != std::string::npos
               ? status("500 Internal Server Error")
               : ok();
  });
  DeliveryOptions options = quick_options();
  options.targets = {target_at("hook", receiver.url())};
  options.retry_first = options.retry_longest = 1h;
  start(options);
  send("stuck", "hook", "bad");
  ASSERT_TRUE(wait_until([&] { return waiting_of(*dispatcher_).at(0).attempts == 1; }));
  for (int i = 0; i < 10; ++i) send("id-" + std::to_string(i), "hook", "good");
  ASSERT_TRUE(wait_until([&] { return receiver.count() == 11; }));
  EXPECT_TRUE(wait_until([&] { return waiting_of(*dispatcher_).size() == 1; }));
  EXPECT_GT(waiting_of(*dispatcher_).at(0).next_try_ns, to_ns(now()));
}

TEST_F(DispatcherTest, DeadAndHangingTargetsDoNotDelayTheOthers) {
  WebhookReceiver good;
  WebhookReceiver hanging([](const Received&) { return Reply{"", Reply::Then::hang}; });
  std::uint16_t closed_port = 0;
  { closed_port = WebhookReceiver().port(); }
  DeliveryOptions options = quick_options();
  options.request_timeout = 1h;
  options.targets = {target_at("good", good.url()), target_at("hanging", hanging.url()),
                     target_at("dead", "http://127.0.0.1:" + std::to_string(closed_port))};
  start(options);
  for (int i = 0; i < 50; ++i) {
    for (const char* target : {"hanging", "dead", "good"}) {
      send(target + std::to_string(i), target, "rule-" + std::to_string(i));
    }
  }
  ASSERT_TRUE(wait_until([&] { return good.count() == 50; }));
  EXPECT_LE(hanging.connections(), 4) << "max_connections_per_target";
}

TEST_F(DispatcherTest, ATargetThatIsDownIsAskedByOneRequestAtATimeForAllRules) {
  WebhookReceiver receiver([](const Received&) { return Reply{"", Reply::Then::hang}; });
  DeliveryOptions options = quick_options();
  options.request_timeout = 30ms;
  options.targets = {target_at("hook", receiver.url())};
  start(options);
  for (int i = 0; i < 100; ++i) send("id-" + std::to_string(i), "hook", "r" + std::to_string(i));
  ASSERT_TRUE(wait_until([&] { return dispatcher_->targets().at(0).failed_total >= 8; }));
  EXPECT_LE(receiver.count(), dispatcher_->targets().at(0).failed_total + 4);
  receiver.set({});
  ASSERT_TRUE(wait_for_empty());
  EXPECT_EQ(dispatcher_->targets().at(0).delivered_total, 100U);
}

TEST_F(DispatcherTest, AReceiverThatComesBackGetsEverythingInOrder) {
  std::uint16_t port = 0;
  { port = WebhookReceiver().port(); }
  start_with("http://127.0.0.1:" + std::to_string(port) + "/hook");
  for (int i = 0; i < 5; ++i) send("id-" + std::to_string(i));
  ASSERT_TRUE(wait_until([&] { return dispatcher_->targets().at(0).failed_total >= 3; }));
  WebhookReceiver receiver({}, port);
  ASSERT_TRUE(wait_for_empty());
  EXPECT_THAT(receiver.deliveries(), ElementsAre("id-0", "id-1", "id-2", "id-3", "id-4"));
}

TEST_F(DispatcherTest, AnAnswerThatBreaksOffIsNoAnswer) {
  auto times = std::make_shared<std::atomic<int>>(0);
  WebhookReceiver receiver([times](const Received&) {
    switch (times->fetch_add(1)) {
      case 0:
        return Reply{"HTTP/1.1 2", Reply::Then::reset};
      case 1:
        return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Reply::Then::close};
      case 2:
        return Reply{"", Reply::Then::close};
      case 3:
        return Reply{"what is this\r\n\r\n", Reply::Then::close};
      default:
        return ok();
    }
  });
  start_with(receiver.url());
  send("id-1");
  ASSERT_TRUE(wait_for_empty());
  EXPECT_EQ(receiver.count(), 5U);
}

TEST_F(DispatcherTest, AnAnswerByteByByteIsWaitedForAndOneWithoutEndIsNot) {
  auto times = std::make_shared<std::atomic<int>>(0);
  WebhookReceiver receiver([times](const Received&) {
    if (times->fetch_add(1) == 0) {
      return Reply{status("200 OK", "X-Long: " + std::string(500, 'x') + "\r\n", "fine").bytes,
                   Reply::Then::byte_by_byte};
    }
    return Reply{"HTTP/1.1 200 OK\r\n\r\n", Reply::Then::endless};
  });
  start_with(receiver.url());
  send("slow");
  send("endless");
  ASSERT_TRUE(wait_for_empty());
  EXPECT_THAT(receiver.deliveries(), ElementsAre("slow", "endless"));
}

TEST_F(DispatcherTest, RetryAfterIsHonoured) {
  auto at = std::make_shared<std::vector<std::chrono::steady_clock::time_point>>();
  WebhookReceiver receiver([at](const Received&) {
    at->push_back(std::chrono::steady_clock::now());
    return at->size() == 1 ? status("429 Too Many Requests", "Retry-After: 1\r\n") : ok();
  });
  start_with(receiver.url());
  send("id-1");
  ASSERT_TRUE(wait_for_empty());
  ASSERT_EQ(at->size(), 2U);
  EXPECT_GE(at->at(1) - at->at(0), 1s);
}

TEST_F(DispatcherTest, AnIdIsDeliveredOnceToEachTarget) {
  WebhookReceiver one, two;
  DeliveryOptions options = quick_options();
  options.targets = {target_at("one", one.url()), target_at("two", two.url())};
  start(options);
  for (int i = 0; i < 3; ++i) {
    send("id-1", "one");
    send("id-1", "two");
    ASSERT_TRUE(wait_for_empty());
  }
  EXPECT_EQ(one.count(), 1U);
  EXPECT_EQ(two.count(), 1U);
}

TEST_F(DispatcherTest, ATestMessageIsSentAtOnceAndTellsHowItWent) {
  WebhookReceiver receiver(failing(1));
  start_with(receiver.url());
  const auto error = dispatcher_->send_now(notification("test-1", "hook"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "not_delivered");
  EXPECT_EQ(error->message, "answered with status 500");
  EXPECT_FALSE(dispatcher_->send_now(notification("test-1", "hook")));
  EXPECT_EQ(receiver.count(), 2U);
  EXPECT_EQ(dispatcher_->send_now(notification("test-1", "nobody"))->code, "invalid_rule");
  dispatcher_->stop();
  EXPECT_EQ(dispatcher_->send_now(notification("test-1", "hook"))->code, "not_delivered");
}

TEST_F(DispatcherTest, WhoWaitsForATestMessageIsToldWhenTapedeckStops) {
  WebhookReceiver receiver([](const Received&) { return Reply{"", Reply::Then::hang}; });
  start_with(receiver.url());
  std::optional<Error> error;
  std::thread waiting([&] { error = dispatcher_->send_now(notification("test-1", "hook")); });
  EXPECT_TRUE(wait_until([&] { return receiver.count() == 1; }));
  dispatcher_->stop(1ms);
  waiting.join();
  EXPECT_THAT(error.value().message, HasSubstr("shutting down"));
}

TEST_F(DispatcherTest, TargetsThatVanishLeaveDeadLettersAndNewUrlsGetWhatWaits) {
  WebhookReceiver old_one([](const Received&) { return status("500 Internal Server Error"); });
  WebhookReceiver new_one;
  DeliveryOptions options = quick_options();
  options.targets = {target_at("moved", old_one.url()), target_at("gone", old_one.url())};
  start(options);
  send("a", "moved");
  send("b", "gone");
  ASSERT_TRUE(wait_until([&] { return old_one.count() >= 2; }));
  options.targets = {target_at("moved", new_one.url())};
  dispatcher_->reload(options);
  ASSERT_TRUE(wait_until([&] { return new_one.count() == 1; }));
  EXPECT_THAT(new_one.deliveries(), ElementsAre("a"));
  ASSERT_TRUE(wait_for_dead(1));
  EXPECT_EQ(dead_of(*dispatcher_).at(0).notification.target, "gone");
  EXPECT_THAT(dead_of(*dispatcher_).at(0).last_error, HasSubstr("no longer configured"));
  EXPECT_EQ(dispatcher_->resend("b")->code, "not_resent");
  options.targets.push_back(target_at("gone", new_one.url()));
  dispatcher_->reload(options);
  EXPECT_FALSE(dispatcher_->resend("b"));
  EXPECT_TRUE(wait_until([&] { return new_one.count() == 2; }));
}

TEST_F(DispatcherTest, TheHeartbeatSaysWhatWaitsAndIsLeftOutWhenNobodyIsAtWork) {
  WebhookReceiver receiver;
  DeliveryOptions options = quick_options();
  options.heartbeat_url = receiver.url("/beat");
  options.heartbeat_interval = 1s;
  options.secret = "s";
  make(options);
  std::atomic<int> asked{0};
  dispatcher_->set_alive_check([&] { return asked.fetch_add(1) != 0; });
  dispatcher_->start();
  ASSERT_TRUE(wait_until([&] { return receiver.count() == 1; }));
  EXPECT_EQ(asked.load(), 2) << "the first was let out";
  const Received beat = receiver.all().at(0);
  EXPECT_EQ(beat.path(), "/beat");
  EXPECT_THAT(beat.body, HasSubstr(R"({"state":"alive","at":")"));
  EXPECT_THAT(beat.body, HasSubstr(R"("queued":0,"dead":0})"));
  EXPECT_EQ(beat.headers.count("x-tapedeck-signature"), 1U);
}

TEST_F(DispatcherTest, AHeartbeatThatFailsIsNotTriedAgainAndSaidOnce) {
  WebhookReceiver receiver([](const Received&) { return status("500 Internal Server Error"); });
  DeliveryOptions options = quick_options();
  options.heartbeat_url = receiver.url("/beat");
  options.heartbeat_interval = 3600s;
  start(options);
  ASSERT_TRUE(wait_until(
      [&] { return sayings_.all().find("heartbeat does not get through") != std::string::npos; }));
  send("id-1", receiver.url("/hook"));
  ASSERT_TRUE(wait_until([&] { return receiver.count() >= 4; }));
  std::size_t beats = 0;
  for (const Received& one : receiver.all()) beats += one.path() == "/beat" ? 1U : 0U;
  EXPECT_EQ(beats, 1U);
}

TEST_F(DispatcherTest, ForgedRangesAreRefusedWhenItIsMade) {
  DeliveryOptions options;
  options.addresses.allowed = {"10.0.0.1/8"};
  EXPECT_THROW(Dispatcher(options, nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace tapedeck::alert::testing
