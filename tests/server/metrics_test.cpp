// What /metrics says: that it can be read by the letter of the format, and that it is true.
#include "server/metrics_text.hpp"
#include "server_fixture.hpp"
#include "support/exposition.hpp"

namespace tapedeck::testing {
namespace {

class Metrics : public ServerTest {
 protected:
  Exposition scrape() {
    const TestResponse response = get("/metrics");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    return Exposition(response.body);
  }
  /// Until the sample has the value; what figures of a tick come to within a second.
  void wait_for_value(const std::string& name, double wanted) {
    EXPECT_TRUE(wait_until([&] { return scrape().find(name) == wanted; })) << name;
  }
  void publish_health(std::string_view engine, std::string_view status, Map metrics,
                      const std::string& engine_id = "") {
    bus_->publish(
        EngineHealth{.engine_name = engine, .status = status, .metrics = std::move(metrics)}, kNow,
        bus_->register_source({.engine_id = engine_id}));
  }
};

TEST_F(Metrics, AFreshServerHasNothingThatTheFormatForbids) {
  start();
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.value("tapedeck_events_published_total"), 0);
  EXPECT_EQ(metrics.families().at("tapedeck_build_info").samples.size(), 1U);
  EXPECT_GE(metrics.value("process_cpu_seconds_total"), 0);
  EXPECT_GT(metrics.value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(metrics.value("process_open_fds"), 3);
  EXPECT_GE(metrics.value("process_max_fds"), metrics.value("process_open_fds"));
  const double now_seconds = static_cast<double>(to_ns(now())) / 1e9;
  EXPECT_LT(metrics.value("process_start_time_seconds"), now_seconds + 1);
  EXPECT_GT(metrics.value("process_start_time_seconds"), now_seconds - 24 * 3600);
}

TEST_F(Metrics, CountersGrowWithWhatIsDone) {
  start();
  publish_signal("NIFTY");
  EXPECT_EQ(post(R"([{"type":"a","payload":{}},{"type":"a","payload":{}}])").status, 200);
  EXPECT_EQ(get("/api/telemetry/nothing").status, 404);
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.value("tapedeck_events_published_total"), 3);
  EXPECT_EQ(metrics.value("tapedeck_posted_events_total"), 2);
  EXPECT_EQ(metrics.value("tapedeck_events_published_by_type_total", {{"type", "a"}}), 2);
  EXPECT_EQ(metrics.value("tapedeck_events_published_by_type_total", {{"type", "signal_event"}}),
            1);
  EXPECT_EQ(metrics.value("tapedeck_http_responses_total", {{"class", "2xx"}}), 1);
  EXPECT_EQ(metrics.value("tapedeck_http_responses_total", {{"class", "4xx"}}), 1);
  EXPECT_GT(metrics.value("tapedeck_http_received_bytes_total"), 100);
  EXPECT_GT(metrics.value("tapedeck_http_sent_bytes_total"), 100);
  EXPECT_EQ(scrape().value("tapedeck_http_responses_total", {{"class", "2xx"}}), 2);
}

TEST_F(Metrics, RequestsAreTimedByRouteAndNeverByPath) {
  start();
  for (int i = 0; i < 3; ++i) get("/api/telemetry/trades/order-" + std::to_string(i));
  get("/no/such/place?token=1");
  connect().request("POST", "/api/telemetry/events", "{");
  const Exposition metrics = scrape();
  const std::string count = "tapedeck_http_request_duration_seconds_count";
  EXPECT_EQ(metrics.value(count, {{"method", "GET"}, {"route", "/api/telemetry/trades/{id}"}}), 3);
  EXPECT_EQ(metrics.value(count, {{"method", "POST"}, {"route", "/api/telemetry/events"}}), 1);
  EXPECT_EQ(metrics.value(count, {{"method", "other"}, {"route", "other"}}), 1);
  for (const auto& [key, value] :
       metrics.families().at("tapedeck_http_request_duration_seconds").samples) {
    EXPECT_EQ(key.second.at("route").find("order-"), std::string::npos);
  }
}

TEST_F(Metrics, LatencyIsCountedForEveryPublishedEvent) {
  start();
  for (int i = 0; i < 1000; ++i) publish_signal("NIFTY");
  bus_->flush();
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.value("tapedeck_publish_to_log_seconds_count"), 1000);
  EXPECT_GT(metrics.value("tapedeck_publish_to_log_seconds_sum"), 0);
  EXPECT_EQ(metrics.value("tapedeck_publisher_threads"), 1);
}

TEST_F(Metrics, DeliveryToAStreamIsMeasured) {
  start();
  HttpTestClient stream = connect();
  stream.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
  wait_for_streams(1);
  publish_signal("NIFTY");
  stream.read_message();
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.value("tapedeck_stream_delivery_seconds_count"), 1);
  EXPECT_EQ(metrics.value("tapedeck_stream_deliveries_total"), 1);
  EXPECT_EQ(metrics.value("tapedeck_connections", {{"kind", "sse"}}), 1);
  EXPECT_GE(metrics.value("tapedeck_connections", {{"kind", "http"}}), 1);
  EXPECT_EQ(metrics.value("tapedeck_connections", {{"kind", "ws"}}), 0);
}

TEST_F(Metrics, AStreamThatIsNotReadLagsAndOneThatIsReadDoesNot) {
  ServerOptions options;
  options.stream_send_buffer_bytes = 4096;
  start(options);
  HttpTestClient reader = connect(), sleeper = connect(4096);
  reader.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
  wait_for_value("tapedeck_stream_lag_events", 0);
  sleeper.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
  wait_for_streams(2);
  constexpr int kEvents = 5000;
  for (int i = 0; i < kEvents; ++i) publish_signal("NIFTY");
  for (int i = 0; i < kEvents; ++i) reader.read_message();
  EXPECT_TRUE(wait_until([&] {
    const Exposition metrics = scrape();
    const double most = metrics.value("tapedeck_stream_lag_max_events");
    return most > 1000 && most == metrics.value("tapedeck_stream_lag_events");
  }));
  EXPECT_GT(scrape().value("tapedeck_stream_stalls_total"), 0);
}

TEST_F(Metrics, AnEngineIsKnownByItsLastWord) {
  start();
  publish_health("MarketDataEngine", "active",
                 {{"last_tick_age_ms", 1500}, {"ticks_total", 7}, {"note", "x"}}, "paper-md");
  publish_health("MarketDataEngine", "degraded", {{"last_tick_age_ms", 2500}, {"ticks_total", 9}},
                 "paper-md");
  publish_health("ExecutionEngine", "active", {{"open_orders", 3}, {"kill_switch", true}});
  const Exposition metrics = scrape();
  const Labels engine = {{"engine_name", "MarketDataEngine"}, {"engine_id", "paper-md"}};
  const auto in_status = [&](const std::string& status) {
    Labels labels = engine;
    labels["status"] = status;
    return metrics.value("tapedeck_engine_status", labels);
  };
  EXPECT_EQ(in_status("degraded"), 1);
  EXPECT_EQ(in_status("active"), 0);
  EXPECT_EQ(in_status("error"), 0);
  EXPECT_EQ(metrics.value("tapedeck_engine_feed_age_seconds", engine), 2.5);
  EXPECT_EQ(metrics.value("tapedeck_engine_ticks_total", engine), 9);
  EXPECT_GE(metrics.value("tapedeck_engine_health_age_seconds", engine), 0);
  const Labels execution = {{"engine_name", "ExecutionEngine"}, {"engine_id", ""}};
  EXPECT_EQ(metrics.value("tapedeck_engine_open_orders", execution), 3);
  EXPECT_EQ(metrics.value("tapedeck_engine_kill_switch", execution), 1);
}

TEST_F(Metrics, AnEngineStaysKnownWhenItsLastWordHasLeftTheBuffer) {
  start({}, {.buffer_size = 10});
  publish_health("StrategyEngineV2", "error", {});
  const Labels wanted = {
      {"engine_name", "StrategyEngineV2"}, {"engine_id", ""}, {"status", "error"}};
  EXPECT_EQ(scrape().value("tapedeck_engine_status", wanted), 1);
  for (int i = 0; i < 100; ++i) publish_signal("NIFTY");
  EXPECT_EQ(scrape().value("tapedeck_engine_status", wanted), 1);
}

TEST_F(Metrics, EnginesAreBoundedAndTheOldestGo) {
  start();
  for (int i = 0; i < 300; ++i) publish_health("Engine", "active", {}, std::to_string(i));
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.families().at("tapedeck_engine_health_age_seconds").samples.size(), 256U);
  const std::string age = "tapedeck_engine_health_age_seconds";
  EXPECT_TRUE(metrics.find(age, {{"engine_name", "Engine"}, {"engine_id", "299"}}));
  EXPECT_FALSE(metrics.find(age, {{"engine_name", "Engine"}, {"engine_id", "0"}}));
}

TEST_F(Metrics, TypesAreBoundedAndTheRestIsSummedUp) {
  start();
  std::string lines;
  for (int i = 0; i < 250; ++i)
    lines += R"({"type":"t)" + std::to_string(i) + "\",\"payload\":{}}\n";
  EXPECT_EQ(post(lines, "Content-Type: application/x-ndjson\r\n").status, 200);
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.families().at("tapedeck_events_published_by_type_total").samples.size(), 201U);
  EXPECT_EQ(metrics.value("tapedeck_events_published_by_type_total", {{"type", "(other)"}}), 50);
}

TEST_F(Metrics, NamesThatEnginesChooseCannotBreakTheFormat) {
  start();
  const std::vector<std::string> names = {"quote\" } 1",
                                          "line\nbreak",
                                          "back\\slash",
                                          "\\\"",
                                          "नमस्ते",
                                          "",
                                          std::string(500, 'x'),
                                          "tab\tand\rreturn",
                                          "tapedeck_x{a=\"b\"} 1\n# TYPE x counter"};
  for (const std::string& name : names)
    publish_health(name, "what\"ever\n", {}, name.substr(0, 200));
  // Two that differ only beyond what is told of a name are one.
  publish_health(std::string(63, 'y') + "नम", "active", {});
  publish_health(std::string(63, 'y') + "नन", "active", {});
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.families().at("tapedeck_engine_health_age_seconds").samples.size(),
            names.size() + 1);
}

TEST_F(Metrics, AStoreTellsHowLongItsCommitsTake) {
  StoreHooks hooks;
  hooks.stats = [] {
    LatencyHistogram commits;
    commits.observe(2'000'000);
    commits.observe(90'000'000'000);
    store::StoreStats stats;
    stats.events = 5;
    stats.commit_latency = commits.snapshot();
    return stats;
  };
  restart("e1", {}, {}, hooks);
  const Exposition metrics = scrape();
  EXPECT_EQ(metrics.value("tapedeck_store_events"), 5);
  EXPECT_EQ(metrics.value("tapedeck_store_commit_seconds_count"), 2);
  EXPECT_EQ(metrics.value("tapedeck_store_commit_seconds_bucket", {{"le", "0.0025"}}), 1);
  EXPECT_EQ(metrics.value("tapedeck_store_commit_seconds_bucket", {{"le", "10"}}), 1);
  EXPECT_DOUBLE_EQ(metrics.value("tapedeck_store_commit_seconds_sum"), 90.002);
  server_.reset();
}

TEST(LabelValues, AreEscapedAsTheFormatSays) {
  EXPECT_EQ(escape_label_value("plain"), "plain");
  EXPECT_EQ(escape_label_value("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  EXPECT_EQ(escape_label_value("\xE0\xA4\xA8"), "\xE0\xA4\xA8");
  for (const std::string_view bad : {"\xFF", "\xC0", "\xE0\xA4", "\xED\xA0\x80", "\xF5"}) {
    EXPECT_EQ(escape_label_value(bad).substr(0, 3), "\xEF\xBF\xBD") << bad;
  }
}

TEST(LabelValues, SurviveAnyBytes) {
  std::uint32_t random = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string value;
    for (int i = 0; i < 12; ++i) {
      random = random * 1664525U + 1013904223U;
      // Mostly what is special, so that combinations come.
      constexpr std::string_view kSpecial = "\\\"\n{}=, \xE0\xA4\xC3";
      value += random % 4 == 0 ? static_cast<char>(random >> 24)
                               : kSpecial[(random >> 16) % kSpecial.size()];
    }
    MetricsText text;
    text.family("m", MetricsText::Type::gauge, "h");
    text.value({{"l", value}}, std::uint64_t{1});
    ASSERT_NO_THROW(Exposition{text.take()}) << value;
  }
}

TEST(LatencyHistogram, PutsAValueIntoTheFirstBucketThatHoldsIt) {
  LatencyHistogram histogram;
  histogram.observe(-5);
  histogram.observe(1'000);
  histogram.observe(1'001);
  histogram.observe(10'000'000'000);
  histogram.observe(10'000'000'001, 3);
  const auto values = histogram.snapshot();
  EXPECT_EQ(values.counts[0], 2U);
  EXPECT_EQ(values.counts[1], 1U);
  EXPECT_EQ(values.counts[21], 1U);
  EXPECT_EQ(values.counts[22], 3U);
  EXPECT_EQ(values.count(), 7U);
  EXPECT_EQ(values.sum_ns, 1'000U + 1'001U + 10'000'000'000U + 3 * 10'000'000'001U);
}

}  // namespace
}  // namespace tapedeck::testing
