// The starter set, deploy/alerts.toml, as the program reads it: for each rule events that make it
// fire, and events that nearly do.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "alert/alert_service.hpp"
#include "alert/evaluator_drive.hpp"
#include "app/alert_options.hpp"
#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"

namespace tapedeck::app {
namespace {

using alert::testing::Drive;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::StartsWith;

const AlertConfig& starter_set() {
  static const AlertConfig config =
      read_alert_config("", std::vector<std::string>{TAPEDECK_SOURCE_DIR "/deploy/alerts.toml"});
  return config;
}

const alert::Rule& rule_named(std::string_view name) {
  for (const alert::Rule& rule : starter_set().rules) {
    if (rule.name == name) return rule;
  }
  throw std::runtime_error(fmt::format("there is no rule {}", name));
}

/// Seconds since ten o'clock of other times of the same day.
constexpr double ist(int hour, int minute, int second = 0) {
  return (hour - 10) * 3600.0 + minute * 60.0 + second;
}

class StarterSet : public ::testing::Test {
 protected:
  void use(std::string_view name, double from = 0) {
    drive_.at(from);
    drive_.add(name, alert::rule_json(rule_named(name)));
  }
  void health(std::string_view engine, std::string_view status, const std::string& metrics = "",
              std::string_view mode = "paper") {
    drive_.event("engine_health",
                 fmt::format(R"({{"engine_name":"{}","status":"{}","metrics":{{{}}}}})", engine,
                             status, metrics),
                 0, fmt::format(R"({{"host":"a1","engine_id":"e-{}","mode":"{}"}})", engine, mode));
  }
  /// @param more members of the payload, such as `"qty":5`
  void order(std::string_view id, std::string_view status, const std::string& more = "") {
    drive_.event("order_event",
                 fmt::format(R"({{"order_id":"{}","symbol":"INFY","exchange":"NSE","side":"BUY",)"
                             R"("status":"{}","strategy":"momentum","product":"MIS"{}{}}})",
                             id, status, more.empty() ? "" : ",", more),
                 0, R"({"account":"main"})");
  }
  void position(int size, const std::string& more, std::string_view product = "MIS") {
    drive_.event(
        "position_event",
        fmt::format(R"({{"symbol":"INFY","position_size":{},"product":"{}","strategy":"m"{}}})",
                    size, product, more),
        0, R"({"account":"main"})");
  }
  void performance(std::string_view scope, const std::string& metrics) {
    drive_.event("performance_update",
                 fmt::format(R"({{"metrics":{{{}}},"scope":"{}","strategy":"m"}})", metrics, scope),
                 0, R"({"account":"main","engine_id":"e"})");
  }
  /// "firing resolved": what has changed since the last call; said_ is what was said last.
  std::string states() {
    std::string out;
    for (const std::string& change : drive_.changes()) {
      out += (out.empty() ? "" : " ") + change.substr(0, change.find(' '));
      said_ = drive_.last.status.summary;
    }
    return out;
  }

  Drive drive_;
  std::string said_;
};

TEST_F(StarterSet, NothingLeavesTheMachineByDefault) {
  EXPECT_EQ(starter_set().rules.size(), 26U);
  for (const alert::Rule& rule : starter_set().rules) {
    EXPECT_THAT(rule.notify, IsEmpty()) << rule.name;
    EXPECT_TRUE(rule.enabled) << rule.name;
    EXPECT_FALSE(rule.description.empty()) << rule.name;
    EXPECT_FALSE(rule.message.empty()) << rule.name;
  }
  EXPECT_THAT(starter_set().delivery.targets, IsEmpty());
  EXPECT_EQ(starter_set().delivery.heartbeat_url, "");
}

// --- market data ---

TEST_F(StarterSet, FeedStale) {
  use("feed_stale");
  health("MarketDataEngine", "active", R"("last_tick_age_ms":30000.0)");
  drive_.at(20);
  EXPECT_EQ(states(), "") << "not over the limit";
  health("MarketDataEngine", "active", R"("last_tick_age_ms":30500.0)");
  drive_.at(29.9);
  EXPECT_EQ(states(), "");
  drive_.at(30);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Feed stale: no tick for 30500 ms (e-MarketDataEngine)");
  health("MarketDataEngine", "active", R"("last_tick_age_ms":12.5)");
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, FeedStaleIsQuietAtTheOpenAtNightInReplaysAndAfterAStop) {
  use("feed_stale", ist(9, 0));
  health("MarketDataEngine", "active", R"("last_tick_age_ms":400000.0)");
  drive_.at(ist(9, 15));
  drive_.at(ist(9, 15, 3));
  health("MarketDataEngine", "active", R"("last_tick_age_ms":150.0)");  // the first tick has come
  drive_.at(ist(9, 16));
  health("MarketDataEngine", "active", R"("last_tick_age_ms":900000.0)", "replay");
  drive_.at(ist(9, 17));
  EXPECT_EQ(states(), "");
  health("MarketDataEngine", "active", R"("last_tick_age_ms":31000.0)");
  health("MarketDataEngine", "stopped", R"("last_tick_age_ms":32000.0)");
  drive_.at(ist(9, 20));
  EXPECT_EQ(states(), "");
  drive_.at(ist(16, 0));
  health("MarketDataEngine", "active", R"("last_tick_age_ms":1800000.0)");
  drive_.at(ist(18, 0));
  EXPECT_EQ(states(), "");
}

TEST_F(StarterSet, FeedGap) {
  use("feed_gap");
  const auto gap = [&](const char* symbol, const char* more) {
    drive_.event("feed_gap", fmt::format(R"({{"symbol":"{}","from":"2025-11-18T04:28:00.000000Z",)"
                                         R"("to":"2025-11-18T04:30:00.000000Z"{}}})",
                                         symbol, more));
  };
  gap("NIFTY25NOV26000CE", R"(,"option_type":"CE")");
  EXPECT_EQ(states(), "") << "options have holes";
  gap("INFY", "");
  EXPECT_EQ(states(), "firing");
  EXPECT_THAT(said_, StartsWith("Feed gap: INFY had no data from 2025-11-18T04:28:00"));
  gap("TCS", "");
  EXPECT_EQ(states(), "firing") << "another symbol";
}

// --- engines ---

TEST_F(StarterSet, EngineError) {
  use("engine_error");
  health("StrategyEngineV2", "degraded");
  EXPECT_EQ(states(), "");
  health("StrategyEngineV2", "error", R"("error":"boom")");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "StrategyEngineV2 has failed: boom (e-StrategyEngineV2)");
  health("StrategyEngineV2", "starting");
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, EngineDegraded) {
  use("engine_degraded");
  health("ExecutionEngine", "degraded");
  drive_.at(20);
  health("ExecutionEngine", "active");
  drive_.at(60);
  EXPECT_EQ(states(), "") << "a moment";
  health("ExecutionEngine", "degraded", R"("kill_switch":true)");
  health("Store", "degraded");
  drive_.at(120);
  EXPECT_EQ(states(), "") << "these have rules of their own";
  health("ExecutionEngine", "degraded", R"("kill_switch":false)");
  drive_.at(150);
  EXPECT_EQ(states(), "firing");
}

TEST_F(StarterSet, EngineSilent) {
  use("engine_silent");
  for (const char* engine : {"System", "Store", "UniverseBuilder"}) health(engine, "active");
  health("StrategyEngineV2", "active");
  drive_.at(29);
  health("StrategyEngineV2", "active");
  drive_.at(58);
  EXPECT_EQ(states(), "");
  drive_.at(59);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "StrategyEngineV2 is silent: no health for 30 s (e-StrategyEngineV2)");
  health("StrategyEngineV2", "active");
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, EngineSilentIsQuietAfterACleanStopAndOutsideOfMarketHours) {
  use("engine_silent");
  health("StrategyEngineV2", "active");
  health("StrategyEngineV2", "stopped");
  drive_.at(3600);
  EXPECT_EQ(states(), "");
  drive_.at(ist(15, 29, 45));
  health("ExecutionEngine", "active");
  for (double t = ist(15, 30); t < ist(20, 0); t += 60) drive_.at(t);
  EXPECT_EQ(states(), "") << "only fifteen seconds of it were in the session";
}

TEST_F(StarterSet, StrategyNotEvaluating) {
  use("strategy_not_evaluating");
  const auto evaluate = [&] {
    drive_.event("indicator_event",
                 R"({"symbol":"INFY","timeframe":"1m","indicators":{},"strategy":"momentum"})", 0,
                 R"({"engine_id":"e-StrategyEngineV2"})");
  };
  for (int t = 0; t <= 600; t += 5) {
    drive_.at(t);
    health("StrategyEngineV2", "active");
    if (t % 300 == 0) evaluate();
  }
  EXPECT_EQ(states(), "") << "every five minutes";
  for (int t = 605; t < 960; t += 5) {
    drive_.at(t);
    health("StrategyEngineV2", "active");
  }
  EXPECT_EQ(states(), "");
  drive_.at(960);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "momentum has evaluated nothing for 6m (e-StrategyEngineV2)");
  evaluate();
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, StrategyNotEvaluatingIsQuietWithoutItsEngine) {
  use("strategy_not_evaluating");
  drive_.event("decision_trace",
               R"({"symbol":"INFY","strategy_name":"momentum","decision":"HOLD","trace_data":{}})",
               0, R"({"engine_id":"e-StrategyEngineV2"})");
  health("StrategyEngineV2", "active");
  health("StrategyEngineV2", "stopped");
  for (int t = 0; t < 3600; t += 5) {
    drive_.at(t);
    health("ExecutionEngine", "active");
  }
  EXPECT_EQ(states(), "");
}

TEST_F(StarterSet, KillSwitch) {
  use("kill_switch");
  health("ExecutionEngine", "active", R"("kill_switch":false)");
  EXPECT_EQ(states(), "");
  health("ExecutionEngine", "degraded", R"("kill_switch":true,"killed_by":"me")");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Kill switch on, by me (e-ExecutionEngine)");
  health("ExecutionEngine", "active", R"("kill_switch":false)");
  EXPECT_EQ(states(), "resolved");
}

// --- orders ---

TEST_F(StarterSet, OrderRejected) {
  use("order_rejected");
  order("1", "filled");
  order("2", "rejected", R"("parent_order_id":"3")");
  EXPECT_EQ(states(), "");
  order("3", "rejected", R"("qty":75,"reason":"margin")");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Rejected: BUY 75 INFY: margin (momentum, 3)");
  order("4", "rejected");
  EXPECT_EQ(states(), "") << "the same again within a minute";
}

TEST_F(StarterSet, RejectRate) {
  use("reject_rate");
  for (int i = 0; i < 4; ++i) order("x", "rejected");
  EXPECT_EQ(states(), "") << "four are too few to tell";
  drive_.at(700);
  for (int i = 0; i < 8; ++i) order("x", "filled");
  for (int i = 0; i < 2; ++i) order("x", "rejected");
  EXPECT_EQ(states(), "") << "a fifth is allowed";
  order("x", "rejected");
  EXPECT_EQ(states(), "firing");
  EXPECT_THAT(said_, HasSubstr("A share of 0.272727 of the orders of the last 10m"));
}

TEST_F(StarterSet, OrderUnknown) {
  use("order_unknown");
  order("1", "unknown");
  drive_.at(4.9);
  order("1", "open");
  order("2", "unknown", R"("qty":5,"reason":"no answer")");
  drive_.at(9.8);
  EXPECT_EQ(states(), "");
  drive_.at(9.9);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Outcome unknown: BUY 5 INFY (2): no answer");
  order("2", "filled");
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, OrderDuplicate) {
  use("order_duplicate");
  order("1", "new", R"("qty":5)");
  order("1", "submitted", R"("qty":5)");
  order("2", "new", R"("qty":6)");
  order("3", "new", R"("qty":5,"parent_order_id":"9")");
  drive_.at(2);
  order("4", "new", R"("qty":5)");
  EXPECT_EQ(states(), "") << "another quantity, a slice, or two seconds later";
  drive_.at(3.9);
  order("5", "new", R"("qty":5)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Duplicate order: 2 x BUY 5 INFY within 2s (momentum)");
}

TEST_F(StarterSet, PartialFillStuck) {
  use("partial_fill_stuck");
  order("1", "partially_filled", R"("qty":10,"filled_qty":4)");
  drive_.at(59);
  order("1", "filled");
  order("2", "partially_filled", R"("qty":10,"filled_qty":4)");
  drive_.at(118);
  EXPECT_EQ(states(), "");
  drive_.at(119);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Partly filled for a minute: 4 of 10 INFY BUY (2)");
}

TEST_F(StarterSet, SlowFill) {
  use("slow_fill");
  order("1", "submitted", R"("order_type":"MARKET")");
  order("2", "submitted", R"("order_type":"LIMIT")");
  drive_.at(2.9);
  order("1", "filled", R"("order_type":"MARKET")");
  drive_.at(60);
  EXPECT_EQ(states(), "") << "in time, or a limit order that may wait";
  order("3", "submitted", R"("order_type":"MARKET","qty":5)");
  drive_.at(61);
  order("3", "open", R"("order_type":"MARKET","qty":5)");
  drive_.at(62.9);
  EXPECT_EQ(states(), "");
  drive_.at(63);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Slow fill: BUY 5 INFY at the market is not filled after 3 s (3)");
  order("3", "cancelled", R"("order_type":"MARKET")");
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, OrderQuota) {
  use("order_quota");
  health("ExecutionEngine", "active", R"("orders_sent_today":4049,"orders_per_day_limit":5000)");
  health("ExecutionEngine", "active", R"("orders_sent_today":4049,"orders_per_day_limit":null)");
  EXPECT_EQ(states(), "");
  health("ExecutionEngine", "active", R"("orders_sent_today":4050,"orders_per_day_limit":5000)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "81 % of the day's order quota is used: 4050 of 5000 (e-ExecutionEngine)");
}

// --- positions ---

TEST_F(StarterSet, PositionWithoutStop) {
  use("position_without_stop");
  position(10, R"(,"protected_qty":0)");
  drive_.at(29);
  position(10, R"(,"protected_qty":10,"protected_by":"order")");
  position(-10, R"(,"protected_qty":10,"protected_by":"strategy")");
  position(10, "");
  drive_.at(60);
  EXPECT_EQ(states(), "") << "in time; or nobody told";
  position(10, R"(,"protected_qty":0)", "CNC");
  position(-10, R"(,"protected_qty":6)", "NRML");
  drive_.at(90);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "No stop: -10 INFY NRML, 6 protected (m)");
  position(0, "", "NRML");
  EXPECT_EQ(states(), "resolved");
}

TEST_F(StarterSet, PositionWithoutStopIsQuietAtNight) {
  use("position_without_stop", ist(16, 0));
  position(10, R"(,"protected_qty":0)", "NRML");
  drive_.at(ist(20, 0));
  EXPECT_EQ(states(), "");
}

TEST_F(StarterSet, MisBeforeSquareOff) {
  use("mis_before_square_off", ist(15, 0));
  health("ExecutionEngine", "active", R"("intraday_positions":0,"minutes_to_square_off":null)");
  health("ExecutionEngine", "active", R"("intraday_positions":2,"minutes_to_square_off":10.1)");
  EXPECT_EQ(states(), "");
  health(
      "ExecutionEngine", "active",
      R"("intraday_positions":2,"intraday_symbols":["INFY","TCS"],"minutes_to_square_off":10.0)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, R"(2 intraday positions open, square-off in 10 minutes: ["INFY","TCS"])");
}

// --- money ---

TEST_F(StarterSet, DailyLossNearAndAtItsLimit) {
  use("daily_loss_near");
  use("daily_loss_limit");
  const std::string limit = R"("loss_limit":20000.0,)";
  performance("account", limit + R"("day_net_pnl":-14900.0)");
  performance("account", limit + R"("day_net_pnl":30000.0)");
  performance("strategy", limit + R"("day_net_pnl":-30000.0)");
  performance("account", R"("loss_limit":null,"day_net_pnl":-30000.0)");
  EXPECT_EQ(states(), "");
  performance("account", limit + R"("day_net_pnl":-15000.0)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "-15000 today: 75 % of the daily loss limit of 20000");
  performance("account", limit + R"("day_net_pnl":-19999.9)");
  EXPECT_EQ(states(), "");
  performance("account", limit + R"("day_net_pnl":-20000.0)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Daily loss limit reached: -20000 today, the limit is 20000");
}

TEST_F(StarterSet, Drawdown) {
  use("drawdown");
  performance("account", R"("current_drawdown":50000.0)");
  performance("strategy", R"("current_drawdown":90000.0)");
  performance("account", R"("current_drawdown":null)");
  EXPECT_EQ(states(), "");
  performance("account", R"("current_drawdown":50000.5,"net_pnl":-10)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Drawdown of 50000.5 from the peak, net -10");
}

TEST_F(StarterSet, LossStreak) {
  use("loss_streak");
  performance("strategy", R"("loss_streak":4)");
  performance("account", R"("loss_streak":9)");
  EXPECT_EQ(states(), "");
  performance("strategy", R"("loss_streak":5,"net_pnl":-250)");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "m has lost 5 trades in a row, net -250");
}

// --- the machine ---

TEST_F(StarterSet, ClockOffset) {
  use("clock_offset");
  health("System", "active", R"("clock_offset_ms":99.0,"clock_max_error_ms":300.0)");
  health("System", "active", R"("clock_offset_ms":null,"clock_max_error_ms":null)");
  drive_.at(120);
  EXPECT_EQ(states(), "");
  health("System", "active", R"("clock_offset_ms":-101.0,"clock_max_error_ms":300.0)");
  drive_.at(180);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "Clock of a1 is off by -101 ms (at most 300 ms)");
}

TEST_F(StarterSet, ClockUnsynchronized) {
  use("clock_unsynchronized");
  health("System", "active", R"("clock_synchronized":false)");
  drive_.at(3600);
  EXPECT_EQ(states(), "") << "nothing is traded live";
  for (int t = 3600; t < 4195; t += 5) {
    drive_.at(t);
    health("System", "active", R"("clock_synchronized":false)");
    health("ExecutionEngine", "active", "", "live");
  }
  EXPECT_EQ(states(), "");
  drive_.at(4200);
  EXPECT_EQ(states(), "firing");
}

TEST_F(StarterSet, InstrumentsStale) {
  use("instruments_stale");
  health("UniverseBuilder", "active", R"("dump_age_sessions":1)");
  health("UniverseBuilder", "active", R"("instruments_age_hours":null)");
  drive_.at(300);
  EXPECT_EQ(states(), "") << "yesterday's; none";
  health("UniverseBuilder", "degraded", R"("dump_age_sessions":2,"instruments_age_hours":49.5)");
  drive_.at(420);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "The instrument file is 49.5 hours old, 2 sessions: refresh it");
}

TEST_F(StarterSet, StoreDegraded) {
  use("store_degraded");
  health("Store", "degraded");
  drive_.at(4.9);
  health("Store", "active");
  health("ExecutionEngine", "degraded");
  drive_.at(60);
  EXPECT_EQ(states(), "");
  health("Store", "degraded", R"("error":"disk full","waiting_events":7)");
  drive_.at(65);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "The history cannot be written: disk full (7 events wait)");
  drive_.at(179);
  EXPECT_EQ(states(), "");
  drive_.at(180);
  EXPECT_EQ(states(), "resolved") << "nobody says so any more";
}

TEST_F(StarterSet, DiskNearlyFull) {
  use("disk_nearly_full");
  health("System", "active", R"("disk_free_pct":5.0)");
  drive_.at(120);
  EXPECT_EQ(states(), "");
  health("System", "active", R"("disk_free_pct":4.9)");
  drive_.at(180);
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "4.9 % of the disk of a1 is free");
}

TEST_F(StarterSet, EventsDropped) {
  use("events_dropped");
  health("ExecutionEngine", "active", R"("events_lost":0)");
  EXPECT_EQ(states(), "");
  drive_.event("events_dropped", R"({"count":17,"reason":"the spool is full"})");
  EXPECT_EQ(states(), "firing");
  EXPECT_EQ(said_, "17 events were dropped (the spool is full)");
}

// --- all of them together ---

/// What the market does to a strategy, rather than what is broken.
const std::set<std::string> kOfTheMarket{"daily_loss_near", "daily_loss_limit", "drawdown",
                                         "loss_streak", "mis_before_square_off"};

struct RunAlerts {
  std::set<std::string> looked;                ///< rules whose `when` matched something
  std::map<std::string, std::uint64_t> fired;  ///< how often
};

/// What the rules make of a run of the simulator and the engines.
RunAlerts alerts_of(desk::EngineRunOptions options) {
  test::TestBus bus(std::size_t{512} << 20);  // all of it
  options.speed = 0;
  options.sim_date = "2025-11-18";
  desk::EngineRunner runner(bus.bus(), std::move(options));
  runner.start();
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_GT(runner.summary().fills, 4U);
  bus.bus().flush();
  const alert::AlertService service(bus.bus(), nullptr, {});
  RunAlerts alerts;
  for (const alert::Rule& rule : starter_set().rules) {
    const auto result = service.backtest(rule, {});
    if (!result) throw std::runtime_error(result.error().message);
    EXPECT_EQ(result->missing, 0U) << rule.name;
    EXPECT_EQ(result->dropped_groups, 0U) << rule.name;
    if (result->matches > 0) alerts.looked.insert(rule.name);
    if (result->firings > 0) alerts.fired[rule.name] = result->firings;
  }
  return alerts;
}

TEST(StarterSetOfARun, SaysOfAHealthyOneThatNothingIsBroken) {
  desk::EngineRunOptions options;
  options.feed = "sim?sessions=2";  // and the night between them
  options.strategy.strategies = {"momentum", "ema_crossover", "mean_reversion"};
  const RunAlerts alerts = alerts_of(options);
  for (const auto& [rule, times] : alerts.fired) {
    EXPECT_TRUE(kOfTheMarket.contains(rule)) << rule << " fired " << times << " times";
  }
  EXPECT_THAT(alerts.looked,
              IsSupersetOf({"feed_stale", "engine_silent", "strategy_not_evaluating", "kill_switch",
                            "reject_rate", "order_unknown", "order_duplicate", "slow_fill",
                            "order_quota", "position_without_stop", "mis_before_square_off",
                            "daily_loss_limit", "drawdown", "loss_streak", "instruments_stale"}));
}

TEST(StarterSetOfARun, TellsAStrategyThatWatchesNoStop) {
  desk::EngineRunOptions options;
  options.feed = "sim?sessions=1";
  options.strategy.strategies = {"ema_crossover"};
  options.strategy.parameters["ema_crossover"]["stop_atr"] = 0;
  EXPECT_TRUE(alerts_of(options).fired.contains("position_without_stop"));
}

TEST(StarterSetOfARun, TellsABrokerThatRejects) {
  desk::EngineRunOptions options;
  options.feed = "sim?sessions=1";
  options.strategy.strategies = {"mean_reversion"};
  options.paper.reject_probability = 0.4;
  const RunAlerts alerts = alerts_of(options);
  EXPECT_TRUE(alerts.fired.contains("order_rejected"));
  EXPECT_TRUE(alerts.fired.contains("reject_rate"));
}

}  // namespace
}  // namespace tapedeck::app
