// The heartbeats that the service manager's watchdog hangs on: a thread that hangs is noticed.
#include "base/liveness.hpp"

#include <future>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

TEST_F(ServerTest, EveryIoThreadAndTheCollectorBeat) {
  ServerOptions options;
  options.io_threads = 3;
  start(options);
  LivenessCheck check(server_->heartbeats());
  EXPECT_EQ(server_->heartbeats().size(), 4U);
  EXPECT_TRUE(wait_until([&] { return check.all_beat(); }));
  EXPECT_TRUE(
      wait_until([&] { return check.all_beat(); }));  // and again: one beat is not enough for ever
}

TEST_F(ServerTest, AnIoThreadThatHangsIsNamedUntilItGoesOn) {
  // The store's answer to a durable POST is asked for on the I/O thread: this one never comes back.
  std::promise<void> hangs, release;
  StoreHooks hooks;
  hooks.when_durable = [&](std::uint64_t, auto) {
    hangs.set_value();
    release.get_future().wait();
    return false;
  };
  restart("e1", {}, {}, std::move(hooks));
  HttpTestClient client = connect();
  const std::string body = R"({"type":"x","payload":{}})";
  client.send(
      "POST /api/telemetry/events?ack=durable HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  hangs.get_future().wait();

  LivenessCheck check(server_->heartbeats());
  EXPECT_TRUE(wait_until([&] { return check.silent_parts() == "I/O thread 1"; }));
  EXPECT_FALSE(check.all_beat());
  release.set_value();
  EXPECT_TRUE(wait_until([&] { return check.all_beat(); }));
}

}  // namespace
}  // namespace tapedeck::testing
