// A publisher and a server that is there.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>

#include "raw_server.hpp"
#include "remote_fixture.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Forward, WhatIsPublishedArrivesOnceInOrderAsItWas) {
  const TempFolder spool;
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()));
  engine.publish(1, 20'001);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(server.server.port()), 1, 20'001));
  const RemoteStats stats = engine.remote.stats();
  EXPECT_EQ(stats.sent, 20'000U);
  EXPECT_EQ(stats.queued, 0U);
  EXPECT_EQ(stats.dropped + stats.rejected + stats.retries, 0U);
  EXPECT_TRUE(stats.connected);
  EXPECT_EQ(stats.last_error, "");
  EXPECT_LT(stats.batches, 20'000U);
  EXPECT_THAT(spools_in(spool.path()), IsEmpty()) << "nothing goes to the disk meanwhile";
}

TEST(Forward, TypeTimestampPayloadAndSourceAreThePublishers) {
  const TempFolder spool;
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()));
  const auto source = engine.bus.register_source({.engine_id = "paper-equity", .mode = "paper"});
  engine.bus.publish(SignalEvent{.symbol = "M&M \"x\"", .strategy_name = "m", .signal = "BUY"},
                     from_ns(1'763'452'541'123'456'000), source);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  const auto line = lines_at(server.server.port()).at(0);
  const std::string own = engine.bus.get_recent_events().at(0).json;
  const auto without_id = [](std::string json) {
    const std::size_t at = json.find("\"id\":\"");
    return json.erase(at, json.find(',', at) - at);
  };
  EXPECT_EQ(without_id(line), without_id(own));
  EXPECT_THAT(line, HasSubstr("2025-11-18T07:55:41.123456Z"));
}

TEST(Forward, OnlyWhatIsPublishedFromNowOnIsForwarded) {
  const TempFolder spool;
  MemoryServer server;
  TelemetryBus bus;
  bus.publish(GenericEvent{"n", {{"n", 1}}});
  RemotePublisher remote(bus, quick_options(server.url(), spool.path()));
  bus.publish(GenericEvent{"n", {{"n", 2}}});
  ASSERT_TRUE(remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(server.server.port()), 2, 3));
}

TEST(Forward, FlushCoversWhatOtherThreadsHadPublished) {
  const TempFolder spool;
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) engine.bus.publish(GenericEvent{"n", {{"n", n}}});
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(server.bus.get_stats().total_events, 4000U);
}

TEST(Forward, ABatchIsNotHeldBackWhileSomebodyWaitsForIt) {
  const TempFolder spool;
  MemoryServer server;
  RemoteOptions options = quick_options(server.url(), spool.path());
  options.linger = 24h;
  Engine engine(options);
  engine.publish(1, 2);
  EXPECT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(server.server.port()), 1, 2));
}

TEST(Forward, BatchesEndAtTheirLimits) {
  const TempFolder spool;
  RawServer server({});
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.batch_events = 10;
  options.batch_bytes = 4096;
  Engine engine(options);
  engine.publish(1, 101);                              // limited by number
  engine.publish(101, 111, std::string(1000, 'x'));    // by size
  engine.publish(111, 112, std::string(60'000, 'x'));  // one event always fits
  ASSERT_TRUE(engine.remote.flush(kPatience));
  for (const RawRequest& request : server.requests()) {
    EXPECT_LE(request.events(), 10U);
    EXPECT_TRUE(request.body.size() <= 4096 || request.events() == 1) << request.body.size();
  }
}

TEST(Forward, EachBatchHasAKeyOfItsOwnAndTheApiKeyGoesAlong) {
  const TempFolder spool;
  RawServer server({});
  RemoteOptions options = quick_options(url_of(server.port()) + "/desk", spool.path());
  options.api_key = "geheim";
  options.batch_events = 1;
  Sayings sayings;
  options.log = sayings.log();
  Engine engine(options);
  engine.publish(1, 6);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  std::set<std::string> keys;
  for (const RawRequest& request : server.requests()) {
    keys.insert(request.key);
    EXPECT_THAT(request.head, StartsWith("POST /desk/api/telemetry/events?ack=durable HTTP/1.1"));
    EXPECT_THAT(request.head, HasSubstr("\r\nAuthorization: Bearer geheim\r\n"));
    EXPECT_THAT(request.head, HasSubstr("\r\nContent-Type: application/x-ndjson\r\n"));
  }
  EXPECT_EQ(keys.size(), 5U);
  EXPECT_THAT(sayings.all() + engine.remote.stats().last_error, Not(HasSubstr("geheim")));
}

TEST(Forward, TwoPublishersOfOneBusBothForwardAll) {
  const TempFolder spool;
  MemoryServer one, other;
  Engine engine(quick_options(one.url(), spool.path()));
  RemotePublisher second(engine.bus, quick_options(other.url(), spool.path()));
  engine.publish(1, 101);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  ASSERT_TRUE(second.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(one.server.port()), 1, 101));
  EXPECT_TRUE(counts_up(numbers_at(other.server.port()), 1, 101));
}

TEST(Forward, AfterCloseNothingIsForwardedAnyMoreAndPublishingGoesOn) {
  const TempFolder spool;
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()));
  engine.publish(1, 11);
  EXPECT_TRUE(engine.remote.close(kPatience));
  EXPECT_TRUE(engine.remote.close(0ms)) << "again: the same answer";
  engine.publish(11, 21);
  EXPECT_FALSE(engine.remote.flush(0ms));
  EXPECT_TRUE(counts_up(numbers_at(server.server.port()), 1, 11));
  EXPECT_EQ(engine.remote.stats().sent, 10U);
}

TEST(Forward, AfterCloseTheLogIsNotHeldAnyMore) {
  const TempFolder spool;
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()),
                {.log_bytes = std::size_t{4} << 20, .held_bytes = std::size_t{64} << 20});
  EXPECT_TRUE(engine.remote.close(kPatience));
  engine.publish(1, 20'001, std::string(1000, 'x'));
  EXPECT_GT(BusAccess::log(engine.bus).first_seq(), 10'000U);
}

TEST(Forward, ALogThatThrowsDoesNotEndTheForwarding) {
  const TempFolder spool;
  RawServer server({[](const RawRequest&) -> RawReply {
    return {answer_text("500 Internal Server Error", "")};
  }});
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.log = [](std::string_view) { throw std::runtime_error("no"); };
  Engine engine(options);
  engine.publish(1, 11);
  EXPECT_TRUE(engine.remote.flush(kPatience));
}

TEST(Forward, InAForkedChildItDoesNothingAndIsForgottenWithoutALock) {
  const TempFolder spool;
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()));
  auto second =
      std::make_unique<RemotePublisher>(engine.bus, quick_options(server.url(), spool.path()));
  engine.publish(1, 11);
  ASSERT_TRUE(second->flush(kPatience));
  const pid_t child = fork();
  if (child == 0) {
    const bool idle = !second->flush(24h) && !second->close(24h) && second->stats().sent == 0;
    second.reset();
    _exit(idle ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  engine.publish(11, 21);
  EXPECT_TRUE(second->flush(kPatience)) << "the parent's goes on";
}

TEST(Forward, TheSpoolIsKeptWhereTheStateOfProgramsBelongs) {
  const TempFolder state;
  ASSERT_EQ(setenv("XDG_STATE_HOME", state.path().c_str(), 1), 0);
  {
    Engine engine(quick_options(url_of(free_port()), {}));
    engine.publish(1, 2);
    EXPECT_TRUE(engine.wait_for_spooled(1));
  }
  unsetenv("XDG_STATE_HOME");
  EXPECT_EQ(spools_in(state.path() / "tapedeck" / "spool").size(), 1U);
  struct stat status {};
  ASSERT_EQ(stat((state.path() / "tapedeck" / "spool").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

}  // namespace
}  // namespace tapedeck::remote
