// One run of the engines on the process's bus, as Python uses it.
//
// Thread contract: any thread that holds the GIL; whatever waits lets go of it. On the engine
// thread (in a strategy) nothing waits.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "desk/engine_runner.hpp"

namespace tapedeck::python {

struct ManualOrder {
  std::string symbol;
  std::string exchange;
  std::string side;
  std::int64_t qty = 0;
  std::string type;
  double price = 0;
  double trigger_price = 0;
  std::string product;
  std::string strategy;
  std::string reason;
};

class EngineRun {
 public:
  /// @param options see run_options(); no engine is made yet
  explicit EngineRun(nanobind::dict options);
  ~EngineRun();
  EngineRun(const EngineRun&) = delete;
  EngineRun& operator=(const EngineRun&) = delete;

  void launch();
  bool start_engine(std::string_view part, nanobind::dict options);
  void stop_engine(std::string_view part);
  void stop_telemetry(std::string_view part);
  void stop();
  bool wait_for(double seconds);
  /// Commands of this process; returns when they have been obeyed.
  void request(const std::string& command, const std::string& target, const std::string& reason,
               const std::string& by, const std::string& request_id);
  /// In a forked child: forgets the run without touching it.
  void abandon() noexcept { static_cast<void>(runner_.release()); }

  desk::EngineRunner& runner() const noexcept { return *runner_; }
  std::string error() const { return runner_->error(); }
  nanobind::dict summary() const;

  bool push_tick(const std::string& symbol, double price, std::int64_t quantity,
                 nanobind::handle at, const std::string& exchange, double bid, double ask,
                 std::optional<std::int64_t> day_volume);
  bool push_candle(const std::string& symbol, const std::string& timeframe, nanobind::handle start,
                   double open, double high, double low, double close, std::int64_t volume,
                   const std::string& exchange);
  nanobind::list window(const std::string& symbol, const std::string& timeframe, std::size_t n,
                        const std::string& exchange);
  nanobind::object latest_candle(const std::string& symbol, const std::string& timeframe,
                                 const std::string& exchange);

  nanobind::list positions();
  nanobind::tuple pnl(const std::string& strategy);
  nanobind::object order(const std::string& order_id);
  std::string submit(const ManualOrder& order);
  std::optional<std::string> cancel(const std::string& order_id, const std::string& reason);
  std::size_t cancel_all(const std::string& reason);

  void refresh_universe();
  nanobind::dict universe_summary();

 private:
  void call(const desk::EngineRunner::Task& task);
  market::PushFeed& push_feed();
  std::string new_correlation_id();

  std::unique_ptr<desk::EngineRunner> runner_;
  std::uint64_t orders_ = 0;  // the engine thread's
};

}  // namespace tapedeck::python
