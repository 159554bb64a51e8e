// A bus and a server on a free port, made anew for each test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "server/server.hpp"
#include "support/fake_history.hpp"
#include "support/http_test_client.hpp"
#include "support/wait.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::testing {

using nlohmann::json;

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}, BusOptions bus_options = {}) {
    options.listen_port = 0;
    if (options.io_threads == 0) options.io_threads = 2;
    bus_ = std::make_unique<TelemetryBus>(std::move(bus_options));
    server_ = std::make_unique<Server>(*bus_, std::move(options));
    server_->start();
  }
  /// A run that goes on from the one before, which has to be in history_. The same epoch: it ended
  /// cleanly.
  /// @param more makes hooks for the bus of the new run
  void restart(const std::string& epoch = "e1", ServerOptions options = {},
               BusOptions bus_options = {}, StoreHooks hooks = {},
               const std::function<ServerHooks(TelemetryBus&)>& more = {}) {
    const std::uint64_t next = bus_ ? bus_->get_stats().last_seq + 1 : 1;
    server_.reset();
    bus_.reset();
    options.listen_port = 0;
    if (options.io_threads == 0) options.io_threads = 2;
    bus_options.epoch = epoch;
    bus_options.first_seq = next;
    bus_ = std::make_unique<TelemetryBus>(std::move(bus_options));
    server_ = std::make_unique<Server>(*bus_, std::move(options), &history_, std::move(hooks),
                                       more ? more(*bus_) : ServerHooks{});
    server_->start();
  }
  HttpTestClient connect(int receive_buffer_bytes = 0) {
    return HttpTestClient(server_->port(), receive_buffer_bytes);
  }
  TestResponse get(std::string_view target, std::string_view headers = {}) {
    return connect().get(target, headers);
  }
  TestResponse post(std::string_view body, std::string_view headers = {}) {
    return connect().request("POST", "/api/telemetry/events", body, headers);
  }
  void publish_signal(std::string_view symbol, std::string_view signal = "BUY") {
    bus_->publish(SignalEvent{.symbol = symbol, .strategy_name = "momentum", .signal = signal});
  }
  std::string id(std::uint64_t seq) { return bus_->get_stats().epoch + "-" + std::to_string(seq); }
  void wait_for_streams(std::uint64_t count) {
    while (server_->totals().streams != count) std::this_thread::yield();
  }

  static void expect_error(const TestResponse& response, int status, const std::string& code,
                           const std::string& field = {}) {
    EXPECT_EQ(response.status, status) << response.body;
    const json body = json::parse(response.body);
    EXPECT_EQ(body["ok"], false);
    EXPECT_EQ(body["code"], code);
    EXPECT_FALSE(body["error"].get<std::string>().empty());
    EXPECT_EQ(body.value("field", ""), field);
  }

  FakeHistory history_;  // used by restart()
  std::unique_ptr<TelemetryBus> bus_;
  std::unique_ptr<Server> server_;
};

}  // namespace tapedeck::testing
