#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

constexpr const char* kSignal =
    R"({"type":"signal_event","payload":{"symbol":"NIFTY","strategy_name":"m","signal":"BUY"}})";

class Rest : public ServerTest {};

TEST_F(Rest, StatsTellWhatTheBufferHolds) {
  start({}, {.buffer_size = 3});
  for (int i = 0; i < 5; ++i) publish_signal("NIFTY");
  const TestResponse response = get("/api/telemetry/stats");
  const json stats = json::parse(response.body);
  EXPECT_EQ(response.headers.at("content-type"), "application/json");
  EXPECT_EQ(stats["ok"], true);
  EXPECT_EQ(stats["total_events"], 3);
  EXPECT_EQ(stats["buffer_size"], 3);
  EXPECT_EQ(stats["event_types"], json({"signal_event"}));
  EXPECT_EQ(stats["event_counts"], json({{"signal_event", 3}}));
  EXPECT_EQ(stats["published_total"], 5);
  EXPECT_EQ(stats["evicted_total"], 2);
  EXPECT_EQ(stats["dropped_total"], 0);
  EXPECT_EQ(stats["rejected_total"], 0);
  EXPECT_EQ(stats["subscribers"], 0);
  EXPECT_EQ(stats["first_id"], id(3));
  EXPECT_EQ(stats["last_id"], id(5));
  EXPECT_TRUE(stats["store"].is_object());
  EXPECT_GE(stats["uptime_seconds"], 0.0);
}

TEST_F(Rest, EventsComeNewestLastAndAHundredByDefault) {
  start();
  for (int i = 0; i < 150; ++i) publish_signal("S" + std::to_string(i));
  const json answer = json::parse(get("/api/telemetry/events").body);
  EXPECT_EQ(answer["ok"], true);
  ASSERT_EQ(answer["count"], 100);
  EXPECT_EQ(answer["events"].front()["payload"]["symbol"], "S50");
  EXPECT_EQ(answer["events"].back()["payload"]["symbol"], "S149");
  EXPECT_EQ(answer["next"], id(51));
}

TEST_F(Rest, LimitIsCappedAtAThousandAndMustBeAPositiveNumber) {
  start();
  for (int i = 0; i < 1100; ++i) publish_signal("N");
  EXPECT_EQ(json::parse(get("/api/telemetry/events?limit=1").body)["count"], 1);
  EXPECT_EQ(json::parse(get("/api/telemetry/events?limit=1000").body)["count"], 1000);
  EXPECT_EQ(json::parse(get("/api/telemetry/events?limit=5000").body)["count"], 1000);
  for (const char* bad : {"0", "-1", "abc", "", "1.5", "99999999999999999999"}) {
    expect_error(get("/api/telemetry/events?limit=" + std::string(bad)), 400, "invalid_parameter",
                 "limit");
  }
}

TEST_F(Rest, PagesReachEveryEventOnceAndEndWithoutNext) {
  start();
  for (int i = 0; i < 25; ++i) publish_signal("S" + std::to_string(i));
  std::vector<std::string> seen;
  std::string cursor;
  for (;;) {
    const json page = json::parse(get("/api/telemetry/events?limit=10" + cursor).body);
    for (auto event = page["events"].rbegin(); event != page["events"].rend(); ++event) {
      seen.push_back((*event)["payload"]["symbol"]);
    }
    if (!page.contains("next")) break;
    cursor = "&cursor=" + page["next"].get<std::string>();
  }
  ASSERT_EQ(seen.size(), 25U);
  for (int i = 0; i < 25; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], "S" + std::to_string(24 - i));
  }
}

TEST_F(Rest, FiltersTakeListsAndAreAnded) {
  start();
  publish_signal("NIFTY", "BUY");
  publish_signal("INFY", "SELL");
  publish_signal("TCS", "BUY");
  bus_->publish(OrderEvent{.order_id = "O1", .symbol = "NIFTY", .side = "BUY", .status = "new"});
  const auto count = [&](const std::string& query) {
    return json::parse(get("/api/telemetry/events?" + query).body)["count"].get<int>();
  };
  EXPECT_EQ(count("symbol=NIFTY"), 2);
  EXPECT_EQ(count("symbol=NIFTY,TCS"), 3);
  EXPECT_EQ(count("symbol=NIFTY&event_type=order_event"), 1);
  EXPECT_EQ(count("strategy=momentum"), 3);
  EXPECT_EQ(count("order_id=O1"), 1);
  EXPECT_EQ(count("symbol=NOTHING"), 0);
  EXPECT_EQ(count("event_type=order_event,signal_event&limit=2"), 2);
}

TEST_F(Rest, AnExpressionIsOneMoreFilter) {
  start();
  for (int i = 0; i < 10; ++i) {
    bus_->publish(SignalEvent{.symbol = i % 2 == 0 ? "A" : "B",
                              .strategy_name = "m",
                              .signal = "BUY",
                              .confidence = i / 10.0});
  }
  const auto count = [&](const std::string& query) {
    return json::parse(get("/api/telemetry/events?" + query).body)["count"];
  };
  EXPECT_EQ(count("filter=payload.confidence%20%3E%200.65"), 3);
  EXPECT_EQ(count("symbol=A&filter=payload.confidence%20%3E%200.65"), 1);
  EXPECT_EQ(count("filter=payload.symbol%20in%20%5B%27B%27%5D"), 5);
  const json latest = json::parse(
      get("/api/telemetry/latest?by=symbol&filter=payload.confidence%20%3C%200.5").body);
  ASSERT_EQ(latest["count"], 2);
  EXPECT_EQ(latest["events"][1]["payload"]["confidence"], 0.4);
  const TestResponse wrong = get("/api/telemetry/events?filter=payload.confidence%20%3D%201");
  expect_error(wrong, 400, "invalid_filter", "filter");
  EXPECT_NE(json::parse(wrong.body)["error"].get<std::string>().find("column 20"),
            std::string::npos);
  expect_error(get("/api/telemetry/stream?filter=1"), 400, "invalid_filter", "filter");
  expect_error(get("/api/telemetry/events?filter=true&filter=true"), 400, "invalid_parameter",
               "filter");
}

TEST_F(Rest, FiltersMatchSpecialCharacters) {
  start();
  publish_signal("M&M");
  publish_signal("A\"B\\C");
  EXPECT_EQ(json::parse(get("/api/telemetry/events?symbol=M%26M").body)["count"], 1);
  EXPECT_EQ(json::parse(get("/api/telemetry/events?symbol=A%22B%5CC").body)["count"], 1);
}

TEST_F(Rest, SinceAndUntilTakeTimesInclusiveAndIdsExclusive) {
  start();
  for (int minute = 0; minute < 5; ++minute) {
    bus_->publish(SignalEvent{.symbol = "N", .strategy_name = "m", .signal = "BUY"},
                  *parse_rfc3339("2025-11-18T09:0" + std::to_string(minute) + ":00+05:30"));
  }
  const auto count = [&](const std::string& query) {
    return json::parse(get("/api/telemetry/events?" + query).body)["count"].get<int>();
  };
  EXPECT_EQ(count("since=2025-11-18T09:03:00%2B05:30"), 2);
  EXPECT_EQ(count("until=2025-11-18T03:31:00Z"), 2);
  EXPECT_EQ(count("since=" + id(2)), 3);
  EXPECT_EQ(count("until=" + id(2)), 1);
  EXPECT_EQ(count("since=" + id(1) + "&until=" + id(4)), 2);
  expect_error(get("/api/telemetry/events?since=yesterday"), 400, "invalid_parameter", "since");
}

TEST_F(Rest, AnUnknownParameterIsAnErrorAndPolyfillsAreNot) {
  start();
  for (const char* path : {"/api/telemetry/events", "/api/telemetry/stats", "/api/telemetry/stream",
                           "/api/telemetry/latest", "/healthz"}) {
    expect_error(get(std::string(path) + "?symbl=NIFTY"), 400, "unknown_parameter", "symbl");
  }
  EXPECT_EQ(get("/api/telemetry/events?_=1763452541&lastEventId=").status, 200);
  expect_error(get("/api/telemetry/events?symbol="), 400, "invalid_parameter", "symbol");
}

TEST_F(Rest, PostTakesOneEventAnArrayAndLines) {
  start();
  const json one = json::parse(post(kSignal).body);
  EXPECT_EQ(one["ok"], true);
  EXPECT_EQ(one["accepted"], 1);
  EXPECT_EQ(one["first_id"], id(1));
  const std::string two = std::string(kSignal) + "," + kSignal;
  EXPECT_EQ(json::parse(post("[" + two + "]").body)["last_id"], id(3));
  const json lines = json::parse(post(std::string(kSignal) + "\n\n" + kSignal + "\r\n" + kSignal,
                                      "Content-Type: application/x-ndjson\r\n")
                                     .body);
  EXPECT_EQ(lines["accepted"], 3);
  EXPECT_EQ(bus_->get_stats().total_events, 6U);
}

TEST_F(Rest, PostedEventsKeepTheirNumbersAndLoseOnlyWhiteSpace) {
  start();
  post(R"({ "type" : "x.y:z-1", "timestamp":"2025-11-18T13:25:41.5+05:30",
            "payload":{"b": 1.10, "a": [1e5, {"c": "q\"\\"}], "big": 123456789012345678901 },
            "id":"mine-1", "source":{"host":"a1"} })");
  EXPECT_EQ(bus_->get_recent_events().back().json,
            R"({"type":"x.y:z-1","timestamp":"2025-11-18T07:55:41.500000Z","payload":{"b":1.10,)"
            R"("a":[1e5,{"c":"q\u0022\u005c"}],"big":123456789012345678901},"id":")" +
                id(1) + R"(","source":{"host":"a1"}})");
}

TEST_F(Rest, OneBadEventRejectsTheWholeBatchAndNamesIt) {
  start();
  const std::string bad = R"({"type":"signal_event","payload":{"symbol":"N","signal":"BUY"}})";
  const TestResponse response = post("[" + std::string(kSignal) + "," + bad + "]");
  expect_error(response, 422, "invalid_event", "/1/payload/strategy_name");
  EXPECT_EQ(bus_->get_stats().total_events, 0U);
}

TEST_F(Rest, BadBodiesGetTheirOwnStatus) {
  start();
  expect_error(post("{\"type\":"), 400, "malformed_json");
  expect_error(post("not json"), 400, "malformed_json");
  expect_error(post("[]"), 400, "empty_batch");
  expect_error(post("42"), 422, "invalid_event");
  expect_error(post(R"({"payload":{}})"), 422, "invalid_event", "/type");
  expect_error(post(R"({"type":"x","payload":[]})"), 422, "invalid_event", "/payload");
  expect_error(post(R"({"type":"x y","payload":{}})"), 422, "invalid_event", "/type");
  expect_error(post(R"({"type":"x","payload":{},"timestamp":"18/11/2025"})"), 422, "invalid_event",
               "/timestamp");
  expect_error(
      post(R"({"type":"signal_event","payload":{"symbol":1,"strategy_name":"m","signal":"B"}})"),
      422, "invalid_event", "/payload/symbol");
  expect_error(post(kSignal, "Content-Type: multipart/form-data\r\n"), 415,
               "unsupported_media_type", "Content-Type");
  expect_error(post(R"({"type":"x","payload":{"d":")" + std::string(70'000, 'x') + R"("}})"), 413,
               "payload_too_large", "/payload");
  expect_error(
      post(R"({"type":"x","payload":)" + std::string(70, '[') + std::string(70, ']') + "}"), 422,
      "invalid_event", "/payload");
  expect_error(
      post(R"({"type":"x","payload":{"d":)" + std::string(70, '[') + std::string(70, ']') + "}}"),
      422, "too_deep");
  EXPECT_EQ(bus_->get_stats().total_events, 0U);
}

TEST_F(Rest, DeleteClearsDefaultReadsAndStreamsGoOn) {
  start();
  publish_signal("OLD");
  HttpTestClient stream = connect();
  stream.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
  EXPECT_EQ(connect().request("DELETE", "/api/telemetry/events").status, 200);
  EXPECT_EQ(json::parse(get("/api/telemetry/events").body)["count"], 0);
  EXPECT_EQ(json::parse(get("/api/telemetry/stats").body)["total_events"], 0);
  EXPECT_EQ(json::parse(get("/api/telemetry/stats").body)["first_id"], nullptr);
  publish_signal("NEW");
  EXPECT_EQ(json::parse(stream.read_message().data)["payload"]["symbol"], "NEW");
  EXPECT_EQ(json::parse(get("/api/telemetry/events").body)["count"], 1);
}

TEST_F(Rest, ACommandIsPublishedAsARequest) {
  start();
  const auto command = [&](std::string_view body) {
    return connect().request("POST", "/api/telemetry/commands", body, {});
  };
  const TestResponse response = command(R"({"command":"kill","reason":"enough"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body), json({{"ok", true}, {"id", id(1)}}));
  const json events = json::parse(get("/api/telemetry/events?event_type=command_event").body);
  ASSERT_EQ(events["count"], 1);
  EXPECT_EQ(events["events"][0]["id"], id(1));
  EXPECT_EQ(events["events"][0]["payload"], json({{"command", "kill"},
                                                  {"target", "*"},
                                                  {"state", "requested"},
                                                  {"reason", "enough"},
                                                  {"by", "api"}}));
  expect_error(command("{"), 400, "malformed_json");
  expect_error(command(R"({"command":"kill","tagret":"*"})"), 422, "invalid_event", "/tagret");
  expect_error(connect().get("/api/telemetry/commands"), 405, "method_not_allowed");
  expect_error(
      connect().request("POST", "/api/telemetry/commands?x=1", R"({"command":"kill"})", {}), 400,
      "unknown_parameter", "x");
}

TEST_F(Rest, LatestGivesTheNewestEventOfEachKey) {
  start();
  for (const char* symbol : {"NIFTY", "INFY", "NIFTY", "TCS", "INFY"}) publish_signal(symbol);
  bus_->publish(OrderEvent{.order_id = "O1", .symbol = "NIFTY", .side = "BUY", .status = "new"});
  const json by_default = json::parse(get("/api/telemetry/latest").body);
  EXPECT_EQ(by_default["count"], 4);
  EXPECT_EQ(by_default["events"].back()["type"], "order_event");
  const json signals =
      json::parse(get("/api/telemetry/latest?event_type=signal_event&by=symbol,strategy").body);
  ASSERT_EQ(signals["count"], 3);
  EXPECT_EQ(signals["events"][0]["id"], id(3));
  EXPECT_EQ(signals["events"][2]["id"], id(5));
  EXPECT_EQ(json::parse(get("/api/telemetry/latest?by=type").body)["count"], 2);
  expect_error(get("/api/telemetry/latest?by=colour"), 400, "invalid_parameter", "by");
}

TEST_F(Rest, UnknownPathsAndWrongMethodsSayWhatThereIs) {
  start();
  expect_error(get("/api/telemetry/nothing"), 404, "not_found");
  const TestResponse put = connect().request("PUT", "/api/telemetry/events", "x");
  expect_error(put, 405, "method_not_allowed");
  EXPECT_EQ(put.headers.at("allow"), "GET, HEAD, POST, DELETE, OPTIONS");
  const TestResponse options = connect().request("OPTIONS", "/api/telemetry/events", {},
                                                 "Origin: http://localhost:5173\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("access-control-allow-origin"), "http://localhost:5173");
  EXPECT_EQ(options.headers.at("access-control-expose-headers"),
            "Retry-After, Idempotency-Replayed, Content-Disposition, X-Request-ID");
}

TEST_F(Rest, OperationsEndpointsAnswer) {
  start();
  publish_signal("NIFTY");
  EXPECT_EQ(json::parse(get("/healthz").body)["ok"], true);
  EXPECT_EQ(json::parse(get("/readyz").body)["ok"], true);
  EXPECT_EQ(json::parse(get("/version").body)["name"], "tapedeck");
  EXPECT_TRUE(
      json::parse(get("/api/telemetry/schema").body)["schema"]["$defs"].contains("order_event"));
  const TestResponse page = get("/");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("Tapedeck"), std::string::npos);
  bus_->flush();
  const TestResponse metrics = get("/metrics");
  EXPECT_NE(metrics.body.find("\ntapedeck_events_published_total 1\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("\n# TYPE tapedeck_streams gauge\n"), std::string::npos);
  const TestResponse head = connect().request("HEAD", "/healthz");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "12");
}

}  // namespace
}  // namespace tapedeck::testing
