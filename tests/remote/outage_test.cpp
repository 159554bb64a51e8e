// Servers that go away and come back.
#include <gmock/gmock.h>

#include "raw_server.hpp"
#include "remote_fixture.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Outage, WhatIsPublishedBeforeTheServerStartsIsSpooledAndSentFirst) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  Sayings sayings;
  RemoteOptions options = quick_options(url_of(port), spool.path());
  options.log = sayings.log();
  Engine engine(options);
  engine.publish(1, 5001);
  ASSERT_TRUE(engine.wait_for_spooled(5000));
  EXPECT_FALSE(engine.remote.flush(0ms));
  EXPECT_FALSE(engine.remote.stats().connected);
  EXPECT_THAT(engine.remote.stats().last_error, HasSubstr(url_of(port)));
  MemoryServer server(port);
  engine.publish(5001, 10'001);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(port), 1, 10'001));
  EXPECT_EQ(engine.remote.stats().spooled, 0U);
  EXPECT_EQ(engine.remote.stats().sent, 10'000U);
  EXPECT_THAT(spools_in(spool.path()), IsEmpty()) << "files are removed once they are sent";
  EXPECT_EQ(sayings.count("events wait for the server"), 1U) << sayings.all();
  EXPECT_EQ(sayings.count("takes events again"), 1U) << sayings.all();
}

TEST(Outage, AServerKilledUnderLoadAgainAndAgainGetsEachEventOnceInOrder) {
  const TempFolder spool, history;
  std::unique_ptr<PeerServer> server = std::make_unique<PeerServer>(history.path());
  const std::uint16_t port = server->port_number;
  Engine engine(quick_options(server->url(), spool.path()));
  std::int64_t n = 1;
  for (int round = 0; round < 5; ++round) {
    engine.publish(n, n + 2000);
    const std::uint64_t sent = engine.remote.stats().sent;
    ASSERT_TRUE(wait_until([&] { return engine.remote.stats().sent > sent; }));
    std::thread killer([&] { server.reset(); });
    engine.publish(n + 2000, n + 6000);  // while it dies
    killer.join();
    engine.publish(n + 6000, n + 8000);  // while it is dead
    n += 8000;
    server = std::make_unique<PeerServer>(history.path(), port);
  }
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(port), 1, n));
  EXPECT_EQ(engine.remote.stats().dropped + engine.remote.stats().rejected, 0U);
}

TEST(Outage, AServerThatHangsIsSpooledForAndGetsTheSameBatchAgain) {
  RawServer server({[](const RawRequest&) -> RawReply { return {"", RawReply::Then::hang}; }});
  const TempFolder spool;
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.request_timeout = 24h;
  {
    Engine engine(options);
    engine.publish(1, 11);
    ASSERT_TRUE(wait_until([&] { return server.requests().size() == 1; }));
    ASSERT_TRUE(engine.wait_for_spooled(10)) << "a request of unknown outcome is on disk, too";
    engine.publish(11, 21);
    ASSERT_TRUE(engine.wait_for_spooled(20));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(engine.remote.flush(50ms));
    EXPECT_FALSE(engine.remote.close(50ms));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s) << "a request of a day is given up";
  }
  Engine next(options);
  ASSERT_TRUE(wait_until([&] { return next.remote.stats().sent == 20; }));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[1].key, requests[0].key) << "over the end of a process";
  EXPECT_EQ(requests[1].body, requests[0].body);
  EXPECT_EQ(requests[2].events(), 10U);
}

TEST(Outage, TheDestructorIsBoundedWhileTheServerHangs) {
  RawServer server({[](const RawRequest&) -> RawReply { return {"", RawReply::Then::hang}; }});
  const TempFolder spool;
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.request_timeout = 24h;
  options.close_timeout = 10ms;
  {
    Engine engine(options);
    engine.publish(1, 11);
    ASSERT_TRUE(wait_until([&] { return server.requests().size() == 1; }));
  }
  EXPECT_EQ(spools_in(spool.path()).size(), 1U);
}

TEST(Outage, WithoutASpoolEventsWaitInMemory) {
  const std::uint16_t port = free_port();
  RemoteOptions options = quick_options(url_of(port), {});
  options.spool_bytes = 0;
  Engine engine(options);
  engine.publish(1, 2001);
  ASSERT_TRUE(wait_until([&] { return engine.remote.stats().retries >= 2; }));
  EXPECT_EQ(engine.remote.stats().queued, 2000U);
  EXPECT_EQ(engine.remote.stats().spooled, 0U);
  MemoryServer server(port);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(port), 1, 2001));
}

TEST(Outage, WhatIsLostAtTheEndWithoutASpoolIsCountedAndSaid) {
  RemoteOptions options = quick_options(url_of(free_port()), {});
  options.spool_bytes = 0;
  Sayings sayings;
  options.log = sayings.log();
  Engine engine(options);
  engine.publish(1, 11);
  EXPECT_FALSE(engine.remote.close(0ms));
  EXPECT_EQ(engine.remote.stats().dropped, 10U);
  EXPECT_EQ(engine.remote.stats().queued, 0U);
  EXPECT_THAT(sayings.all(), HasSubstr("10 events"));
}

}  // namespace
}  // namespace tapedeck::remote
