// REST over events that are no longer in memory: GET /events and /latest with a history behind the
// log, and what happens when it is slow, full or broken.
#include <thread>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;

class HistoryRest : public ServerTest {
 protected:
  /// Numbers 1 to `past` of a former run in the history, `present` in memory; symbols S1, S2, ...
  void publish_past_and_present(int past, int present, ServerOptions options = {}) {
    restart("e1");
    for (int i = 1; i <= past; ++i) publish_signal("S" + std::to_string(i));
    history_.keep(*bus_);
    restart("e1", std::move(options));
    for (int i = past + 1; i <= past + present; ++i) publish_signal("S" + std::to_string(i));
  }
  json events(const std::string& query = {}) {
    return json::parse(get("/api/telemetry/events" + query).body);
  }
  static std::vector<std::string> symbols(const json& answer) {
    std::vector<std::string> out;
    for (const json& event : answer["events"]) out.push_back(event["payload"]["symbol"]);
    return out;
  }
};

TEST_F(HistoryRest, DefaultReadsGoOnBehindTheBufferInTheStore) {
  publish_past_and_present(4, 2);
  EXPECT_EQ(symbols(events()), (std::vector<std::string>{"S1", "S2", "S3", "S4", "S5", "S6"}));
  EXPECT_EQ(symbols(events("?limit=3")), (std::vector<std::string>{"S4", "S5", "S6"}));
  EXPECT_EQ(symbols(events("?symbol=S2,S5")), (std::vector<std::string>{"S2", "S5"}));
}

TEST_F(HistoryRest, WhatTheBufferAnswersInFullNeverAsksTheHistory) {
  publish_past_and_present(4, 20);
  EXPECT_EQ(events("?limit=10")["count"], 10);
  EXPECT_EQ(events("?in=buffer")["count"], 20);
  EXPECT_EQ(history_.reads(), 0);
}

TEST_F(HistoryRest, InChoosesBufferOrStore) {
  publish_past_and_present(4, 2);
  EXPECT_EQ(symbols(events("?in=buffer")), (std::vector<std::string>{"S5", "S6"}));
  EXPECT_EQ(events("?in=store")["count"], 6);
  EXPECT_EQ(events("?in=buffer&since=" + id(1))["count"], 2);
  expect_error(get("/api/telemetry/events?in=cellar"), 400, "invalid_parameter", "in");
}

TEST_F(HistoryRest, ClearingHidesStoredEventsFromDefaultReadsOnly) {
  publish_past_and_present(4, 2);
  connect().request("DELETE", "/api/telemetry/events");
  EXPECT_EQ(events()["count"], 0);
  EXPECT_EQ(json::parse(get("/api/telemetry/latest").body)["count"], 0);
  EXPECT_EQ(events("?in=store")["count"], 6);
  EXPECT_EQ(events("?since=" + id(2))["count"], 4);
  EXPECT_EQ(events("?until=2100-01-01T00:00:00Z")["count"], 6);
  publish_signal("NEW");
  EXPECT_EQ(symbols(events()), (std::vector<std::string>{"NEW"}));
}

TEST_F(HistoryRest, PagesGoFromMemoryIntoTheStoreAndOverEpochs) {
  publish_past_and_present(9, 3);
  bus_->flush();
  history_.keep(*bus_);
  restart("e2");
  for (int i = 13; i <= 15; ++i) publish_signal("S" + std::to_string(i));
  std::vector<std::string> ids;
  std::string cursor;
  for (;;) {
    const json page = events("?limit=4" + cursor);
    for (auto event = page["events"].rbegin(); event != page["events"].rend(); ++event) {
      ids.push_back((*event)["id"]);
    }
    if (!page.contains("next")) break;
    cursor = "&cursor=" + page["next"].get<std::string>();
  }
  ASSERT_EQ(ids.size(), 15U);
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_EQ(ids[i], (i < 3 ? "e2-" : "e1-") + std::to_string(15 - i));
  }
  expect_error(get("/api/telemetry/events?cursor=other-3"), 400, "invalid_parameter", "cursor");
}

TEST_F(HistoryRest, AScanThatStopsAtItsLimitAnswersWhereToGoOn) {
  ServerOptions options;
  options.read_looks = 5;
  publish_past_and_present(12, 1, options);
  std::string cursor;
  std::size_t pages = 0;
  std::vector<std::string> found;
  for (;; ++pages) {
    const json page = events("?symbol=S1" + cursor);
    for (const std::string& symbol : symbols(page)) found.push_back(symbol);
    if (!page.contains("next")) break;
    EXPECT_EQ(page["count"], 0);
    cursor = "&cursor=" + page["next"].get<std::string>();
  }
  EXPECT_EQ(found, std::vector<std::string>{"S1"});
  EXPECT_EQ(pages, 2U);
}

TEST_F(HistoryRest, LatestReachesBackAndAtGivesTheStateOfThatMoment) {
  restart("e1");
  const auto publish_at = [&](std::string_view symbol, std::string_view signal, const char* time) {
    bus_->publish(SignalEvent{.symbol = symbol, .strategy_name = "m", .signal = signal},
                  *parse_rfc3339(time));
  };
  publish_at("A", "BUY", "2025-11-18T09:00:00Z");
  publish_at("B", "BUY", "2025-11-18T09:01:00Z");
  publish_at("A", "SELL", "2025-11-18T09:02:00Z");
  history_.keep(*bus_);
  restart("e1");
  publish_at("B", "EXIT", "2025-11-18T09:03:00Z");
  const auto state = [&](const std::string& query) {
    std::string out;
    const json answer = json::parse(get("/api/telemetry/latest?by=symbol" + query).body);
    for (const json& event : answer["events"]) {
      out += event["payload"]["symbol"].get<std::string>() + "=" +
             event["payload"]["signal"].get<std::string>() + " ";
    }
    return out;
  };
  EXPECT_EQ(state(""), "A=SELL B=EXIT ");
  EXPECT_EQ(state("&at=2025-11-18T09:02:30Z"), "B=BUY A=SELL ");
  EXPECT_EQ(state("&at=2025-11-18T09:01:00Z"), "A=BUY B=BUY ");
  EXPECT_EQ(state("&at=2025-11-18T08:00:00Z"), "");
  connect().request("DELETE", "/api/telemetry/events");
  EXPECT_EQ(state(""), "");
  EXPECT_EQ(state("&at=2025-11-18T09:02:30Z"), "B=BUY A=SELL ");
  expect_error(get("/api/telemetry/latest?at=noon"), 400, "invalid_parameter", "at");
  expect_error(get("/api/telemetry/latest?until=2025-11-18T09:00:00Z&at=2025-11-18T09:00:00Z"), 400,
               "invalid_parameter", "at");
}

TEST_F(HistoryRest, LatestDoesNotReachBelowSince) {
  publish_past_and_present(4, 1);
  const json answer = json::parse(get("/api/telemetry/latest?by=symbol&since=" + id(2)).body);
  EXPECT_EQ(symbols(answer), (std::vector<std::string>{"S3", "S4", "S5"}));
  EXPECT_EQ(answer["truncated"], false);
}

TEST_F(HistoryRest, ABrokenStoreIsToldAndMemoryGoesOnAnswering) {
  publish_past_and_present(4, 2);
  history_.fail_with("The disk is on fire; see the server's log.");
  const TestResponse broken = get("/api/telemetry/events");
  expect_error(broken, 503, "store_unreadable");
  EXPECT_EQ(json::parse(broken.body)["error"], "The disk is on fire; see the server's log.");
  expect_error(get("/api/telemetry/latest"), 503, "store_unreadable");
  EXPECT_EQ(events("?in=buffer")["count"], 2);
}

TEST_F(HistoryRest, ASlowReadHoldsUpNobodyElseAndTooManyAreRefused) {
  ServerOptions options;
  options.read_threads = 1;
  options.read_queue = 1;
  options.io_threads = 1;
  publish_past_and_present(4, 2, options);
  history_.hold_reads();
  HttpTestClient reading = connect(), waiting = connect();
  reading.send("GET /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return history_.waiting() == 1; }));
  // Once the first of these two is answered the other waits: they are one thread's work.
  waiting.send(
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(waiting.read_response().status, 200);
  const TestResponse refused = get("/api/telemetry/events");
  expect_error(refused, 503, "busy");
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(get("/healthz").status, 200);
  history_.let_go();
  EXPECT_EQ(json::parse(reading.read_response().body)["count"], 6);
  EXPECT_EQ(json::parse(waiting.read_response().body)["count"], 6);
}

TEST_F(HistoryRest, PipelinedRequestsAreAnsweredInOrderWhateverTheyWaitFor) {
  publish_past_and_present(4, 2);
  HttpTestClient client = connect();
  client.send(
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /api/telemetry/events?in=buffer HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(json::parse(client.read_response().body).contains("count"));
  EXPECT_EQ(json::parse(client.read_response().body)["count"], 6);
  EXPECT_EQ(json::parse(client.read_response().body)["count"], 2);
}

TEST_F(HistoryRest, AClientThatLeavesWhileItsReadWaitsIsForgotten) {
  publish_past_and_present(4, 2);
  history_.hold_reads();
  {
    HttpTestClient client = connect();
    client.send("GET /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(wait_until([&] { return history_.waiting() == 1; }));
    client.reset_on_close();
  }
  history_.let_go();
  EXPECT_EQ(events()["count"], 6);
  EXPECT_TRUE(wait_until([&] { return server_->totals().connections <= 1; }));
}

TEST_F(HistoryRest, StoppingDoesNotWaitForTheAnswerOfASlowRead) {
  ServerOptions options;
  options.drain_timeout = 20ms;
  publish_past_and_present(4, 2, options);
  history_.hold_reads();
  HttpTestClient client = connect();
  client.send("GET /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return history_.waiting() == 1; }));
  std::thread stopper([this] { server_->stop(); });
  EXPECT_EQ(client.read_to_end(), "");  // cut off when the drain time is over
  history_.let_go();                    // the read itself is waited for
  stopper.join();
}

}  // namespace
}  // namespace tapedeck::testing
