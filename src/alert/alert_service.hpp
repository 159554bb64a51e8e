// AlertService: rules, their state and what they tell, as one more cursor on a bus's log. A thread
// reads every event once, asks the rules, publishes what fires and resolves as `alert_event`, and
// hands notifications to the dispatcher. Publishers and other readers never notice it.
//
// Thread contract: construct, start, stop and reload from one thread; everything else from any.
// What the API changes waits for the disk (put_rule, delete_rule), backtest() for the history: not
// for I/O threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert_status.hpp"
#include "alert/dispatcher.hpp"
#include "alert/notification.hpp"
#include "alert/rule.hpp"
#include "base/error.hpp"
#include "bus/history.hpp"
#include "tapedeck/bus.hpp"
#include "tapedeck/market/calendar.hpp"

namespace tapedeck::alert {

struct AlertOptions {
  std::vector<Rule> rules;  ///< of the configuration; they cannot be changed by the API
  DeliveryOptions delivery;
  AlertLimits limits;
  std::filesystem::path file;  ///< alerts.db; empty: nothing survives a restart
  std::shared_ptr<const market::TradingCalendar> calendar;  ///< nullptr: the built-in one
  /// What a simulated market's clock shows, while a simulation runs: its events are as fresh as
  /// those of the wall clock, and market hours are its own.
  std::function<Timestamp()> market_time{};
  /// The wall clock, UTC; none: the system's.
  std::function<Timestamp()> wall_time{};
  std::function<void(std::string_view)> log{};
};

struct AlertFigures {
  std::size_t rules = 0;
  std::size_t pending = 0;
  std::size_t firing = 0;
  std::uint64_t events_total = 0;  ///< looked at
  std::uint64_t old_total = 0;     ///< matched, but older than max_age
  std::uint64_t missed_total = 0;  ///< gone before they could be looked at
  std::uint64_t behind = 0;        ///< events that are still to be looked at
  std::uint64_t firings_total = 0;
  std::uint64_t suppressed_total = 0;
  std::string problem;  ///< why state is not kept at the moment; empty: it is, or need not be
};

/// What a rule would have done.
struct BacktestEpisode {
  Group group;
  std::string summary;
  std::optional<double> value;
  std::string event_id;
  std::int64_t fired_ns = 0;
  std::int64_t resolved_ns = 0;  ///< 0: still firing at the end
  std::uint64_t suppressed = 0;
};
struct BacktestResult {
  std::int64_t from_ns = 0;  ///< what was looked at
  std::int64_t until_ns = 0;
  std::uint64_t events = 0;   ///< looked at
  std::uint64_t matches = 0;  ///< of the rule's `when`
  std::uint64_t firings = 0;  ///< also those beyond `limit`
  std::uint64_t suppressed = 0;
  std::uint64_t dropped_groups = 0;
  std::uint64_t missing = 0;              ///< events that are no longer there
  std::vector<BacktestEpisode> episodes;  ///< oldest first
};
struct BacktestQuery {
  std::optional<Timestamp> since{};       ///< event time; nothing: as far back as there is
  std::optional<Timestamp> until{};       ///< nothing: now
  std::size_t limit = 100;                ///< of episodes
  std::uint64_t max_events = 20'000'000;  ///< looked at; more is an error that says so
};

class AlertService {
 public:
  /// @param history what is read behind the log; nullptr: nothing. Both must outlive the service.
  /// @throws std::invalid_argument for options that cannot be; SqliteError for a file that cannot
  /// be used.
  AlertService(TelemetryBus& bus, const History* history, AlertOptions options);
  ~AlertService();
  AlertService(const AlertService&) = delete;
  AlertService& operator=(const AlertService&) = delete;

  /// Goes on where a former run ended, from now on otherwise.
  void start();
  /// What has been published is evaluated, state is written.
  void stop();
  /// Rules and targets of the configuration as they are now.
  /// @return why everything stays as it was
  std::optional<Error> reload(std::vector<Rule> rules, DeliveryOptions delivery);

  // --- rules ---

  std::vector<RuleStatus> rules() const;  ///< by name
  std::optional<RuleStatus> rule(std::string_view name) const;
  /// Makes or replaces a rule of the API's; kept over restarts when this returns. An alert of a
  /// rule that changes is over.
  /// @return whether it is new. Error codes: those of parse_rule; rule_is_configured;
  /// too_many_rules; store_failed.
  Result<bool> put_rule(std::string_view name, std::string_view json);
  /// Error codes: not_found, rule_is_configured, store_failed.
  std::optional<Error> delete_rule(std::string_view name);
  /// parse_rule, and whether its targets are known.
  Result<Rule> check_rule(std::string_view name, std::string_view json) const;

  // --- state ---

  /// Those that are pending or firing, and those lately resolved; the newest first.
  std::vector<AlertStatus> alerts() const;
  /// Marks what fires. @param group nothing: every group of the rule
  /// @return how many. Error code: not_found.
  Result<std::size_t> acknowledge(std::string_view rule, const std::optional<Group>& group,
                                  std::string_view by);
  /// Nothing is sent for so long; state goes on. Zero ends it. @param group nothing: the rule
  /// Error codes: not_found.
  std::optional<Error> silence(std::string_view rule, const std::optional<Group>& group,
                               Duration how_long, std::string_view by, std::string_view reason);
  AlertFigures figures() const;

  // --- trying ---

  /// Runs a rule over what was published; nothing is told anybody.
  /// Error codes: too_many_events, history_failed.
  Result<BacktestResult> backtest(const Rule& rule, const BacktestQuery& query) const;
  /// Sends one message marked `test` to each of the rule's targets, now; blocks for the timeouts.
  /// @return by entry of `notify` (shown_target()) what was wrong; nothing: it was delivered.
  std::vector<std::pair<std::string, std::optional<Error>>> send_test(const Rule& rule);

  Dispatcher& deliveries() noexcept;

 private:
  struct Impl;
  /// Waits until what was saved is written. Error code: store_failed.
  std::optional<Error> flush();

  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::alert
