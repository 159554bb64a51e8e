// A store in a folder of its own, with a bus, and random events for it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bus/access.hpp"
#include "store/store.hpp"
#include "support/wait.hpp"

namespace tapedeck::store::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "td-store-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A run of a server, as far as the store sees it.
struct StoreRun {
  explicit StoreRun(StoreOptions options, BusOptions bus_options = {}) : store(std::move(options)) {
    store.complete(bus_options);
    bus = std::make_unique<TelemetryBus>(bus_options);
    store.start(*bus);
  }
  ~StoreRun() { store.stop(); }

  EventLog& log() { return BusAccess::log(*bus); }
  /// Everything that has been published is on disk.
  void settle() {
    bus->flush();
    const std::uint64_t last = log().last_seq();
    std::atomic<bool> done{false};
    store.when_durable(last, [&](const std::optional<Error>& error) {
      EXPECT_FALSE(error) << error->message;
      done = true;
    });
    tapedeck::testing::wait_until([&] { return done.load(); });
  }

  Store store;
  std::unique_ptr<TelemetryBus> bus;
};

inline StoreOptions small_options(const std::filesystem::path& folder) {
  StoreOptions options;
  options.folder = folder;
  options.commit_interval = std::chrono::milliseconds(5);
  options.segment_events = 1000;
  return options;
}

/// Publishes a mixture of events like a day's.
class Traffic {
 public:
  explicit Traffic(TelemetryBus& bus, unsigned seed = 7) : bus_(bus), random_(seed) {}

  void publish(int count) {
    for (int i = 0; i < count; ++i) publish_one();
    bus_.flush();
  }

 private:
  unsigned draw(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void publish_one() {
    at_ns_ += draw(2'000'000);
    const Timestamp at = from_ns(at_ns_ - (draw(20) == 0 ? 5'000'000'000 : 0));
    const std::string symbol = "S" + std::to_string(draw(50));
    const std::string id = "C" + std::to_string(draw(400));
    const std::string order = "O" + std::to_string(draw(400));
    const char* strategy = draw(2) == 0 ? "momentum" : "reversal";
    switch (draw(5)) {
      case 0:
        bus_.publish(SignalEvent{.symbol = symbol,
                                 .strategy_name = strategy,
                                 .signal = "BUY",
                                 .confidence = draw(100) / 100.0,
                                 .correlation_id = id},
                     at);
        break;
      case 1:
        bus_.publish(OrderEvent{.order_id = order,
                                .symbol = symbol,
                                .side = "BUY",
                                .status = "filled",
                                .qty = draw(100),
                                .strategy = strategy,
                                .correlation_id = id},
                     at);
        break;
      case 2:
        bus_.publish(EngineHealth{.engine_name = "StrategyEngineV2",
                                  .status = "active",
                                  .metrics = {{"n", draw(1000)}}},
                     at);
        break;
      case 3:
        bus_.publish(GenericEvent{"rare." + std::to_string(draw(300)), {{"symbol", symbol}}}, at);
        break;
      default:
        bus_.publish(PositionEvent{.symbol = symbol,
                                   .position_size = draw(10),
                                   .day_pnl = draw(10'000) / 100.0,
                                   .strategy = strategy},
                     at);
    }
  }

  TelemetryBus& bus_;
  std::mt19937 random_;
  std::int64_t at_ns_ = 1'763'000'000'000'000'000;
};

}  // namespace tapedeck::store::testing
