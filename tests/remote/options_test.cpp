// What a publisher can be made with.
#include <gmock/gmock.h>

#include <cstdlib>

#include "remote/remote_url.hpp"
#include "remote_fixture.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(const RemoteOptions& options) {
  TelemetryBus bus;
  try {
    const RemotePublisher remote(bus, options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

TEST(RemoteUrl, IsSchemeHostPortAndAnOptionalPrefix) {
  EXPECT_EQ(parse_remote_url("http://127.0.0.1:9000").endpoint,
            "http://127.0.0.1:9000/api/telemetry/events");
  EXPECT_EQ(parse_remote_url("https://deck.example/desk/").endpoint,
            "https://deck.example:443/desk/api/telemetry/events");
  EXPECT_EQ(parse_remote_url("http://[::1]:9000/").endpoint,
            "http://[::1]:9000/api/telemetry/events");
}

TEST(RemoteUrl, NamesItsSpoolsSoThatNoServerGetsAnothersEvents) {
  const auto prefix = [](const char* url) { return parse_remote_url(url).spool_prefix; };
  EXPECT_EQ(prefix("http://127.0.0.1:9000"), prefix("http://127.0.0.1:9000/"));
  EXPECT_NE(prefix("http://127.0.0.1:9000"), prefix("http://127.0.0.1:9001"));
  EXPECT_NE(prefix("http://a:9000/x"), prefix("http://a:9000/y"));
  EXPECT_EQ(prefix("http://a/../../etc").find('/'), std::string::npos);
}

TEST(RemoteUrl, IsRefusedWithASentenceThatNeverHoldsAPassword) {
  for (const char* url : {"", "127.0.0.1:9000", "nonsense", "http://", "ftp://a:21", "ws://a:9000",
                          "http://user:geheim@a:9000", "http://user@a", "http://a/?key=geheim",
                          "http://a/#geheim", "http://a:99999", "http://a b"}) {
    RemoteOptions options;
    options.url = url;
    const std::string why = refusal(options);
    EXPECT_NE(why, "taken") << url;
    EXPECT_THAT(why, HasSubstr("url")) << url;
    EXPECT_THAT(why, Not(HasSubstr("geheim"))) << url;
  }
}

TEST(RemoteOptions, AreCheckedAtTheirEdges) {
  const TempFolder folder;
  const RemoteOptions good = quick_options("http://127.0.0.1:1", folder.path());
  EXPECT_EQ(refusal(good), "taken");
  const auto with = [&](auto change) {
    RemoteOptions options = good;
    change(options);
    return refusal(options);
  };
  EXPECT_EQ(with([](auto& o) { o.spool_bytes = 0; }), "taken");
  EXPECT_EQ(with([](auto& o) { o.spool_bytes = 64 << 10; }), "taken");
  EXPECT_THAT(with([](auto& o) { o.spool_bytes = (64 << 10) - 1; }), HasSubstr("65535"));
  EXPECT_EQ(with([](auto& o) { o.batch_bytes = 1024; }), "taken");
  EXPECT_THAT(with([](auto& o) { o.batch_bytes = 1023; }), HasSubstr("1023"));
  EXPECT_EQ(with([](auto& o) { o.batch_bytes = 16 << 20; }), "taken");
  EXPECT_THAT(with([](auto& o) { o.batch_bytes = (16 << 20) + 1; }), HasSubstr("batch_bytes"));
  EXPECT_THAT(with([](auto& o) { o.batch_events = 0; }), HasSubstr("batch_events"));
  EXPECT_THAT(with([](auto& o) { o.batch_events = 100'001; }), HasSubstr("100001"));
  EXPECT_EQ(with([](auto& o) { o.linger = 0ms; }), "taken");
  EXPECT_THAT(with([](auto& o) { o.linger = -1ms; }), HasSubstr("linger"));
  EXPECT_THAT(with([](auto& o) { o.request_timeout = 0ms; }), HasSubstr("request_timeout"));
  EXPECT_THAT(with([](auto& o) { o.connect_timeout = 25h; }), HasSubstr("connect_timeout"));
  EXPECT_THAT(with([](auto& o) { o.backoff_max = o.backoff_min - 1ms; }), HasSubstr("backoff_max"));
  EXPECT_THAT(with([](auto& o) { o.ca_file = "/nowhere/ca.pem"; }), HasSubstr("/nowhere/ca.pem"));
}

TEST(RemoteOptions, AnApiKeyThatWouldEndTheHeaderIsRefusedWithoutBeingShown) {
  const TempFolder folder;
  RemoteOptions options = quick_options("http://127.0.0.1:1", folder.path());
  options.api_key = "geheim\r\nX-Evil: 1";
  const std::string why = refusal(options);
  EXPECT_THAT(why, HasSubstr("api key"));
  EXPECT_THAT(why, Not(HasSubstr("geheim")));
}

TEST(RemoteOptions, AnEighthPublisherOfABusIsRefused) {
  const TempFolder folder;
  TelemetryBus bus;
  const RemoteOptions options = quick_options("http://127.0.0.1:1", folder.path());
  std::vector<std::unique_ptr<RemotePublisher>> all;
  for (int i = 0; i < 7; ++i) all.push_back(std::make_unique<RemotePublisher>(bus, options));
  EXPECT_THROW(RemotePublisher(bus, options), std::length_error);
  all.pop_back();
  EXPECT_NO_THROW(RemotePublisher(bus, options));
}

}  // namespace
}  // namespace tapedeck::remote
