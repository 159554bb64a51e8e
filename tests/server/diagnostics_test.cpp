// The diagnostic log: its lines, and what never gets into them.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/random.hpp"
#include "server/diagnostics.hpp"
#include "server/request_log.hpp"
#include "server_fixture.hpp"

namespace tapedeck::testing {
namespace {

class LogLine : public ::testing::Test {
 protected:
  static std::string line(LogFormat format, std::string_view message,
                          std::vector<LogField> fields = {}, std::string_view request_id = {}) {
    return format_log_line(format, std::chrono::system_clock::from_time_t(0), "info", message,
                           request_id, fields);
  }
};

TEST_F(LogLine, IsReadByPeopleAsText) {
  EXPECT_EQ(line(LogFormat::text, "stopping"), "1970-01-01T00:00:00.000000Z info stopping\n");
  EXPECT_EQ(
      line(LogFormat::text, "request",
           {{"route", "/api/{id}"}, {"status", std::int64_t{200}}, {"duration_ms", 0.25}}, "r-1"),
      "1970-01-01T00:00:00.000000Z info request request_id=r-1 route=/api/{id} status=200 "
      "duration_ms=0.250\n");
}

TEST_F(LogLine, IsOneObjectAsJson) {
  const json read = json::parse(
      line(LogFormat::json, "a \"b\"\n", {{"grant", "key:\"x\""}, {"bytes", std::uint64_t{7}}}));
  EXPECT_EQ(read["time"], "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(read["level"], "info");
  EXPECT_EQ(read["message"], "a \"b\"\n");
  EXPECT_EQ(read["grant"], "key:\"x\"");
  EXPECT_EQ(read["bytes"], 7);
  EXPECT_FALSE(read.contains("request_id"));
}

TEST_F(LogLine, CannotBeBrokenByWhatIsInIt) {
  const std::string hostile = "x\n2026-01-01T00:00:00Z info all is well\r\x1b[31m\t\x7f";
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    const std::string written = line(format, hostile, {{"address", hostile}}, hostile);
    EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1);
    EXPECT_EQ(written.back(), '\n');
    for (const char c : {'\r', '\x1b', '\t', '\x7f'}) {
      // JSON may hold a DEL as it is; a terminal does nothing with it.
      if (c == '\x7f' && format == LogFormat::json) continue;
      EXPECT_EQ(written.find(c), std::string::npos);
    }
  }
}

TEST_F(LogLine, AValueCannotLookLikeTwoFields) {
  EXPECT_NE(line(LogFormat::text, "m", {{"grant", "a status=200"}}).find(R"(grant="a status=200")"),
            std::string::npos);
  EXPECT_NE(line(LogFormat::text, "m", {{"grant", ""}}).find("grant=\"\"\n"), std::string::npos);
}

TEST(RequestIdRule, TakesOverWhatIsHarmless) {
  EXPECT_TRUE(is_request_id("a"));
  EXPECT_TRUE(is_request_id(std::string(64, 'x')));
  EXPECT_TRUE(is_request_id("Az09._-"));
  EXPECT_FALSE(is_request_id(""));
  EXPECT_FALSE(is_request_id(std::string(65, 'x')));
  for (const char* bad : {"a b", "a\"", "a\n", "a/b", "ä", "a,b"}) EXPECT_FALSE(is_request_id(bad));
}

/// A server whose log goes to a file.
class DiagnosticsTest : public ServerTest {
 protected:
  DiagnosticsTest() { std::filesystem::create_directories(folder_); }
  ~DiagnosticsTest() override {
    server_.reset();
    spdlog::set_default_logger(before_);
    spdlog::set_level(spdlog::level::info);
    std::filesystem::remove_all(folder_);
  }
  DiagnosticLog::Options options(const std::string& level = "debug") const {
    return {.level = level, .format = LogFormat::json, .file = file_};
  }
  std::string written() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<json> requests() const {
    std::vector<json> out;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) {
      json read = json::parse(line);
      if (read["message"] == "request") out.push_back(std::move(read));
    }
    return out;
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("tapedeck-log-" + random_hex(8));
  const std::string file_ = folder_ / "log";
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(DiagnosticsTest, TellsOfEachRequestWithItsIdAndNeverItsQuery) {
  const DiagnosticLog log(options());
  start();
  const TestResponse response =
      get("/api/telemetry/trades/x-1?in=store", "X-Request-ID: mine-7\r\n");
  EXPECT_EQ(response.headers.at("x-request-id"), "mine-7");
  ASSERT_TRUE(wait_until([&] { return !requests().empty(); }));
  const json line = requests().front();
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["route"], "/api/telemetry/trades/{id}");
  EXPECT_EQ(line["status"], response.status);
  EXPECT_EQ(line["bytes"], response.body.size());
  EXPECT_EQ(line["request_id"], "mine-7");
  EXPECT_EQ(line["grant"], "everybody");
  EXPECT_EQ(line["address"], "127.0.0.1");
  EXPECT_GE(line["duration_ms"], 0.0);
  EXPECT_EQ(written().find("in=store"), std::string::npos);
  EXPECT_EQ(written().find("x-1"), std::string::npos);
}

TEST_F(DiagnosticsTest, EveryAnswerHasAnIdOfItsOwn) {
  start();
  std::set<std::string> ids;
  HttpTestClient client = connect();
  ids.insert(client.get("/healthz").headers.at("x-request-id"));
  ids.insert(client.get("/no/such/path", "X-Request-ID: not one!\r\n").headers.at("x-request-id"));
  ids.insert(client.request("HEAD", "/healthz").headers.at("x-request-id"));
  ids.insert(client.request("OPTIONS", "/healthz").headers.at("x-request-id"));
  ids.insert(client.get("/api/telemetry/export").headers.at("x-request-id"));
  ids.insert(get("/healthz", "Host: evil.example\r\n").headers.at("x-request-id"));
  HttpTestClient broken = connect();
  broken.send("nonsense\r\n\r\n");
  ids.insert(broken.read_response().headers.at("x-request-id"));
  HttpTestClient stream = connect();
  ids.insert(stream.open_stream("/api/telemetry/stream").headers.at("x-request-id"));
  HttpTestClient socket = connect();
  ids.insert(socket
                 .get("/api/telemetry/ws",
                      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
                 .headers.at("x-request-id"));
  EXPECT_EQ(ids.size(), 9U);
  for (const std::string& id : ids) EXPECT_TRUE(is_request_id(id)) << id;
}

TEST_F(DiagnosticsTest, ARefusalForTooManyConnectionsHasAnIdToo) {
  ServerOptions few;
  few.max_connections = 1;
  start(few);
  HttpTestClient first = connect();
  first.get("/healthz");
  HttpTestClient second = connect();
  EXPECT_TRUE(is_request_id(second.read_response().headers.at("x-request-id")));
}

TEST_F(DiagnosticsTest, CredentialsAreNeverWritten) {
  const DiagnosticLog log(options());
  start();
  const std::string secret = "tdk_0badcafe_" + random_hex(40);
  for (const std::string& header :
       {"Authorization: Bearer " + secret, "X-API-Key: " + secret,
        "Cookie: tapedeck_session=" + secret, "X-Request-ID: {" + secret + "}"}) {
    get("/api/telemetry/stats", header + "\r\n");
    get("/api/telemetry/events?limit=x", header + "\r\n");
    get("/nowhere", header + "\r\n");
  }
  get("/api/telemetry/stream?access_token=" + secret);
  get("/api/telemetry/events?access_token=" + secret + "&" + secret);
  get("/" + secret);
  connect().request("POST", "/api/telemetry/events", secret);
  HttpTestClient broken = connect();
  broken.send("GET /?" + secret + " HTTP/9.9\r\n" + secret + "\r\n\r\n");
  broken.read_to_end();
  ASSERT_TRUE(wait_until([&] { return requests().size() >= 17; }));
  EXPECT_EQ(written().find(secret.substr(13)), std::string::npos) << written();
}

TEST_F(DiagnosticsTest, WhatAHandlerLogsCarriesTheRequestsId) {
  const DiagnosticLog log(options("warn"));
  start({}, {.epoch = "e1"});
  publish_signal("NIFTY");
  history_.keep(*bus_);
  restart();
  history_.fail_with("the disk is gone");
  EXPECT_EQ(get("/api/telemetry/events?in=store", "X-Request-ID: failed-1\r\n").status, 503);
  EXPECT_EQ(json::parse(written())["request_id"], "failed-1");
}

TEST_F(DiagnosticsTest, AccessLogIsTheServersChoice) {
  const DiagnosticLog log(options("info"));
  start();
  get("/healthz", "X-Request-ID: silent\r\n");
  ServerOptions talkative;
  talkative.access_log = true;
  EXPECT_FALSE(server_->reload(talkative));
  ASSERT_TRUE(wait_until([&] {
    get("/healthz", "X-Request-ID: told\r\n");
    return !requests().empty();
  }));
  EXPECT_EQ(requests().front()["request_id"], "told");
  EXPECT_EQ(written().find("silent"), std::string::npos);
}

TEST_F(DiagnosticsTest, TheFileIsOpenedAgainSoThatItCanBeRotated) {
  DiagnosticLog log(options("info"));
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  spdlog::info("before");
  std::filesystem::rename(file_, file_ + ".1");
  spdlog::info("still before");
  log.apply(*log.prepare(options("info")));
  spdlog::info("after");
  EXPECT_EQ(json::parse(written())["message"], "after");
}

TEST_F(DiagnosticsTest, AFileThatCannotBeOpenedChangesNothing) {
  DiagnosticLog log(options("info"));
  DiagnosticLog::Options bad = options("debug");
  bad.file = folder_ / "no" / "such" / "folder";
  EXPECT_THROW(log.prepare(bad), std::system_error);
  spdlog::debug("unwanted");
  spdlog::info("wanted");
  EXPECT_EQ(json::parse(written())["message"], "wanted");
}

}  // namespace
}  // namespace tapedeck::testing
