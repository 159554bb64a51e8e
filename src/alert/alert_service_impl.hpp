// The service's inner state, for its own sources: what the thread does is in alert_loop.cpp, what
// callers ask in alert_service.cpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "alert/alert_clock.hpp"
#include "alert/alert_news.hpp"
#include "alert/alert_service.hpp"
#include "alert/evaluator.hpp"
#include "alert/rule_book.hpp"
#include "alert/silences.hpp"
#include "query/tape.hpp"

namespace tapedeck::alert {

struct AlertService::Impl {
  Impl(TelemetryBus& to_watch, const History* history, AlertOptions given);
  ~Impl();

  void start();
  void stop();

  // --- the thread ---

  void run();
  /// Where to begin, and what a former run knew.
  void take_up();
  void warm_up(Moment now);
  /// One look at the log. @return whether there was something to read
  bool turn();
  std::size_t read_on(Moment now);
  /// With the lock: publishes what has changed. @return what is to be sent
  std::vector<Notification> tell(Moment now);
  void remember_resolved(const AlertChange& change);
  void notify(const AlertChange& change, Moment now, std::vector<Notification>& out);
  /// What fires and was silent until now, and what is to be repeated.
  void remind(Moment now, std::vector<Notification>& out);
  void remind_group(const CompiledRule& rule, GroupState& group, Moment now,
                    std::vector<Notification>& out);
  void save(Moment now);

  // --- rules, with the lock ---

  void enlist(const CompiledRulePtr& rule);
  void delist(std::string_view name);
  RuleStatus status_of(const std::string& name, const RuleBook::Entry& entry) const;

  TelemetryBus& bus;
  AlertOptions options;
  std::shared_ptr<const market::TradingCalendar> calendar;
  Tape tape;
  SourceId source;
  std::unique_ptr<ValueStore> store;  // null: nothing is kept
  Dispatcher dispatcher;

  mutable std::mutex mutex;  // guards what follows; the thread holds it for a batch at a time
  AlertClock clock;
  Moment moment;  // of the last look
  Evaluator evaluator;
  RuleBook book;
  Silences silences;
  std::deque<AlertStatus> resolved;  // newest last
  std::uint64_t next_seq = 0;
  std::int64_t evaluated_at = 0;  // the evaluator's time
  std::int64_t saved_at = 0;
  std::int64_t reminded_at = 0;
  std::uint64_t saved_seq = 0;
  AlertFigures totals;  // what is counted here

  std::condition_variable wake;
  bool stopping = false;
  std::uint64_t stop_seq = 0;                 // what was published before is still evaluated
  std::atomic<std::int64_t> last_turn_ns{0};  // monotonic
  std::thread thread;
};

}  // namespace tapedeck::alert
