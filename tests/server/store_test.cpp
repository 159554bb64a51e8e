// The server over the real store, on real sockets: what is published comes back, live, stored and
// over restarts.
#include <thread>

#include "server_fixture.hpp"
#include "store/store_fixture.hpp"

namespace tapedeck {
namespace {

using store::testing::small_options;
using store::testing::StoreRun;
using store::testing::TempFolder;
using testing::HttpTestClient;
using testing::json;
using testing::TestResponse;

/// A run of the whole: store, bus, server.
struct Whole {
  explicit Whole(const std::filesystem::path& folder, BusOptions bus_options = {})
      : run(small_options(folder), bus_options),
        server(*run.bus, options(), &run.store, hooks_of(run.store)) {
    server.start();
  }
  static ServerOptions options() {
    ServerOptions out;
    out.listen_port = 0;
    out.io_threads = 2;
    return out;
  }
  json get(const std::string& target) {
    const TestResponse response = HttpTestClient(server.port()).get("/api/telemetry" + target);
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body);
  }
  TestResponse post(std::string_view body, std::string_view headers = {},
                    std::string_view target = "/api/telemetry/events") {
    return HttpTestClient(server.port()).request("POST", target, body, headers);
  }
  StoreRun run;
  Server server;
};

void publish_number(TelemetryBus& bus, int n, const std::string& filler) {
  bus.publish(GenericEvent{"n", {{"n", n}, {"text", filler}}});
}

TEST(ServerWithStore, AStreamUnderLoadGoesFromStoreToLiveAndGetsEachEventOnce) {
  const TempFolder folder;
  Whole whole(folder.path(),
              {.log_bytes = std::size_t{4} << 20, .held_bytes = std::size_t{4} << 20});
  const std::string filler(1500, 'x');
  constexpr int kBefore = 8000, kAll = 16'000;  // 4 MiB hold about 2600
  for (int i = 1; i <= kBefore; ++i) {
    publish_number(*whole.run.bus, i, filler);
    if (i % 500 == 0) whole.run.settle();
  }
  ASSERT_GT(whole.run.log().first_seq(), 1U);
  std::thread publisher([&] {
    for (int i = kBefore + 1; i <= kAll; ++i) {
      publish_number(*whole.run.bus, i, filler);
      if (i % 500 == 0) whole.run.settle();
    }
  });
  HttpTestClient client(whole.server.port());
  client.send(
      "GET /api/telemetry/stream HTTP/1.1\r\nHost: localhost\r\n"
      "Accept: text/event-stream\r\nLast-Event-ID: " +
      whole.run.store.epoch() + "-17\r\n\r\n");
  client.read_head();
  std::uint64_t expected = 18;
  while (expected <= kAll) {
    const auto frame = client.read_frame();
    ASSERT_NE(frame.event, "gap") << frame.data;
    if (!frame.event.empty()) continue;
    ASSERT_EQ(frame.id, whole.run.store.epoch() + "-" + std::to_string(expected));
    ++expected;
  }
  publisher.join();
}

TEST(ServerWithStore, AClientResumesOverARestartWithoutAHoleOrARepeat) {
  const TempFolder folder;
  std::string id;
  {
    Whole whole(folder.path());
    for (int i = 1; i <= 300; ++i) publish_number(*whole.run.bus, i, "");
    whole.run.settle();
    id = whole.get("/events?limit=1")["events"][0]["id"].get<std::string>();
    EXPECT_TRUE(id.ends_with("-300"));
    for (int i = 301; i <= 400; ++i) publish_number(*whole.run.bus, i, "");
  }
  Whole whole(folder.path());
  HttpTestClient client(whole.server.port());
  client.send(
      "GET /api/telemetry/stream HTTP/1.1\r\nHost: localhost\r\n"
      "Accept: text/event-stream\r\nLast-Event-ID: " +
      id + "\r\n\r\n");
  client.read_head();
  publish_number(*whole.run.bus, 401, "");
  whole.run.bus->flush();
  for (int expected = 301; expected <= 401;) {
    const auto frame = client.read_frame();
    ASSERT_NE(frame.event, "gap") << frame.data;
    if (!frame.event.empty()) continue;
    ASSERT_EQ(json::parse(frame.data)["payload"]["n"], expected);
    ++expected;
  }
  EXPECT_EQ(whole.get("/events?limit=1000")["count"], 401);
}

TEST(ServerWithStore, ABatchIsAcceptedOnceAlsoAcrossARestart) {
  const TempFolder folder;
  std::string first;
  {
    Whole whole(folder.path());
    const TestResponse answer =
        whole.post(R"([{"type":"a","payload":{}},{"type":"a","payload":{}}])",
                   "Idempotency-Key: k1\r\n", "/api/telemetry/events?ack=durable");
    ASSERT_EQ(answer.status, 200) << answer.body;
    first = answer.body;
  }
  Whole whole(folder.path());
  const TestResponse again = whole.post(R"([{"type":"a","payload":{}},{"type":"a","payload":{}}])",
                                        "Idempotency-Key: k1\r\n");
  EXPECT_EQ(again.body, first);
  EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
  EXPECT_EQ(whole.get("/events?event_type=a")["count"], 2);
  EXPECT_EQ(whole.post("{}", "Idempotency-Key: k1\r\n").status, 422);
}

TEST(ServerWithStore, TradesAggregatesLatestAndExportAreAnsweredAtOnceAndAfterARestart) {
  const TempFolder folder;
  const auto expect_answers = [](Whole& whole) {
    const json vetoed = whole.get("/trades?outcome=vetoed");
    ASSERT_EQ(vetoed["count"], 1);
    EXPECT_EQ(vetoed["trades"][0]["veto"]["code"], "daily_loss");
    const json filled = whole.get("/trades/C1");
    EXPECT_EQ(filled["trade"]["outcome"], "filled");
    EXPECT_EQ(filled["trade"]["hops"]["decision_to_sent_us"], 1500);
    EXPECT_EQ(filled["events"].size(), 3U);
    EXPECT_EQ(whole.get("/trades/O1")["trade"], filled["trade"]);
    const json counts = whole.get(
        "/aggregates?group_by=type&since=2025-11-18T00:00:00Z&until=2025-11-18T23:00:00Z"
        "&interval=1d");
    EXPECT_EQ(counts["source"], "rollup");
    EXPECT_EQ(counts["buckets"][0]["groups"].size(), 3U);
    const json two = whole.get(
        "/aggregates?group_by=strategy,symbol&since=2025-11-18T00:00:00Z&until=2025-11-18T23:00:"
        "00Z");
    EXPECT_EQ(two["source"], "events");
    const json before = whole.get(
        "/latest?by=order_id&event_type=order_event"
        "&at=2025-11-18T07:55:41.5Z");
    ASSERT_EQ(before["count"], 1);
    EXPECT_EQ(before["events"][0]["payload"]["status"], "submitted");
    const TestResponse csv =
        HttpTestClient(whole.server.port())
            .get("/api/telemetry/export?format=csv&event_type=order_event&columns=id,status");
    EXPECT_NE(csv.body.find("filled"), std::string::npos);
    const json stats = whole.get("/stats");
    EXPECT_EQ(stats["store"]["enabled"], true);
    EXPECT_EQ(stats["store"]["degraded"], false);
  };
  {
    Whole whole(folder.path());
    const auto at = [](const char* text) { return *parse_rfc3339(text); };
    TelemetryBus& bus = *whole.run.bus;
    bus.publish(
        DecisionTrace{
            .strategy_name = "m",
            .symbol = "NIFTY",
            .decision = "VETO",
            .trace_data = {{"veto_by", "risk"}, {"veto_code", "daily_loss"}, {"wanted", "BUY"}},
            .correlation_id = "C0"},
        at("2025-11-18T07:55:40Z"));
    bus.publish(SignalEvent{.symbol = "NIFTY",
                            .strategy_name = "m",
                            .signal = "BUY",
                            .price = 100.0,
                            .correlation_id = "C1"},
                at("2025-11-18T07:55:41Z"));
    OrderEvent order{.order_id = "O1", .symbol = "NIFTY", .side = "BUY", .status = "submitted"};
    order.qty = 10;
    order.strategy = "m";
    order.correlation_id = "C1";
    order.decided_at = at("2025-11-18T07:55:41Z");
    order.sent_at = at("2025-11-18T07:55:41.0015Z");
    bus.publish(order, at("2025-11-18T07:55:41.0015Z"));
    order.status = "filled";
    order.filled_qty = 10;
    order.avg_price = 100.5;
    bus.publish(order, at("2025-11-18T07:55:42Z"));
    expect_answers(whole);
  }
  Whole whole(folder.path());
  expect_answers(whole);
}

}  // namespace
}  // namespace tapedeck
