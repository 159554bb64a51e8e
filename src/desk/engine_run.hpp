// The inside of EngineRunner. engine_run.cpp has what the engine thread does, engine_runner.cpp how
// a run is made and what others may ask of it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "desk/command_inbox.hpp"
#include "desk/engine_runner.hpp"
#include "desk/pacer.hpp"

namespace tapedeck::desk {

/// Everything of one run. The engines belong to the engine thread once it runs.
class EngineRunner::Run {
 public:
  Run(TelemetryBus& bus, EngineRunOptions options);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void launch();
  void stop() { pacer_.stop(); }
  void wait() const {
    if (launched_) finished_.wait(false, std::memory_order_acquire);
  }
  bool wait_for(std::chrono::nanoseconds at_most);
  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
  std::string error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  RunSummary summary() const {
    const std::lock_guard lock(mutex_);
    return summary_;
  }
  bool is_simulation() const noexcept { return !feed_->is_live() && feed_->mode() != "replay"; }
  Timestamp market_time() const noexcept {
    return from_ns(clock_ns_.load(std::memory_order_relaxed));
  }
  void request(market::Command command) { inbox_.post(std::move(command)); }
  void stop_telemetry() {
    telemetry_stopped_.store(true);
    pacer_.interrupt();
  }

  bool start_engine(Part part, const EngineSet::Change& change);
  void stop_engine(Part part);
  void call(const Task& task);
  bool on_engine_thread() const noexcept {
    return engine_thread_.load() == std::this_thread::get_id();
  }
  const EngineSet& engines() const noexcept { return engines_; }
  const std::string& run_id() const noexcept { return run_id_; }
  std::string engine_id(Part part) const {
    return engine_id_of(options_.engine_id_prefix, feed_->mode(), part);
  }
  market::PushFeed* push_feed() noexcept { return push_feed_; }

 private:
  enum class Phase { made, running, ended };

  std::unique_ptr<market::Feed> make_feed();
  std::string new_run_id() const;
  void check_symbols() const;

  void body();
  void finish(const std::string& problem);
  void begin(Timestamp first);
  bool play();
  bool play_live();
  bool rest();
  bool look_up();
  void follow_wall_clock();
  void handle_pushed();
  Timestamp simulation_plays_from() const;
  void set_clock(Timestamp t) noexcept {
    clock_ = t;
    clock_ns_.store(to_ns(t), std::memory_order_relaxed);
  }
  bool walk_to(Timestamp t);
  bool step_to(Timestamp due);
  void jump_to(Timestamp t);
  void answer_calls(Timestamp due);
  void run_tasks(Timestamp due);
  bool enqueue(std::packaged_task<void()> task);
  void note_summary();
  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const EngineRunOptions options_;
  const market::TradingCalendar calendar_{};
  const market::IstDate sim_date_;
  market::PushFeed* push_feed_ = nullptr;  // feed_, where it is one
  const std::unique_ptr<market::Feed> feed_;
  const std::string run_id_;
  EngineSet engines_;
  Pacer pacer_;
  std::uint64_t steps_ = 0;
  Timestamp clock_{};
  std::atomic<std::int64_t> clock_ns_{0};  // the same, for others
  Timestamp last_record_{};
  bool finishing_ = false;
  market::TradingCalendar::OpenState hours_{};  // as of clock_
  std::thread thread_;
  std::atomic<std::thread::id> engine_thread_{};
  std::atomic<bool> launched_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> telemetry_stopped_{false};

  std::condition_variable ended_;  // of mutex_
  mutable std::mutex mutex_;       // guards what follows, and that finished_ changes
  RunSummary summary_;
  std::string error_;

  std::mutex tasks_mutex_;  // guards what follows, and the engines while there is no engine thread
  Phase phase_ = Phase::made;
  std::vector<std::packaged_task<void()>> tasks_;

  CommandInbox inbox_;  // last: its callbacks use the pacer
};

}  // namespace tapedeck::desk
