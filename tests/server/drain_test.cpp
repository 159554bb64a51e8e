// How a server goes: told beforehand, one stream after the other, with what is under way finished.
#include <atomic>
#include <future>
#include <set>

#include "server_fixture.hpp"

namespace tapedeck::testing {
namespace {
using Clock = std::chrono::steady_clock;

/// Nothing here takes a second where the machine is not busy; this much is a hang.
constexpr std::chrono::seconds kForever{60};

class Drain : public ServerTest {
 protected:
  std::future<void> stop_in_background() {
    return std::async(std::launch::async, [this] { server_->stop(); });
  }
  bool is_ready() { return get("/readyz").status == 200; }
  HttpTestClient open_stream() {
    HttpTestClient client = connect();
    client.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
    return client;
  }
};

TEST_F(Drain, BalancersAreToldWhileAllElseGoesOn) {
  ServerOptions options;
  options.drain_delay = kForever;
  start(options);
  HttpTestClient stream = open_stream();
  wait_for_streams(1);
  EXPECT_TRUE(is_ready());
  auto stopped = stop_in_background();
  EXPECT_TRUE(wait_until([&] { return !is_ready(); }));
  expect_error(get("/readyz"), 503, "shutting_down");
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(post(R"({"type":"t","payload":{}})").status, 200);
  EXPECT_NE(stream.read_message().data.find("\"t\""), std::string::npos);
  EXPECT_EQ(open_stream().at_end(), false);  // and a new one may still begin
  server_->hurry();
  EXPECT_EQ(stopped.wait_for(kForever), std::future_status::ready);
}

TEST_F(Drain, HurryBeforeTheDrainEndsTheDrainToo) {
  ServerOptions options;
  options.drain_delay = options.drain_timeout = kForever;
  start(options);
  HttpTestClient upload = connect();
  upload.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
  EXPECT_TRUE(wait_until([&] { return server_->totals().received_bytes_total > 0; }));
  auto stopped = stop_in_background();
  EXPECT_TRUE(wait_until([&] { return !is_ready(); }));
  server_->hurry();
  EXPECT_EQ(stopped.wait_for(kForever / 2), std::future_status::ready);
}

TEST_F(Drain, EveryStreamSaysGoodbyeWithARetryTimeOfItsOwn) {
  ServerOptions options;
  options.drain_timeout = kForever;  // they are told one after the other, not at its end
  start(options);
  constexpr int kStreams = 60;
  std::vector<HttpTestClient> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(open_stream());
  wait_for_streams(kStreams);
  publish_signal("NIFTY");
  auto stopped = stop_in_background();
  std::set<std::string> retries;
  for (HttpTestClient& stream : streams) {
    EXPECT_NE(stream.read_message().data.find("NIFTY"), std::string::npos);
    SseFrame last;
    while (!stream.at_end()) last = stream.read_frame();
    EXPECT_EQ(last.event, "shutdown");
    const std::size_t at = last.raw.find("retry: ");
    ASSERT_NE(at, std::string::npos) << last.raw;
    const int retry_ms = std::stoi(last.raw.substr(at + 7));
    EXPECT_GE(retry_ms, 1000);
    EXPECT_LE(retry_ms, 5000);
    retries.insert(std::to_string(retry_ms));
  }
  EXPECT_GT(retries.size(), kStreams / 2U);
  EXPECT_EQ(stopped.wait_for(kForever / 2), std::future_status::ready);
}

TEST_F(Drain, StreamsThatAreNotClosedYetGoOnMeanwhile) {
  ServerOptions options;
  options.io_threads = 1;
  options.drain_timeout = kForever;
  start(options);
  std::vector<HttpTestClient> streams;
  for (int i = 0; i < 200; ++i) streams.push_back(open_stream());
  wait_for_streams(200);
  auto stopped = stop_in_background();
  // Some have gone, others have not: with 5 ms each there is a second for this.
  EXPECT_TRUE(wait_until([&] { return server_->totals().streams < 200; }));
  publish_signal("LATE");
  std::size_t heard_it = 0;
  for (HttpTestClient& stream : streams) {
    bool heard = false;
    while (!stream.at_end()) heard |= stream.read_frame().data.find("LATE") != std::string::npos;
    heard_it += heard ? 1 : 0;
  }
  EXPECT_GT(heard_it, 0U);
  EXPECT_LT(heard_it, 200U);
  EXPECT_EQ(stopped.wait_for(kForever / 2), std::future_status::ready);
}

TEST_F(Drain, AnUploadUnderWayFinishesAndIsAnswered) {
  ServerOptions options;
  options.drain_timeout = kForever;
  start(options);
  const std::string body = R"({"type":"t","payload":{}})";
  HttpTestClient upload = connect();
  upload.send("POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 5));
  EXPECT_TRUE(wait_until([&] { return server_->totals().received_bytes_total > 0; }));
  HttpTestClient idle = connect();
  idle.get("/healthz");
  auto stopped = stop_in_background();
  EXPECT_TRUE(idle.at_end());  // nothing is under way there
  upload.send(body.substr(5));
  const TestResponse response = upload.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("connection"), "close");
  EXPECT_EQ(bus_->get_stats().published_total, 1U);
  EXPECT_EQ(stopped.wait_for(kForever / 2), std::future_status::ready);
}

TEST_F(Drain, WhoNeverReadsOrNeverFinishesIsNotWaitedForLonger) {
  ServerOptions options;
  options.stream_send_buffer_bytes = 4096;
  options.drain_timeout = std::chrono::milliseconds(300);
  start(options);
  HttpTestClient sleeper = connect(4096);
  sleeper.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
  wait_for_streams(1);
  while (server_->totals().stalled_total == 0) publish_signal("NIFTY");
  HttpTestClient upload = connect();
  const std::uint64_t before = server_->totals().received_bytes_total;
  upload.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
  EXPECT_TRUE(wait_until([&] { return server_->totals().received_bytes_total > before; }));
  auto stopped = stop_in_background();
  EXPECT_EQ(stopped.wait_for(kForever / 2), std::future_status::ready);
  EXPECT_TRUE(upload.at_end());
}

TEST_F(Drain, ANewStreamIsRefusedOnceTheDrainHasBegun) {
  ServerOptions options;
  options.drain_timeout = kForever;
  start(options);
  HttpTestClient upload = connect();  // keeps the drain going
  upload.send(
      "POST /api/telemetry/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n");
  HttpTestClient late = connect();
  late.send("GET /api/telemetry/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(wait_until([&] { return server_->totals().received_bytes_total >= 149; }));
  auto stopped = stop_in_background();
  HttpTestClient* const waiting = &upload;
  EXPECT_TRUE(wait_until([&] {  // the port is closed: the drain has begun
    try {
      connect();
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  late.send("x");
  expect_error(late.read_response(), 503, "shutting_down");
  waiting->send("x");
  EXPECT_EQ(waiting->read_response().status, 405);
  EXPECT_EQ(stopped.wait_for(kForever / 2), std::future_status::ready);
}

class Reload : public ServerTest {
 protected:
  int status_for(const std::string& headers) {
    HttpTestClient client = connect();
    client.send("GET /healthz HTTP/1.1\r\n" + headers + "\r\n");
    return client.read_response().status;
  }
};

TEST_F(Reload, AllowedHostsAndOriginsAreInForceForOpenConnectionsToo) {
  start();
  HttpTestClient open = connect();
  EXPECT_EQ(open.get("/healthz").status, 200);
  EXPECT_EQ(status_for("Host: deck.example\r\n"), 403);
  ServerOptions changed;
  changed.allowed_hosts = {"deck.example"};
  changed.allowed_origins = {"https://desk.example:8443"};
  EXPECT_FALSE(server_->reload(changed));
  EXPECT_TRUE(wait_until([&] { return status_for("Host: deck.example\r\n") == 200; }));
  EXPECT_TRUE(wait_until(
      [&] { return open.get("/healthz", "Origin: https://desk.example:8443\r\n").status == 200; }));
  EXPECT_FALSE(server_->reload({}));
  EXPECT_TRUE(wait_until([&] { return status_for("Host: deck.example\r\n") == 403; }));
}

TEST_F(Reload, LimitsAreInForceForTheNextRequest) {
  start();
  const std::string body = R"({"type":"t","payload":{}})";
  EXPECT_EQ(post(body).status, 200);
  ServerOptions changed;
  changed.body_bytes = body.size() - 1;
  changed.header_bytes = 300;
  EXPECT_FALSE(server_->reload(changed));
  EXPECT_TRUE(wait_until([&] { return post(body).status == 413; }));
  changed.body_bytes = body.size();
  EXPECT_FALSE(server_->reload(changed));
  EXPECT_TRUE(wait_until([&] { return post(body).status == 200; }));
  EXPECT_EQ(get("/healthz", "X-Long: " + std::string(400, 'x') + "\r\n").status, 431);
}

TEST_F(Reload, FewerConnectionsMayBeOpenFromNowOn) {
  start();
  HttpTestClient first = connect();
  EXPECT_EQ(first.get("/healthz").status, 200);
  ServerOptions changed;
  changed.max_connections = 1;
  EXPECT_FALSE(server_->reload(changed));
  EXPECT_TRUE(wait_until([&] { return get("/healthz").status == 503; }));
  EXPECT_EQ(first.get("/healthz").status, 200);
}

TEST_F(Reload, StreamsThatBeginLaterHaveTheNewHeartbeat) {
  start();
  ServerOptions changed;
  changed.heartbeat = std::chrono::seconds(7);
  EXPECT_FALSE(server_->reload(changed));
  EXPECT_TRUE(wait_until([&] {
    HttpTestClient stream = connect();
    stream.open_stream("/api/telemetry/stream", HttpTestClient::kEventSource);
    return json::parse(stream.read_frame().data)["heartbeat_seconds"] == 7;
  }));
}

TEST_F(Reload, WhatCanNeverMatchChangesNothing) {
  start();
  ServerOptions changed;
  changed.allowed_hosts = {"deck.example"};
  for (const char* bad : {"deck.example", "https://", "https://deck.example/path", ""}) {
    changed.allowed_origins = {bad};
    const auto problem = server_->reload(changed);
    ASSERT_TRUE(problem) << bad;
    EXPECT_NE(problem->message.find("allowed-origin"), std::string::npos);
  }
  changed.allowed_origins.clear();
  for (const char* bad : {"http://deck.example", "deck.example:9000", "a b", ""}) {
    changed.allowed_hosts = {bad};
    EXPECT_TRUE(server_->reload(changed)) << bad;
  }
  EXPECT_EQ(status_for("Host: deck.example\r\n"), 403);
}

}  // namespace
}  // namespace tapedeck::testing
