// What hostile clients send: requests that two readers would read differently, paths that climb,
// headers and connections without end. None may be answered as something it is not, none may keep
// others from their answers.
#include <sys/resource.h>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

class Hostile : public ServerTest {
 protected:
  /// Everything the server says to these bytes and then closes.
  std::string answer_to(const std::string& bytes) {
    HttpTestClient client = connect();
    client.try_send(bytes);
    client.shut_down_writing();
    return client.read_to_end();
  }
  static std::size_t answers_in(const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find("HTTP/1.1 "); at != std::string::npos;
         at = text.find("HTTP/1.1 ", at + 1)) {
      if (std::isdigit(static_cast<unsigned char>(text[at + 9])) != 0) ++count;  // no sentence
    }
    return count;
  }
};

/// A request hidden in the body of another must never be answered as one of its own.
TEST_F(Hostile, NoShapeOfARequestSmugglesAnotherOne) {
  start();
  const std::string hidden = "DELETE /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string post = "POST /api/telemetry/events HTTP/1.1\r\nHost: localhost\r\n";
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
  const std::vector<std::string> shapes = {
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      "Content-Length: 0\r\n" + length + "\r\n",
      "Content-Length: 0, 5\r\n\r\n",
      "Content-Length: +5\r\n\r\n",
      "Content-Length: -1\r\n\r\n",
      "Content-Length: 0x5\r\n\r\n",
      "Content-Length: 99999999999999999999\r\n\r\n",
      "Content-Length : 0\r\n" + length + "\r\n",
      "Transfer-Encoding: identity\r\n\r\n",
      "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding:\x0b"
      "chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n0\n\n",
      "X: a\r\n folded: b\r\n" + length + "\r\n",
      std::string("X: a\0b\r\n", 8) + length + "\r\n",
      "X: a\rb\r\n\r\n",
      ": a\r\n\r\n",
      "Host: other\r\n\r\n",
  };
  for (const std::string& shape : shapes) {
    publish_signal("KEPT");
    bus_->flush();
    const std::uint64_t before = bus_->get_stats().total_events;
    const std::string answers = answer_to(post + shape + hidden);
    EXPECT_LE(answers_in(answers), 1U) << shape << "\n---\n" << answers;
    EXPECT_EQ(answers.find("200 OK"), std::string::npos) << shape << "\n---\n" << answers;
    EXPECT_EQ(bus_->get_stats().total_events, before) << shape;
  }
}

TEST_F(Hostile, PathsThatClimbAreNothingAndFilesAreNeverServed) {
  start();
  for (const char* path :
       {"/../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
        "/api/telemetry/../../etc/passwd", "/api/telemetry/trades/..%2f..%2fetc%2fpasswd",
        "/api/telemetry/trades/%00", "/%c0%ae%c0%ae/etc/passwd", "/.git/config"}) {
    const TestResponse response = get(path);
    EXPECT_GE(response.status, 400) << path;
    EXPECT_LT(response.status, 500) << path;
    EXPECT_EQ(response.body.find("root:"), std::string::npos) << path;
  }
}

TEST_F(Hostile, HeadersWithoutEndAreRefusedAtTheLimit) {
  start();
  HttpTestClient client = connect();
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  std::string line = "X-Bomb: " + std::string(1000, 'a') + "\r\n";
  for (int i = 0; i < 100 && client.try_send(line); ++i) {
  }
  EXPECT_EQ(client.read_head().status, 431);
  // Many small ones: what is kept for each must not add up either.
  HttpTestClient many = connect();
  many.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 10'000 && many.try_send("A:\r\n"); ++i) {
  }
  EXPECT_EQ(many.read_head().status, 431);
}

TEST_F(Hostile, ACompressedBodyIsRefusedRatherThanInflated) {
  start();
  const TestResponse response =
      post("\x1f\x8b", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n");
  EXPECT_EQ(response.status, 415) << response.body;
}

TEST_F(Hostile, SlowHeadersDoNotKeepOthersFromTheirAnswers) {
  ServerOptions options;
  options.header_timeout = std::chrono::seconds(2);
  options.io_threads = 1;
  start(options);
  std::vector<HttpTestClient> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(connect());
    slow.back().send("GET /healthz HTTP/1.1\r\nX: ");
  }
  EXPECT_EQ(get("/healthz").status, 200);
  // A byte now and then does not buy more time.
  EXPECT_TRUE(wait_until([&] {
    for (HttpTestClient& client : slow) client.try_send("a");
    return server_->totals().connections == 0;
  }));
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Hostile, AFloodOfConnectionsThatSayNothingIsOutlived) {
  ServerOptions options;
  options.max_connections = 100;
  options.header_timeout = std::chrono::seconds(1);
  start(options);
  for (int round = 0; round < 5; ++round) {
    std::vector<HttpTestClient> flood;
    for (int i = 0; i < 200; ++i) flood.push_back(connect());
    for (HttpTestClient& client : flood) client.reset_on_close();
  }
  EXPECT_TRUE(wait_until([&] {
    try {
      return get("/healthz").status == 200;
    } catch (const std::runtime_error&) {
      return false;  // the flood's last ones are still being counted
    }
  }));
}

TEST_F(Hostile, WhenDescriptorsRunOutTheServerWaitsAndGoesOn) {
  start();
  HttpTestClient before = connect();
  EXPECT_EQ(before.get("/healthz").status, 200);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  HttpTestClient waiting = connect();  // in the server's queue or taken; its descriptor is ours
  const int next = dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  rlimit none = limit;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(before.get("/healthz").status, 200);  // who is in is served
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(waiting.get("/healthz").status, 200);
  EXPECT_EQ(get("/healthz").status, 200);
}

}  // namespace
}  // namespace tapedeck::testing
