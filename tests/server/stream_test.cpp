// SSE as contract §3 promises it, on real sockets.
#include <thread>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kPath = "/api/telemetry/stream";
constexpr auto kEventSource = HttpTestClient::kEventSource;

class Stream : public ServerTest {
 protected:
  HttpTestClient open(std::string_view query = {}, std::string_view headers = kEventSource) {
    HttpTestClient client = connect();
    const TestResponse head = client.open_stream(std::string(kPath) + std::string(query), headers);
    EXPECT_EQ(head.status, 200);
    return client;
  }
  /// Fills more than the log holds. @return how many events.
  int overflow_log() {
    const std::string filler(60'000, 'x');
    for (int i = 0; i < 120; ++i) {
      bus_->publish(GenericEvent{"filler", {{"text", filler}}});
      bus_->flush();
    }
    return 120;
  }
  static std::string symbol(const SseFrame& frame) {
    return json::parse(frame.data)["payload"]["symbol"];
  }
};

TEST_F(Stream, TheHeadAndAFirstFrameComeAtOnce) {
  start();
  publish_signal("BEFORE");
  HttpTestClient client = connect();
  const TestResponse head = client.open_stream(kPath, kEventSource);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(head.headers.at("x-accel-buffering"), "no");
  const SseFrame first = client.read_frame();
  EXPECT_EQ(first.event, "connection");
  EXPECT_EQ(first.id, id(1));
  EXPECT_NE(first.raw.find("retry: 2000\n"), std::string::npos);
  EXPECT_EQ(json::parse(first.data)["type"], "connection");
}

TEST_F(Stream, EventSourceClientsGetUnnamedMessagesWithIds) {
  start();
  HttpTestClient client = open();
  client.read_frame();
  publish_signal("NIFTY");
  const SseFrame frame = client.read_frame();
  EXPECT_EQ(frame.event, "");
  EXPECT_EQ(frame.id, id(1));
  EXPECT_EQ(symbol(frame), "NIFTY");
  EXPECT_EQ(json::parse(frame.data)["id"], id(1));
}

TEST_F(Stream, PlainClientsGetDataLinesOnly) {
  start();
  HttpTestClient client = open("?heartbeat=1", "");
  EXPECT_EQ(json::parse(client.read_frame().data)["type"], "connection");
  publish_signal("A");
  publish_signal("B");
  for (const char* expected : {"A", "B"}) {
    const SseFrame frame = client.read_frame();
    EXPECT_TRUE(frame.raw.starts_with("data: {")) << frame.raw;
    EXPECT_EQ(frame.id, "");
    EXPECT_EQ(symbol(frame), expected);
  }
  const SseFrame heartbeat = client.read_frame();
  EXPECT_TRUE(heartbeat.raw.starts_with("data: {"));
  EXPECT_EQ(json::parse(heartbeat.data)["type"], "heartbeat");
}

TEST_F(Stream, TheDialectCanBeChosen) {
  start();
  EXPECT_EQ(open("?dialect=plain").read_frame().event, "");
  EXPECT_EQ(open("?dialect=eventsource", "").read_frame().event, "connection");
  expect_error(get(std::string(kPath) + "?dialect=klingon"), 400, "invalid_parameter", "dialect");
}

TEST_F(Stream, ANewClientGetsEventsFromNowOn) {
  start();
  publish_signal("OLD");
  HttpTestClient client = open();
  publish_signal("NEW");
  EXPECT_EQ(symbol(client.read_message()), "NEW");
}

TEST_F(Stream, ReplaySendsTheLastOnesThatMatch) {
  start();
  for (const char* s : {"A", "X", "B", "X", "C"}) publish_signal(s);
  HttpTestClient client = open("?replay=2&symbol=A,B,C");
  EXPECT_EQ(symbol(client.read_message()), "B");
  EXPECT_EQ(symbol(client.read_message()), "C");
  publish_signal("A");
  EXPECT_EQ(symbol(client.read_message()), "A");
  expect_error(get(std::string(kPath) + "?replay=-1"), 400, "invalid_parameter", "replay");
  expect_error(get(std::string(kPath) + "?heartbeat=0"), 400, "invalid_parameter", "heartbeat");
  expect_error(get(std::string(kPath) + "?heartbeat=61"), 400, "invalid_parameter", "heartbeat");
  expect_error(get(std::string(kPath) + "?coalesce_ms=1001"), 400, "invalid_parameter",
               "coalesce_ms");
}

TEST_F(Stream, FiltersNarrowTheStream) {
  start();
  HttpTestClient client = open("?event_type=order_event&symbol=NIFTY");
  publish_signal("NIFTY");
  bus_->publish(OrderEvent{.order_id = "1", .symbol = "INFY", .side = "BUY", .status = "new"});
  bus_->publish(OrderEvent{.order_id = "2", .symbol = "NIFTY", .side = "BUY", .status = "new"});
  EXPECT_EQ(json::parse(client.read_message().data)["payload"]["order_id"], "2");
}

TEST_F(Stream, SinceSendsThePastThenGoesLive) {
  start();
  for (int minute = 0; minute < 4; ++minute) {
    bus_->publish(
        SignalEvent{.symbol = "T" + std::to_string(minute), .strategy_name = "m", .signal = "BUY"},
        *parse_rfc3339("2025-11-18T09:0" + std::to_string(minute) + ":00Z"));
  }
  HttpTestClient client = open("?since=2025-11-18T09:02:00Z");
  EXPECT_EQ(symbol(client.read_message()), "T2");
  EXPECT_EQ(symbol(client.read_message()), "T3");
  publish_signal("LIVE");
  EXPECT_EQ(symbol(client.read_message()), "LIVE");
}

TEST_F(Stream, LastEventIdContinuesExactlyAfterIt) {
  start();
  for (int i = 1; i <= 5; ++i) publish_signal("S" + std::to_string(i));
  const std::string header = "Last-Event-ID: " + id(3) + "\r\n";
  HttpTestClient by_header = open("", std::string(kEventSource) + header);
  EXPECT_EQ(by_header.read_message().id, id(4));
  EXPECT_EQ(by_header.read_message().id, id(5));
  HttpTestClient by_parameter = open("?last_event_id=" + id(4));
  EXPECT_EQ(by_parameter.read_message().id, id(5));
  HttpTestClient polyfill = open("?lastEventId=" + id(4));
  EXPECT_EQ(polyfill.read_message().id, id(5));
  HttpTestClient header_wins =
      open("?last_event_id=" + id(1) + "&since=" + id(1), std::string(kEventSource) + header);
  EXPECT_EQ(header_wins.read_message().id, id(4));
}

TEST_F(Stream, AResumePointThatWasEvictedGetsAGapFirst) {
  start({}, {.log_bytes = std::size_t{4} << 20});
  publish_signal("FIRST");
  const int filler = overflow_log();
  HttpTestClient client = open("?last_event_id=" + id(1));
  EXPECT_EQ(client.read_frame().event, "connection");
  const SseFrame gap = client.read_frame();
  ASSERT_EQ(gap.event, "gap");
  const json data = json::parse(gap.data);
  EXPECT_EQ(data["requested"], id(1));
  const SseFrame first = client.read_message();
  EXPECT_EQ(data["oldest"], first.id);
  const int oldest = std::stoi(first.id.substr(first.id.rfind('-') + 1));
  EXPECT_EQ(data["missed"], oldest - 2);
  EXPECT_GT(oldest, 2);
  EXPECT_LE(oldest, filler + 1);
}

TEST_F(Stream, AnotherHistoryOrNonsenseGetsAGapWithoutACount) {
  start();
  publish_signal("A");
  for (const std::string resume : {"0000000000-1", "nonsense", "-5"}) {
    HttpTestClient client = open("?last_event_id=" + resume);
    client.read_frame();
    const SseFrame gap = client.read_frame();
    ASSERT_EQ(gap.event, "gap") << resume;
    EXPECT_EQ(json::parse(gap.data)["missed"], nullptr);
    EXPECT_EQ(json::parse(gap.data)["requested"], resume);
    EXPECT_EQ(symbol(client.read_message()), "A");
  }
  // A number this history has not reached is another history's too.
  HttpTestClient client = open("?last_event_id=" + id(99));
  client.read_frame();
  EXPECT_EQ(client.read_frame().event, "gap");
}

TEST_F(Stream, HeartbeatsCarryTheIdLastLookedAt) {
  start();
  HttpTestClient client = open("?heartbeat=1&symbol=RARE");
  client.read_frame();
  publish_signal("COMMON");
  bus_->flush();
  const SseFrame heartbeat = client.read_frame();
  EXPECT_EQ(heartbeat.event, "heartbeat");
  EXPECT_EQ(heartbeat.id, id(1));
}

TEST_F(Stream, CoalescedStreamsGetEverythingALittleLater) {
  start();
  HttpTestClient client = open("?coalesce_ms=20");
  client.read_frame();
  for (int i = 0; i < 100; ++i) publish_signal("S" + std::to_string(i));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(symbol(client.read_message()), "S" + std::to_string(i));
}

TEST_F(Stream, EveryClientGetsEveryEventInOneOrder) {
  start();
  constexpr int kClients = 20, kThreads = 3, kEach = 2000;
  std::vector<HttpTestClient> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(open());
  std::vector<std::thread> publishers;
  for (int t = 0; t < kThreads; ++t) {
    publishers.emplace_back([this, t] {
      const std::string name = "T" + std::to_string(t);
      for (int i = 0; i < kEach; ++i) publish_signal(name);
    });
  }
  for (auto& publisher : publishers) publisher.join();
  for (HttpTestClient& client : clients) {
    for (int i = 1; i <= kThreads * kEach; ++i)
      ASSERT_EQ(client.read_message().id, id(static_cast<std::uint64_t>(i)));
  }
}

TEST_F(Stream, PostedEventsReachStreamsToo) {
  start();
  HttpTestClient client = open();
  post(R"({"type":"custom","payload":{"symbol":"P"}})");
  EXPECT_EQ(symbol(client.read_message()), "P");
}

TEST_F(Stream, AReaderThatStopsCostsTheOthersNothingAndIsToldWhatItMissed) {
  start({}, {.log_bytes = std::size_t{4} << 20});
  HttpTestClient slow = connect(4096);
  slow.open_stream(kPath, kEventSource);
  HttpTestClient fast = open();
  wait_for_streams(2);
  int got = 0;
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 200; ++i) {
    bus_->publish(GenericEvent{"filler", {{"text", filler}}});
    EXPECT_EQ(json::parse(fast.read_message().data)["type"], "filler");
    ++got;
  }
  EXPECT_EQ(got, 200);
  std::uint64_t expected = 1;
  bool told = false;
  while (expected <= 200) {
    const SseFrame frame = slow.read_frame();
    if (frame.event == "gap") {
      told = true;
      expected += json::parse(frame.data)["missed"].get<std::uint64_t>();
    } else if (frame.event.empty()) {
      ASSERT_EQ(frame.id, id(expected));
      ++expected;
    }
  }
  EXPECT_TRUE(told);
}

TEST_F(Stream, ManyClientsThatNeverReadKeepMemoryBounded) {
  start({}, {.log_bytes = std::size_t{4} << 20});
  std::vector<HttpTestClient> sleepers;
  for (int i = 0; i < 300; ++i) {
    sleepers.push_back(connect(4096));
    sleepers.back().send("GET /api/telemetry/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  wait_for_streams(300);
  overflow_log();
  publish_signal("STILL ALIVE");
  HttpTestClient reader = open("?replay=1");
  EXPECT_EQ(symbol(reader.read_message()), "STILL ALIVE");
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Stream, AClientThatLeavesMidFrameIsForgotten) {
  start();
  {
    HttpTestClient client = connect(4096);
    client.open_stream(kPath, kEventSource);
    wait_for_streams(1);
    const std::string filler(60'000, 'x');
    for (int i = 0; i < 50; ++i) bus_->publish(GenericEvent{"filler", {{"text", filler}}});
    bus_->flush();
    client.reset_on_close();
  }
  wait_for_streams(0);
  EXPECT_EQ(json::parse(get("/api/telemetry/stats").body)["subscribers"], 0);
}

TEST_F(Stream, AStalledClientIsGivenUpAfterItsTime) {
  ServerOptions options;
  options.stalled_stream_timeout = 1s;
  start(options);
  HttpTestClient client = connect(4096);
  client.open_stream(kPath, kEventSource);
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 50; ++i) bus_->publish(GenericEvent{"filler", {{"text", filler}}});
  wait_for_streams(1);
  bus_->flush();
  wait_for_streams(0);
}

TEST_F(Stream, StoppingSaysGoodbyeAndEndsTheStream) {
  start();
  HttpTestClient eventsource = open(), plain = open("", "");
  eventsource.read_frame();
  plain.read_frame();
  publish_signal("LAST");
  server_->stop();
  EXPECT_EQ(symbol(eventsource.read_frame()), "LAST");
  const SseFrame goodbye = eventsource.read_frame();
  EXPECT_EQ(goodbye.event, "shutdown");
  EXPECT_TRUE(goodbye.raw.starts_with("retry: "));
  EXPECT_TRUE(eventsource.at_end());
  EXPECT_EQ(symbol(plain.read_frame()), "LAST");
  EXPECT_EQ(json::parse(plain.read_frame().data)["type"], "shutdown");
}

TEST_F(Stream, AThousandConnectionsGetEveryEvent) {
  start();
  std::vector<HttpTestClient> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(open());
  EXPECT_EQ(server_->totals().streams, 1000U);
  for (int i = 0; i < 5; ++i) publish_signal("S" + std::to_string(i));
  for (HttpTestClient& client : clients) {
    for (int i = 0; i < 5; ++i) ASSERT_EQ(symbol(client.read_message()), "S" + std::to_string(i));
  }
}

TEST_F(Stream, PublishingClearingReadingAndConnectingAtOnceIsSafe) {
  start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (!stop.load()) {
        publish_signal("LOAD");
        std::this_thread::yield();
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop.load()) {
      bus_->clear_buffer();
      std::this_thread::yield();
    }
  });
  threads.emplace_back([&] {
    while (!stop.load()) get("/api/telemetry/events?limit=50");
  });
  for (int i = 0; i < 30; ++i) {
    HttpTestClient client = open(i % 2 == 0 ? "?replay=10" : "?symbol=LOAD");
    for (int n = 0; n < 50; ++n) client.read_message();
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  const json stats = json::parse(get("/api/telemetry/stats").body);
  EXPECT_EQ(stats["total_events"], stats["event_counts"].value("signal_event", 0) +
                                       stats["event_counts"].value("events_dropped", 0));
}

}  // namespace
}  // namespace tapedeck::testing
