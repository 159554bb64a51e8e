// Compressed answers: who gets them, from which size on, and that they say the same.
#include "server/server_fixture.hpp"
#include "support/inflate.hpp"

namespace tapedeck::testing {
namespace {

constexpr const char* kEvents = "/api/telemetry/events?limit=1000";
constexpr const char* kSchema = "/api/telemetry/schema";
constexpr const char* kAccepts = "Accept-Encoding: gzip\r\n";

class RestGzip : public ServerTest {
 protected:
  static bool is_gzip(const TestResponse& response) {
    return response.headers.count("content-encoding") > 0;
  }
  void publish_many(int count) {
    for (int i = 0; i < count; ++i) publish_signal("S" + std::to_string(i * 7919));
    bus_->flush();
  }
  void start_with_minimum(std::size_t bytes) {
    ServerOptions options;
    options.compression_min_bytes = bytes;
    server_.reset();
    start(std::move(options));
  }
};

TEST_F(RestGzip, AnswersAreCompressedForThoseWhoAcceptIt) {
  start();
  publish_many(100);
  for (const char* path : {"/api/telemetry/events", "/api/telemetry/latest", kSchema}) {
    HttpTestClient client = connect();
    const TestResponse plain = client.get(path), packed = client.get(path, kAccepts);
    EXPECT_FALSE(is_gzip(plain)) << path;
    ASSERT_TRUE(is_gzip(packed)) << path;
    EXPECT_EQ(packed.headers.at("vary"), "Accept-Encoding, Origin");
    EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding, Origin");
    EXPECT_LT(packed.body.size(), plain.body.size() / 3) << path;
    EXPECT_EQ(gunzip(packed.body), plain.body) << path;
    EXPECT_FALSE(is_gzip(client.get(path, "Accept-Encoding: gzip;q=0, br\r\n")));
  }
  EXPECT_TRUE(is_gzip(get("/metrics", kAccepts)));
}

TEST_F(RestGzip, ShortAnswersGoAsTheyAre) {
  start();
  const std::size_t size = get(kSchema).body.size();
  EXPECT_FALSE(is_gzip(get("/healthz", kAccepts)));
  start_with_minimum(size);
  EXPECT_TRUE(is_gzip(get(kSchema, kAccepts)));
  start_with_minimum(size + 1);
  EXPECT_FALSE(is_gzip(get(kSchema, kAccepts)));
}

TEST_F(RestGzip, LongAnswersComeInPiecesAndSayTheSame) {
  start();
  publish_many(1000);
  HttpTestClient client = connect();
  const TestResponse plain = client.get(kEvents), packed = client.get(kEvents, kAccepts);
  ASSERT_GT(plain.body.size(), std::size_t{128} << 10);
  EXPECT_EQ(packed.headers.count("content-length"), 0U);
  EXPECT_EQ(gunzip(packed.body), plain.body);
  EXPECT_EQ(client.get("/healthz", kAccepts).status, 200);  // the connection goes on
  HttpTestClient old = connect();
  old.send("GET " + std::string(kEvents) + " HTTP/1.0\r\nHost: localhost\r\n" + kAccepts + "\r\n");
  EXPECT_TRUE(is_gzip(old.read_head()));
  EXPECT_EQ(gunzip(old.read_to_end()), plain.body);
}

TEST_F(RestGzip, HeadSaysWhatGetSays) {
  start();
  publish_many(1000);
  for (const std::string path : {kSchema, kEvents, "/", "/healthz"}) {
    HttpTestClient client = connect();
    const TestResponse head = client.request("HEAD", path, {}, kAccepts);
    const TestResponse whole = client.get(path, kAccepts);
    for (const char* name : {"content-encoding", "content-length", "transfer-encoding", "vary"}) {
      const auto in_head = head.headers.find(name), in_whole = whole.headers.find(name);
      ASSERT_EQ(in_head == head.headers.end(), in_whole == whole.headers.end()) << path << name;
      if (in_head == head.headers.end()) continue;
      EXPECT_EQ(in_head->second, in_whole->second) << path;
    }
  }
}

TEST_F(RestGzip, ThePageIsCompressedToo) {
  start();
  const TestResponse plain = get("/"), packed = get("/", kAccepts);
  ASSERT_TRUE(is_gzip(packed));
  EXPECT_EQ(gunzip(packed.body), plain.body);
  EXPECT_EQ(packed.headers.at("content-type"), plain.headers.at("content-type"));
}

TEST_F(RestGzip, ItCanBeTurnedOff) {
  ServerOptions options;
  options.compression = false;
  start(std::move(options));
  publish_many(200);
  for (const char* path : {"/", kSchema, kEvents, "/api/telemetry/export"}) {
    EXPECT_FALSE(is_gzip(get(path, kAccepts))) << path;
  }
}

TEST_F(RestGzip, PipelinedRequestsEachGetTheirOwn) {
  start();
  publish_many(1000);
  const std::string plain = get(kSchema).body, events = get(kEvents).body;
  HttpTestClient client = connect();
  const auto request = [](const char* path, const char* headers) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
  };
  client.send(request(kSchema, kAccepts) + request(kSchema, "") + request(kEvents, kAccepts) +
              request(kSchema, kAccepts));
  EXPECT_EQ(gunzip(client.read_response().body), plain);
  EXPECT_EQ(client.read_response().body, plain);
  EXPECT_EQ(gunzip(client.read_response().body), events);
  EXPECT_EQ(gunzip(client.read_response().body), plain);
}

TEST_F(RestGzip, ALevelThatCannotBeIsRefusedAtStart) {
  ServerOptions options;
  options.compression_level = 10;
  EXPECT_THROW(start(options), std::invalid_argument);
}

}  // namespace
}  // namespace tapedeck::testing
