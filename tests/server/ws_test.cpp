// WebSocket as contract §4 promises it, on real sockets.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "server/server_fixture.hpp"
#include "support/ws_test_client.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;

class WebSocket : public ServerTest {
 protected:
  WsTestClient open(std::string_view headers = {}, int receive_buffer_bytes = 0) {
    return WsTestClient(server_->port(), headers, receive_buffer_bytes);
  }
  /// Subscribes and reads the ack. @return the id to resume from.
  static std::string subscribe(WsTestClient& client, const std::string& id, json members = {}) {
    members["op"] = "subscribe";
    members["id"] = id;
    const json ack = client.ask(members);
    EXPECT_EQ(ack["op"], "ack") << ack;
    EXPECT_EQ(ack["of"], "subscribe");
    EXPECT_EQ(ack["id"], id);
    return ack["last_id"].is_null() ? "" : ack["last_id"].get<std::string>();
  }
  static void expect_ws_error(const json& message, const std::string& code,
                              const std::string& field = {}) {
    EXPECT_EQ(message["op"], "error") << message;
    EXPECT_EQ(message["code"], code) << message;
    EXPECT_EQ(message.value("field", ""), field);
    EXPECT_FALSE(message["error"].get<std::string>().empty());
  }
  static std::string symbol(const json& message) { return message["event"]["payload"]["symbol"]; }
  /// Fills more than the log holds.
  void overflow_log() {
    const std::string filler(60'000, 'x');
    for (int i = 0; i < 120; ++i) {
      bus_->publish(GenericEvent{"filler", {{"text", filler}}});
      bus_->flush();
    }
  }
  static BusOptions small_log() {
    BusOptions options;
    options.log_bytes = std::size_t{4} << 20;
    return options;
  }
};

TEST_F(WebSocket, ASubscriptionGetsWhatMatchesFromNowOn) {
  start();
  publish_signal("OLD");
  WsTestClient client = open();
  EXPECT_EQ(subscribe(client, "a", {{"symbol", {"NIFTY", "INFY"}}}), id(1));
  for (const char* s : {"NIFTY", "TCS", "INFY"}) publish_signal(s);
  json event = client.read();
  EXPECT_EQ(event["op"], "event");
  EXPECT_EQ(event["sub"], "a");
  EXPECT_EQ(event["event"]["id"], id(2));
  EXPECT_EQ(symbol(event), "NIFTY");
  EXPECT_EQ(symbol(client.read()), "INFY");
}

TEST_F(WebSocket, ManySubscriptionsShareASocket) {
  start();
  WsTestClient client = open();
  subscribe(client, "nifty", {{"symbol", "NIFTY"}});
  subscribe(client, "all");
  const json by_number =
      client.ask({{"op", "subscribe"}, {"id", 7}, {"event_type", "order_event"}});
  EXPECT_EQ(by_number["id"], 7);
  publish_signal("NIFTY");
  std::set<std::string> got{client.read()["sub"], client.read()["sub"]};
  EXPECT_EQ(got, (std::set<std::string>{"all", "nifty"}));
  EXPECT_EQ(client.ask({{"op", "unsubscribe"}, {"id", "all"}})["of"], "unsubscribe");
  publish_signal("INFY");
  publish_signal("NIFTY");
  EXPECT_EQ(client.read()["sub"], "nifty");
  expect_ws_error(client.ask({{"op", "unsubscribe"}, {"id", "all"}}), "unknown_subscription", "id");
  expect_ws_error(client.ask({{"op", "subscribe"}, {"id", "nifty"}}), "invalid_message", "id");
  EXPECT_EQ(server_->totals().streams, 2U);
  EXPECT_EQ(server_->totals().ws_subscriptions, 2U);
  EXPECT_EQ(server_->totals().ws_sessions, 1U);
}

TEST_F(WebSocket, BatchesHaveManyEventsInAMessageAndLoseNone) {
  start();
  constexpr int kEvents = 5000;
  for (int i = 0; i < kEvents; ++i) publish_signal("S" + std::to_string(i));
  WsTestClient client = open();
  subscribe(client, "b", {{"batch", true}, {"replay", kEvents}});
  int seen = 0, messages = 0;
  while (seen < kEvents) {
    const json message = client.read_op("event");
    ++messages;
    for (const json& event : message["events"]) {
      ASSERT_EQ(event["id"], id(static_cast<std::uint64_t>(++seen)));
    }
  }
  EXPECT_LT(messages, kEvents / 20);
}

TEST_F(WebSocket, ManyClientsOfTheSameSubscriptionGetTheSame) {
  start();
  std::vector<WsTestClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(open(i % 2 == 0 ? WsTestClient::kDeflate : std::string_view()));
    subscribe(clients.back(), "s", {{"symbol", "A,B"}, {"batch", i % 4 < 2}});
  }
  constexpr std::uint64_t kEvents = 500;
  for (std::uint64_t i = 1; i <= kEvents; ++i) publish_signal(i % 3 == 0 ? "C" : "A");
  for (WsTestClient& client : clients) {
    std::uint64_t last = 0;
    const auto take = [&](const json& event) {
      const std::string text = event["id"];
      const auto seq = std::stoull(text.substr(text.rfind('-') + 1));
      EXPECT_EQ(seq, last + (last % 3 == 2 ? 2 : 1));
      last = seq;
    };
    while (last < kEvents) {
      const json message = client.read();
      if (message.contains("event")) take(message["event"]);
      for (const json& event : message.value("events", json::array())) take(event);
    }
  }
}

TEST_F(WebSocket, ReplaySinceAndLastEventIdBeginInThePast) {
  start();
  for (int minute = 0; minute < 4; ++minute) {
    bus_->publish(
        SignalEvent{.symbol = "T" + std::to_string(minute), .strategy_name = "m", .signal = "BUY"},
        *parse_rfc3339("2025-11-18T09:0" + std::to_string(minute) + ":00Z"));
  }
  WsTestClient client = open();
  subscribe(client, "replay", {{"replay", 1}});
  EXPECT_EQ(symbol(client.read()), "T3");
  subscribe(client, "since", {{"since", "2025-11-18T09:02:00Z"}, {"symbol", "T2"}});
  EXPECT_EQ(symbol(client.read()), "T2");
  subscribe(client, "after", {{"last_event_id", id(2)}, {"until", id(4)}});
  EXPECT_EQ(symbol(client.read()), "T2");
  client.ask({{"op", "unsubscribe"}, {"id", "replay"}});
  publish_signal("LIVE");
  const json heard = client.ask({{"op", "ping"}, {"id", 1}});
  EXPECT_EQ(heard["op"], "pong") << "until " << id(4) << " was the end: " << heard;
}

TEST_F(WebSocket, AnIdThatIsNotKnownIsToldWithAGap) {
  start();
  publish_signal("A");
  WsTestClient client = open();
  client.send({{"op", "subscribe"}, {"id", "a"}, {"last_event_id", "other-5"}});
  EXPECT_EQ(client.read()["op"], "ack");
  const json gap = client.read();
  EXPECT_EQ(gap["op"], "gap");
  EXPECT_EQ(gap["sub"], "a");
  EXPECT_EQ(gap["requested"], "other-5");
  EXPECT_TRUE(gap["missed"].is_null());
  EXPECT_TRUE(gap.contains("oldest"));
}

TEST_F(WebSocket, WhatFellOffTheLogComesFromTheHistoryOrIsToldAsAGap) {
  start({}, small_log());
  publish_signal("FIRST");
  overflow_log();
  WsTestClient client = open();
  client.send({{"op", "subscribe"}, {"id", "a"}, {"last_event_id", id(1)}, {"symbol", "NONE"}});
  EXPECT_EQ(client.read()["op"], "ack");
  const json gap = client.read();
  EXPECT_EQ(gap["op"], "gap") << gap;
  EXPECT_GT(gap["missed"], 0);

  restart("e1", {}, small_log());
  for (const char* s : {"A", "B", "C"}) publish_signal(s);
  history_.keep(*bus_);
  restart("e1", {}, small_log());
  publish_signal("D");
  for (const bool batch : {false, true}) {
    WsTestClient again = open(WsTestClient::kDeflate);
    subscribe(again, "a",
              {{"last_event_id", "e1-" + std::to_string(bus_->get_stats().last_seq - 3)},
               {"batch", batch}});
    std::string got;
    while (got.size() < 3) {
      const json message = again.read();
      if (message.contains("event")) got += symbol(message);
      for (const json& event : message.value("events", json::array())) {
        got += event["payload"]["symbol"].get<std::string>();
      }
    }
    EXPECT_EQ(got, "BCD");
  }
}

TEST_F(WebSocket, TheNewestOfTheHistoryAreSearchedBackwards) {
  restart();
  for (int i = 0; i < 50; ++i)
    publish_signal("S" + std::to_string(i), i % 10 == 0 ? "SELL" : "BUY");
  history_.keep(*bus_);
  restart();
  WsTestClient client = open();
  client.send(
      {{"op", "subscribe"}, {"id", "a"}, {"replay", 2}, {"filter", "payload.signal == \"SELL\""}});
  EXPECT_TRUE(client.read()["last_id"].is_null()) << "not known yet";
  EXPECT_EQ(symbol(client.read()), "S30");
  EXPECT_EQ(symbol(client.read()), "S40");
}

TEST_F(WebSocket, PublishIsAcknowledgedWithTheIds) {
  start();
  WsTestClient client = open();
  subscribe(client, "a");
  const json signal = {{"type", "signal_event"},
                       {"payload", {{"symbol", "X"}, {"strategy_name", "m"}, {"signal", "BUY"}}}};
  client.send({{"op", "publish"}, {"id", "p1"}, {"event", signal}});
  json ack = client.read_op("ack");
  EXPECT_EQ(ack["id"], "p1");
  EXPECT_EQ(ack["accepted"], 1);
  EXPECT_EQ(ack["first_id"], id(1));
  EXPECT_EQ(symbol(client.read_op("event")), "X");
  ack = client.ask({{"op", "publish"}, {"id", 2}, {"events", {signal, signal}}});
  EXPECT_EQ(ack["first_id"], id(2));
  EXPECT_EQ(ack["last_id"], id(3));
}

TEST_F(WebSocket, ABadEventIsNamedAndNothingOfItsBatchIsPublished) {
  start();
  WsTestClient client = open();
  const json good = {{"type", "x"}, {"payload", json::object()}};
  const json bad = {{"type", "signal_event"}, {"payload", json::object()}};
  expect_ws_error(client.ask({{"op", "publish"}, {"event", bad}}), "invalid_event",
                  "/event/payload/symbol");
  expect_ws_error(client.ask({{"op", "publish"}, {"events", {good, bad}}}), "invalid_event",
                  "/events/1/payload/symbol");
  expect_ws_error(client.ask({{"op", "publish"}, {"events", json::array()}}), "empty_batch",
                  "/events");
  EXPECT_EQ(bus_->get_stats().published_total, 0U);
}

TEST_F(WebSocket, ARetriedBatchIsAcceptedOnce) {
  start();
  WsTestClient client = open();
  const json op = {{"op", "publish"},
                   {"event", {{"type", "x"}, {"payload", json::object()}}},
                   {"idempotency_key", "k1"}};
  const json first = client.ask(op), again = client.ask(op);
  EXPECT_EQ(first["first_id"], again["first_id"]);
  EXPECT_EQ(again["replayed"], true);
  EXPECT_EQ(bus_->get_stats().published_total, 1U);
}

TEST_F(WebSocket, DurableWithoutADiskIsRefused) {
  start();
  WsTestClient client = open();
  expect_ws_error(client.ask({{"op", "publish"},
                              {"ack", "durable"},
                              {"event", {{"type", "x"}, {"payload", json::object()}}}}),
                  "invalid_parameter", "ack");
}

TEST_F(WebSocket, DurableAcksComeWhenTheDiskHasTheEvents) {
  std::function<void(std::optional<Error>)> done;
  std::mutex mutex;
  StoreHooks hooks;
  hooks.when_durable = [&](std::uint64_t, std::function<void(std::optional<Error>)> given) {
    const std::lock_guard lock(mutex);
    done = std::move(given);
    return true;
  };
  restart("e1", {}, {}, hooks);
  WsTestClient client = open();
  const json op = {{"op", "publish"},
                   {"id", 1},
                   {"ack", "durable"},
                   {"event", {{"type", "x"}, {"payload", json::object()}}}};
  const auto finish = [&](std::optional<Error> error) {
    const std::lock_guard lock(mutex);
    done(std::move(error));
    done = nullptr;
  };
  const auto waits = [&] {
    const std::lock_guard lock(mutex);
    return done != nullptr;
  };
  client.send(op);
  ASSERT_TRUE(wait_until(waits));
  EXPECT_EQ(client.ask({{"op", "ping"}})["op"], "pong") << "the ack waits for the disk";
  finish(std::nullopt);
  EXPECT_EQ(client.read()["first_id"], "e1-1");
  client.send(op);
  ASSERT_TRUE(wait_until(waits));
  finish(Error{"store", "The disk is full.", ""});
  const json failed = client.read();
  expect_ws_error(failed, "store_degraded");
  EXPECT_EQ(failed["first_id"], "e1-2") << "accepted in memory";
}

TEST_F(WebSocket, ADiskThatTakesTooLongIsTold) {
  StoreHooks hooks;
  hooks.when_durable = [](std::uint64_t, std::function<void(std::optional<Error>)>) {
    return true;
  };
  ServerOptions options;
  options.durable_timeout = 1ms;
  restart("e1", options, {}, hooks);
  WsTestClient client = open();
  expect_ws_error(client.ask({{"op", "publish"},
                              {"ack", "durable"},
                              {"event", {{"type", "x"}, {"payload", json::object()}}}}),
                  "store_slow");
}

TEST_F(WebSocket, ClearEmptiesTheBuffer) {
  start();
  publish_signal("A");
  WsTestClient client = open();
  EXPECT_EQ(client.ask({{"op", "clear"}, {"id", 1}})["of"], "clear");
  EXPECT_EQ(json::parse(get("/api/telemetry/events").body)["count"], 0);
}

TEST_F(WebSocket, WrongMessagesAreAnsweredAndTheConnectionStays) {
  start();
  WsTestClient client = open();
  client.send(std::string_view("no json"));
  expect_ws_error(client.read(), "malformed_json");
  const json answer = client.ask({{"op", "subscribe"}, {"id", "a"}, {"symbool", "X"}});
  expect_ws_error(answer, "unknown_parameter", "symbool");
  EXPECT_EQ(answer["id"], "a");
  expect_ws_error(client.ask({{"op", "subscribe"}, {"id", "a"}, {"filter", "1 +"}}),
                  "invalid_filter", "filter");
  EXPECT_EQ(client.ask({{"op", "ping"}, {"id", "x"}}), (json{{"op", "pong"}, {"id", "x"}}));
}

TEST_F(WebSocket, SubscriptionsAreLimited) {
  ServerOptions options;
  options.max_subscriptions_per_connection = 2;
  start(options);
  WsTestClient client = open();
  subscribe(client, "a");
  subscribe(client, "b");
  expect_ws_error(client.ask({{"op", "subscribe"}, {"id", "c"}}), "too_many_subscriptions");
  client.ask({{"op", "unsubscribe"}, {"id", "a"}});
  subscribe(client, "c");
}

TEST_F(WebSocket, MessagesUpToTheLimitAreTakenAndLargerOnesEndTheConnection) {
  ServerOptions options;
  options.ws_message_bytes = 4096;
  start(options);
  const auto message = [](std::size_t size) {
    std::string text = R"({"op":"ping","id":"big")";
    return text + std::string(size - text.size() - 1, ' ') + "}";
  };
  WsTestClient client = open();
  client.send(std::string_view(message(4096)));
  EXPECT_EQ(client.read()["op"], "pong");
  client.send(std::string_view(message(4097)));
  EXPECT_EQ(client.read_close(), 1009);
  EXPECT_TRUE(client.raw().at_end());

  WsTestClient bomber = open(WsTestClient::kDeflate);
  std::string bomb;
  WsDeflater().deflate(std::string(10'000'000, ' '), bomb);
  bomb.resize(std::min<std::size_t>(bomb.size(), 4096));
  bomber.raw().send(WsTestClient::frame(WsOpcode::text, bomb, true, true));
  EXPECT_EQ(bomber.read_close(), 1009);
}

TEST_F(WebSocket, ProtocolViolationsGetTheirCloseCode) {
  start();
  const std::vector<std::pair<std::string, int>> cases{
      {"\x81\x01x", 1002},                                           // no mask
      {WsTestClient::frame(WsOpcode::continuation, "x"), 1002},      // of nothing
      {WsTestClient::frame(WsOpcode::text, "x", true, true), 1002},  // RSV1
      {WsTestClient::frame(WsOpcode::binary, "x"), 1003},
      {WsTestClient::frame(WsOpcode::text, "\xFF"), 1007},
      {WsTestClient::frame(WsOpcode::close, std::string("\x03\xEC", 2)), 1002}  // 1004
  };
  for (const auto& [bytes, code] : cases) {
    WsTestClient client = open();
    client.raw().send(bytes);
    EXPECT_EQ(client.read_close(), code);
    EXPECT_TRUE(client.raw().at_end());
  }
  WsTestClient client = open(WsTestClient::kDeflate);
  client.raw().send(WsTestClient::frame(WsOpcode::text, "\xFF\xFF", true, true));
  EXPECT_EQ(client.read_close(), 1007);
  EXPECT_TRUE(wait_until([&] { return server_->totals().ws_sessions == 0; }));
}

TEST_F(WebSocket, ACloseIsAnsweredWithTheSameCodeThenTheConnectionEnds) {
  start();
  WsTestClient client = open();
  subscribe(client, "a");
  client.raw().send(WsTestClient::frame(WsOpcode::close,
                                        "\x03\xE8"
                                        "done"));
  EXPECT_EQ(client.read_close(), 1000);
  EXPECT_TRUE(client.raw().at_end());
  EXPECT_TRUE(wait_until([&] { return server_->totals().connections == 0; }));
  EXPECT_EQ(server_->totals().streams, 0U);
}

TEST_F(WebSocket, AClientThatGoesWithoutAWordIsForgotten) {
  start();
  {
    WsTestClient client = open();
    subscribe(client, "a");
    client.raw().reset_on_close();
  }
  EXPECT_TRUE(wait_until([&] {
    const ServerTotals totals = server_->totals();
    return totals.connections == 0 && totals.streams == 0 && totals.ws_sessions == 0;
  }));
}

TEST_F(WebSocket, FragmentedMessagesAndPingsBetweenThemAreUnderstood) {
  start();
  WsTestClient client = open();
  client.raw().send(WsTestClient::frame(WsOpcode::text, R"({"op":)", false) +
                    WsTestClient::frame(WsOpcode::ping, "hey") +
                    WsTestClient::frame(WsOpcode::continuation, R"("ping"})"));
  const WsTestFrame pong = client.read_frame();
  EXPECT_EQ(pong.opcode, WsOpcode::pong);
  EXPECT_EQ(pong.payload, "hey");
  EXPECT_EQ(client.read()["op"], "pong");
}

TEST_F(WebSocket, CompressionIsAgreedOnAndUsedForWhatIsLongEnough) {
  start();
  WsTestClient client = open(WsTestClient::kDeflate);
  EXPECT_EQ(client.head().headers.at("sec-websocket-extensions"),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  subscribe(client, "a");
  bus_->publish(GenericEvent{"note", {{"text", std::string(1000, 'x')}}});
  const WsTestFrame frame = client.read_frame();
  EXPECT_TRUE(frame.compressed);
  EXPECT_EQ(json::parse(frame.payload)["event"]["payload"]["text"], std::string(1000, 'x'));
  std::string deflated;
  WsDeflater().deflate(R"({"op":"ping","id":"squeezed"})", deflated);
  client.raw().send(WsTestClient::frame(WsOpcode::text, deflated, true, true));
  EXPECT_EQ(client.read()["id"], "squeezed");

  ServerOptions plain;
  plain.compression = false;
  server_.reset();
  start(plain);
  EXPECT_EQ(open(WsTestClient::kDeflate).head().headers.count("sec-websocket-extensions"), 0U);
}

TEST_F(WebSocket, WhatComesRightBehindTheRequestIsNotLost) {
  start();
  WsTestClient client(server_->port(), {}, 0,
                      WsTestClient::frame(WsOpcode::text, R"({"op":"ping","id":"early"})"));
  EXPECT_EQ(client.read()["id"], "early");
}

TEST_F(WebSocket, RequestsThatAreNoHandshakeGetAnHttpAnswer) {
  start();
  const TestResponse plain = get(WsTestClient::kPath);
  expect_error(plain, 426, "upgrade_required", "Upgrade");
  EXPECT_EQ(plain.headers.at("sec-websocket-version"), "13");
  const std::string upgrade(WsTestClient::kUpgrade);
  std::string other = upgrade;
  other.replace(other.find("13\r\n"), 2, "12");
  expect_error(get(WsTestClient::kPath, other), 426, "upgrade_required", "Sec-WebSocket-Version");
  other = upgrade;
  other.replace(other.find("dGhl"), 4, "!!!!");
  expect_error(get(WsTestClient::kPath, other), 400, "invalid_handshake", "Sec-WebSocket-Key");
  expect_error(get(std::string(WsTestClient::kPath) + "?symbol=A", upgrade), 400,
               "unknown_parameter", "symbol");
}

TEST_F(WebSocket, PagesFromElsewhereAreRefused) {
  start();
  const std::string upgrade(WsTestClient::kUpgrade);
  expect_error(get(WsTestClient::kPath, upgrade + "Origin: https://evil.example\r\n"), 403,
               "origin_not_allowed", "Origin");
  EXPECT_EQ(open("Origin: http://localhost:3000\r\n").head().status, 101);
}

TEST_F(WebSocket, HeartbeatsTellHowFarEachSubscriptionHasLooked) {
  ServerOptions options;
  options.heartbeat = 1s;
  start(options);
  WsTestClient client = open();
  subscribe(client, "rare", {{"symbol", "NEVER"}});
  for (int i = 0; i < 3; ++i) publish_signal("NIFTY");
  json heartbeat;
  do {
    heartbeat = client.read_op("heartbeat");
  } while (heartbeat["last_id"] != id(3));
  EXPECT_EQ(heartbeat["subs"], (json{{{"sub", "rare"}, {"last_id", id(3)}}}));
}

TEST_F(WebSocket, ASilentClientIsPingedAndGivenUpWhenItDoesNotAnswer) {
  ServerOptions options;
  options.heartbeat = 1s;
  options.ws_pong_timeout = 1s;
  start(options);
  WsTestClient answers = open(), silent = open();
  bool pinged = false;
  for (int pings = 0; pings < 2;) {
    const WsTestFrame frame = answers.read_frame();
    if (frame.opcode != WsOpcode::ping) continue;
    ++pings;
    answers.raw().send(WsTestClient::frame(WsOpcode::pong, frame.payload));
  }
  try {
    for (;;) pinged |= silent.read_frame().opcode == WsOpcode::ping;
  } catch (const std::runtime_error& ended) {
    EXPECT_STREQ(ended.what(), "the WebSocket has ended");
  }
  EXPECT_TRUE(pinged);
  EXPECT_EQ(answers.ask({{"op", "ping"}})["op"], "pong") << "the other one is alive";
}

TEST_F(WebSocket, ASlowReaderIsCaughtUpWithoutHoldingUpOthers) {
  start();
  WsTestClient slow = open({}, 4096);
  subscribe(slow, "a");
  WsTestClient quick = open();
  subscribe(quick, "a", {{"symbol", "LAST"}});
  const std::string filler(5000, 'x');
  constexpr std::uint64_t kEvents = 2000;  // 10 MB: more than sockets hold, less than the log
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    bus_->publish(GenericEvent{"filler", {{"text", filler}}});
  }
  publish_signal("LAST");
  EXPECT_EQ(symbol(quick.read()), "LAST");
  for (std::uint64_t i = 1; i <= kEvents + 1; ++i) {
    ASSERT_EQ(slow.read_op("event")["event"]["id"], id(i));
  }
}

TEST_F(WebSocket, ASlowReaderThatFallsOffTheLogIsToldOfTheGap) {
  start({}, small_log());
  WsTestClient slow = open({}, 4096);
  subscribe(slow, "a", {{"batch", true}});
  overflow_log();
  overflow_log();
  const std::uint64_t last = bus_->get_stats().last_seq;
  std::uint64_t seen = 0;
  bool gap = false;
  while (seen < last) {
    const json message = slow.read();
    if (message["op"] == "gap") {
      gap = true;
      seen += message["missed"].get<std::uint64_t>();
      EXPECT_EQ(message["oldest"], id(seen + 1));
    }
    for (const json& event : message.value("events", json::array())) {
      ASSERT_EQ(event["id"], id(++seen));
    }
  }
  EXPECT_TRUE(gap);
}

TEST_F(WebSocket, AClientThatNeverReadsItsAnswersIsNotAskedForMore) {
  start();
  WsTestClient client = open({}, 4096);
  const std::string ping = WsTestClient::frame(WsOpcode::text, R"({"op":"ping"})");
  std::string burst;
  for (int i = 0; i < 1000; ++i) burst += ping;
  std::size_t sent = 0;
  while (client.raw().send_without_waiting(burst)) {
    sent += 1000;
    ASSERT_LT(sent, 10'000'000U) << "the server goes on reading";
  }
  for (std::size_t i = 0; i < sent; ++i) ASSERT_EQ(client.read()["op"], "pong");
}

TEST_F(WebSocket, ShuttingDownSaysGoodbye) {
  start();
  WsTestClient client = open();
  subscribe(client, "a");
  publish_signal("LAST");
  std::thread stopping([this] { server_->stop(); });
  EXPECT_EQ(symbol(client.read_op("event")), "LAST");
  const json goodbye = client.read_op("shutdown");
  EXPECT_GE(goodbye["retry_ms"], 1000);
  EXPECT_LE(goodbye["retry_ms"], 5000);
  EXPECT_EQ(client.read_close(), 1001);
  client.raw().send(WsTestClient::frame(WsOpcode::close, std::string("\x03\xE9", 2)));
  EXPECT_TRUE(client.raw().at_end());
  stopping.join();
}

TEST_F(WebSocket, AfterARestartAClientGoesOnWhereItWas) {
  restart();
  std::string last_id;
  {
    WsTestClient client = open();
    subscribe(client, "a");
    for (const char* s : {"A", "B", "C"}) publish_signal(s);
    last_id = client.read()["event"]["id"];
  }
  history_.keep(*bus_);
  restart();
  publish_signal("D");
  WsTestClient client = open();
  subscribe(client, "a", {{"last_event_id", last_id}});
  for (const char* expected : {"B", "C", "D"}) EXPECT_EQ(symbol(client.read()), expected);
}

/// With callers who may do less than everything.
class WebSocketGrants : public WebSocket {
 protected:
  /// Everybody who connects gets this grant.
  void start_with(const auth::Grant& grant,
                  std::function<bool(const auth::Grant&)> is_current = {}) {
    bus_ = std::make_unique<TelemetryBus>(BusOptions{});
    ServerOptions options;
    options.listen_port = 0;
    options.io_threads = 1;
    const auto held = std::make_shared<const auth::Grant>(grant);
    server_ = std::make_unique<Server>(
        *bus_, options, nullptr, StoreHooks{},
        ServerHooks{.authenticate = [held](const HttpRequest&) -> Result<auth::GrantPtr> {
                      return auth::GrantPtr(held);
                    },
                    .is_current = std::move(is_current)});
    server_->start();
  }
  static auth::Grant grant_of(std::initializer_list<auth::Scope> scopes) {
    auth::Grant grant;
    grant.id = "test";
    for (const auth::Scope scope : scopes) grant.scopes |= static_cast<std::uint8_t>(scope);
    return grant;
  }
};

TEST_F(WebSocketGrants, ANarrowedGrantSeesOnlyWhatIsInsideItsNarrowing) {
  auth::Grant grant = grant_of({auth::Scope::read});
  grant.narrowing.symbol = {"NIFTY"};
  start_with(grant);
  WsTestClient client = open();
  subscribe(client, "all");
  subscribe(client, "wide", {{"symbol", "NIFTY,INFY"}, {"batch", true}});
  publish_signal("INFY");
  publish_signal("NIFTY");
  for (int i = 0; i < 2; ++i) {
    const json message = client.read();
    const json event = message.contains("event") ? message["event"] : message["events"].at(0);
    EXPECT_EQ(event["payload"]["symbol"], "NIFTY");
  }
}

TEST_F(WebSocketGrants, EachOpNeedsItsScope) {
  start_with(grant_of({auth::Scope::read}));
  WsTestClient client = open();
  const json event = {{"type", "x"}, {"payload", json::object()}};
  expect_ws_error(client.ask({{"op", "publish"}, {"event", event}}), "forbidden", "op");
  expect_ws_error(client.ask({{"op", "clear"}}), "forbidden", "op");
  subscribe(client, "a");
}

TEST_F(WebSocketGrants, CommandsAreForAdmins) {
  start_with(grant_of({auth::Scope::read, auth::Scope::publish}));
  WsTestClient client = open();
  const json kill = {{"type", "command_event"},
                     {"payload", {{"command", "kill"}, {"target", "*"}, {"state", "requested"}}}};
  EXPECT_EQ(client.ask({{"op", "publish"}, {"event", kill}})["code"], "forbidden");
  EXPECT_EQ(bus_->get_stats().published_total, 0U);
}

TEST_F(WebSocketGrants, CredentialsThatExpireEndTheConnection) {
  auth::Grant grant = grant_of({auth::Scope::read});
  grant.expires_ns = to_ns(now()) + 1'000'000;
  start_with(grant);
  EXPECT_EQ(open().read_close(), 1008);
}

TEST_F(WebSocketGrants, CredentialsThatAreRevokedEndTheConnection) {
  std::atomic<bool> stands{true};
  start_with(grant_of({auth::Scope::read}), [&](const auth::Grant&) { return stands.load(); });
  WsTestClient client = open();
  subscribe(client, "a");
  stands = false;
  EXPECT_EQ(client.read_close(), 1008);
  server_.reset();  // before what its hook looks at
}

}  // namespace
}  // namespace tapedeck::testing
