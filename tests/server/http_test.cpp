// HTTP itself: hosts and origins, keep-alive, pipelining, limits, deadlines, hostile clients.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;

class Http : public ServerTest {};

TEST_F(Http, OnlyItsOwnNamesAreAnswered) {
  ServerOptions options;
  options.allowed_hosts = {"deck.example"};
  start(options);
  const auto status_for = [&](const std::string& host) {
    HttpTestClient client = connect();
    client.send("GET /healthz HTTP/1.1\r\n" + host + "\r\n");
    return client.read_response();
  };
  for (const char* good :
       {"Host: localhost:9000\r\n", "Host: 127.0.0.1\r\n", "Host: [::1]:9000\r\n",
        "Host: LOCALHOST\r\n", "Host: app.localhost\r\n", "Host: deck.example:80\r\n"}) {
    EXPECT_EQ(status_for(good).status, 200) << good;
  }
  for (const char* bad : {"Host: evil.example\r\n", "Host: localhost.evil.example\r\n",
                          "Host: 10.0.0.1:9000\r\n", "Host: 127.0.0.1.evil.example\r\n"}) {
    expect_error(status_for(bad), 403, "host_not_allowed", "Host");
  }
  expect_error(status_for(""), 400, "missing_host", "Host");
}

TEST_F(Http, ForeignPagesMayNotCallAndKnownOnesMay) {
  ServerOptions options;
  options.allowed_origins = {"https://deck.example"};
  start(options);
  for (const char* good : {"http://localhost:5173", "http://127.0.0.1", "https://deck.example"}) {
    const TestResponse response = get("/healthz", "Origin: " + std::string(good) + "\r\n");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("access-control-allow-origin"), good);
  }
  for (const char* bad : {"https://evil.example", "null", "http://localhost.evil.example",
                          "file://", "http://deck.example"}) {
    const TestResponse response =
        connect().request("POST", "/api/telemetry/events", R"({"type":"x","payload":{}})",
                          "Origin: " + std::string(bad) + "\r\n");
    expect_error(response, 403, "origin_not_allowed", "Origin");
    EXPECT_EQ(response.headers.count("access-control-allow-origin"), 0U);
  }
  EXPECT_EQ(bus_->get_stats().total_events, 0U);
}

TEST_F(Http, ConnectionsAreKeptAndPipelinedRequestsAnsweredInOrder) {
  start();
  HttpTestClient client = connect();
  EXPECT_EQ(client.get("/healthz").status, 200);
  client.send(
      "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 25\r\n\r\n"
      R"({"type":"x","payload":{}})"
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_response().status, 404);
  EXPECT_EQ(json::parse(client.read_response().body)["accepted"], 1);
  EXPECT_EQ(client.read_response().headers.at("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, ARequestMayComeByteByByte) {
  start();
  HttpTestClient client = connect();
  for (const char c : std::string("POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Length: 25\r\n\r\n{\"type\":\"x\",\"payload\":{}}")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Http, ChunkedBodiesAndExpectContinueWork) {
  start();
  HttpTestClient client = connect();
  client.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n{\"type\":\r\n11\r\n\"x\",\"payload\":{}}\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 200);
  client.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 25\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 100);
  client.send(R"({"type":"x","payload":{}})");
  EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Http, ABodyAtTheLimitPassesAndOneByteMoreIsRefusedBeforeItIsSent) {
  ServerOptions options;
  options.body_bytes = 1000;
  start(options);
  const std::string event = R"({"type":"x","payload":{}})";
  EXPECT_EQ(post(event + std::string(1000 - event.size(), ' ')).status, 200);
  expect_error(post(event + std::string(1001 - event.size(), ' ')), 413, "body_too_large");
  HttpTestClient huge = connect();
  huge.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n"
      "Expect: 100-continue\r\n\r\n");
  expect_error(huge.read_response(), 413, "body_too_large");
  HttpTestClient chunked = connect();
  chunked.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "7d0\r\n" +
      std::string(2000, ' ') + "\r\n0\r\n\r\n");
  expect_error(chunked.read_response(), 413, "body_too_large");
}

TEST_F(Http, AHundredMegabytesAreRefusedAndTheClientSeesWhy) {
  start();
  HttpTestClient client = connect();
  client.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
      "104857600\r\n\r\n");
  const std::string chunk(1 << 20, 'x');
  for (int i = 0; i < 100 && client.try_send(chunk); ++i) {
  }
  expect_error(client.read_response(), 413, "body_too_large");
}

TEST_F(Http, HeadersAtTheLimitPassAndLargerOnesAreRefused) {
  ServerOptions options;
  options.header_bytes = 4096;
  start(options);
  EXPECT_EQ(get("/healthz", "X-Long: " + std::string(3500, 'x') + "\r\n").status, 200);
  expect_error(get("/healthz", "X-Long: " + std::string(5000, 'x') + "\r\n"), 431,
               "header_too_large");
}

TEST_F(Http, NonsenseIsABadRequest) {
  start();
  for (const char* nonsense : {"\x16\x03\x01 TLS hello\r\n\r\n", "GET\r\n\r\n",
                               "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n"}) {
    HttpTestClient client = connect();
    client.send(nonsense);
    EXPECT_EQ(client.read_response().status, 400) << nonsense;
  }
  HttpTestClient client = connect();
  client.send("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect_error(client.read_response(), 400, "malformed_target");
}

TEST_F(Http, ASlowHeaderIsCutOffWithAnAnswer) {
  ServerOptions options;
  options.header_timeout = 1s;
  start(options);
  HttpTestClient client = connect();
  client.send("GET /healthz HTTP/1.1\r\nX-Slow: ");
  expect_error(client.read_response(), 408, "request_timeout");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, ASlowBodyIsCutOffWithAnAnswer) {
  ServerOptions options;
  options.body_timeout = 1s;
  start(options);
  HttpTestClient client = connect();
  client.send(
      "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 25\r\n\r\n{");
  expect_error(client.read_response(), 408, "request_timeout");
}

TEST_F(Http, AnIdleConnectionIsClosedQuietly) {
  ServerOptions options;
  options.idle_timeout = 1s;
  start(options);
  HttpTestClient client = connect();
  EXPECT_EQ(client.get("/healthz").status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, ConnectionsBeyondTheLimitAreToldSo) {
  ServerOptions options;
  options.max_connections = 2;
  start(options);
  HttpTestClient first = connect(), second = connect();
  EXPECT_EQ(first.get("/healthz").status, 200);
  EXPECT_EQ(second.get("/healthz").status, 200);
  HttpTestClient third = connect();
  expect_error(third.read_response(), 503, "too_many_connections");
}

TEST_F(Http, AHalfClosedClientStillGetsItsAnswer) {
  start();
  HttpTestClient client = connect();
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.shut_down_writing();
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http, ClientsThatVanishLeaveNothingBehind) {
  start();
  for (int i = 0; i < 50; ++i) {
    HttpTestClient client = connect();
    client.send("POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\nContent-Le");
    client.reset_on_close();
  }
  while (server_->totals().connections != 0) std::this_thread::yield();
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Http, APortInUseIsAnErrorThatNamesIt) {
  start();
  ServerOptions options;
  options.listen_port = server_->port();
  Server second(*bus_, options);
  try {
    second.start();
    FAIL() << "two servers on one port";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(server_->port())), std::string::npos);
  }
}

TEST_F(Http, AChildThatOutlivesTheServerDoesNotKeepItsPort) {
  start();
  int gate[2], running[2];
  ASSERT_EQ(pipe2(gate, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(running, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    ::close(gate[1]);
    char end = 0;
    if (write(running[1], &end, 1) != 1) _exit(2);
    _exit(read(gate[0], &end, 1) == 0 ? 0 : 1);  // lives until the parent lets it go
  }
  char begun = 0;
  ASSERT_EQ(read(running[0], &begun, 1), 1);
  ServerOptions options;
  options.listen_port = server_->port();
  server_->stop();
  Server second(*bus_, options);
  EXPECT_NO_THROW(second.start());
  EXPECT_EQ(HttpTestClient(second.port()).get("/healthz").status, 200);
  ::close(gate[1]);
  ::close(gate[0]);
  for (const int end : running) ::close(end);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Http, OtherAddressesThanLoopbackAreRefusedWithoutAuthentication) {
  TelemetryBus bus;
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "example.com"}) {
    ServerOptions options;
    options.listen_address = address;
    options.listen_port = 0;
    Server server(bus, options);
    EXPECT_THROW(server.start(), std::invalid_argument) << address;
  }
}

}  // namespace
}  // namespace tapedeck::testing
