// The contestants: each takes the same six-field event from any thread and has a consumer of its
// own.
#pragma once

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <concurrentqueue/concurrentqueue.h>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "bench_support.hpp"
#include "bus/access.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::bench {

inline SignalEvent to_event(const Input& in) {
  return {.symbol = in.symbol,
          .strategy_name = in.strategy_name,
          .signal = in.signal,
          .confidence = in.confidence,
          .reason = in.reason,
          .timeframe = in.timeframe};
}

class Tapedeck {
 public:
  explicit Tapedeck(CollectorPolicy policy = CollectorPolicy::balanced)
      : bus_({.collector = policy}) {}
  bool publish(const Input& in) { return bus_.publish(to_event(in)); }
  bool publish_with_map(const Input& in) {
    SignalEvent event = to_event(in);
    event.extra.set("rsi", in.confidence * 100)
        .set("ema_20", 19750.5 + in.confidence)
        .set("ema_50", 19700.25)
        .set("atr", 50.8);
    return bus_.publish(event);
  }
  std::uint64_t consumed() { return BusAccess::log(bus_).last_seq(); }
  TelemetryBus& bus() { return bus_; }

 private:
  TelemetryBus bus_;
};

/// moodycamel::ConcurrentQueue of a 256-byte struct; the consumer polls as ours does.
class Moodycamel {
 public:
  explicit Moodycamel(bool encode = false) : encode_(encode), thread_([this] { run(); }) {}
  ~Moodycamel() {
    stop_ = true;
    thread_.join();
  }
  Moodycamel(const Moodycamel&) = delete;
  Moodycamel& operator=(const Moodycamel&) = delete;
  bool publish(const Input& in) {
    thread_local moodycamel::ProducerToken token(queue_);
    FixedEvent event;
    fill(event, in, __rdtsc());
    return queue_.try_enqueue(token, event);
  }
  std::uint64_t consumed() const { return consumed_.load(std::memory_order_acquire); }

 private:
  void run() {
    EventLog log("bench", {});
    FrameEncoder encoder("bench");
    log.type_number(SignalEvent::type);
    std::vector<FixedEvent> batch(1024);
    const EncodedSource no_source;
    alignas(8) std::byte record[512];
    while (!stop_) {
      const std::size_t n = queue_.try_dequeue_bulk(batch.data(), batch.size());
      for (std::size_t i = 0; encode_ && i < n; ++i) {
        const FixedEvent& e = batch[i];
        const SignalEvent event{.symbol = e.symbol,
                                .strategy_name = e.strategy_name,
                                .signal = e.signal,
                                .confidence = e.confidence,
                                .reason = e.reason,
                                .timeframe = e.timeframe};
        const std::size_t size = detail::record_size(event, false);
        detail::write_record(record, size, event, kNow, 0, e.ticks);
        FrameIndex index;
        char* out = log.room(4096 + size * 6);
        encoder.encode(out, record, no_source, log.next_seq(), static_cast<std::int64_t>(e.ticks),
                       index);
        log.append(index);
      }
      if (encode_ && n > 0) log.commit();
      consumed_.fetch_add(n, std::memory_order_release);
      if (n == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  const bool encode_;
  // Room for what a benchmark can be ahead; try_enqueue does not allocate beyond it.
  moodycamel::ConcurrentQueue<FixedEvent> queue_{65'536};
  std::atomic<std::uint64_t> consumed_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline std::string to_json_by_fmt(const Input& in, std::uint64_t ticks) {
  return fmt::format(
      R"({{"type":"signal_event","timestamp":{},"payload":{{"symbol":"{}","strategy_name":"{}",)"
      R"("signal":"{}","confidence":{},"reason":"{}","timeframe":"{}"}}}})",
      ticks, in.symbol, in.strategy_name, in.signal, in.confidence, in.reason, in.timeframe);
}

/// What one would write first: format, lock, push, notify.
class MutexDeque {
 public:
  MutexDeque() : thread_([this] { run(); }) {}
  ~MutexDeque() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    ready_.notify_all();
    thread_.join();
  }
  MutexDeque(const MutexDeque&) = delete;
  MutexDeque& operator=(const MutexDeque&) = delete;
  bool publish(const Input& in) {
    std::string json = to_json_by_fmt(in, __rdtsc());
    {
      const std::lock_guard lock(mutex_);
      if (incoming_.size() > 100'000) return false;
      incoming_.push_back(std::move(json));
    }
    ready_.notify_one();
    return true;
  }
  std::uint64_t consumed() const { return consumed_.load(std::memory_order_acquire); }

 private:
  void run() {
    std::deque<std::string> log;
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [this] { return stop_ || !incoming_.empty(); });
      if (stop_) return;
      std::deque<std::string> taken;
      taken.swap(incoming_);
      lock.unlock();
      for (std::string& json : taken) {
        log.push_back(std::move(json));
        if (log.size() > 5000) log.pop_front();
      }
      consumed_.fetch_add(taken.size(), std::memory_order_release);
      lock.lock();
    }
  }

  std::mutex mutex_;  // guards incoming_ and stop_
  std::condition_variable ready_;
  std::deque<std::string> incoming_;
  bool stop_ = false;
  std::atomic<std::uint64_t> consumed_{0};
  std::thread thread_;
};

/// spdlog's asynchronous logger, to nowhere or to a file in memory.
class Spdlog {
 public:
  explicit Spdlog(bool to_file) {
    pool_ = std::make_shared<spdlog::details::thread_pool>(65'536, 1);
    std::shared_ptr<spdlog::sinks::sink> sink = std::make_shared<spdlog::sinks::null_sink_mt>();
    if (to_file) {
      sink =
          std::make_shared<spdlog::sinks::basic_file_sink_mt>("/dev/shm/tapedeck-bench.log", true);
    }
    logger_ = std::make_shared<spdlog::async_logger>("bench", sink, pool_,
                                                     spdlog::async_overflow_policy::block);
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%f %v");
  }
  ~Spdlog() {
    logger_.reset();
    pool_.reset();
    std::remove("/dev/shm/tapedeck-bench.log");
  }
  Spdlog(const Spdlog&) = delete;
  Spdlog& operator=(const Spdlog&) = delete;
  bool publish(const Input& in) {
    logger_->info(R"({{"symbol":"{}","strategy_name":"{}","signal":"{}","confidence":{},)"
                  R"("reason":"{}","timeframe":"{}"}})",
                  in.symbol, in.strategy_name, in.signal, in.confidence, in.reason, in.timeframe);
    return true;
  }
  std::size_t waiting() { return pool_->queue_size(); }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace tapedeck::bench
