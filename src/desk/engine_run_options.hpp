// What a run of the engines is made of, and what came of it. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/push_feed.hpp"
#include "tapedeck/execution/execution_engine.hpp"
#include "tapedeck/execution/paper_broker.hpp"
#include "tapedeck/market/feed.hpp"
#include "tapedeck/market/market_data_engine.hpp"
#include "tapedeck/strategy/strategy_engine.hpp"
#include "tapedeck/universe/universe_builder.hpp"

namespace tapedeck::desk {

/// The engines of a run.
enum class Part : std::size_t { market_data, strategy, execution, universe };
inline constexpr std::size_t kParts = 4;

struct EngineRunOptions {
  /// `sim[?sessions=N]`, `replay:PATH[?format=…&symbol=…&tz=…&columns=…&timeframe=…]`, or `push`
  /// (EngineRunner::push_feed)
  std::string feed = "sim";
  /// Those that are made with the run and start with it; others may come later.
  std::vector<Part> parts{Part::market_data, Part::strategy, Part::execution, Part::universe};
  /// 1: as it happens, N: N times as fast, 0: as fast as it goes; 1 with a live feed.
  double speed = 1;
  /// How many ticks and candles of the caller's may wait for the engine thread (`push`).
  std::size_t push_queue_limit = market::kUsualPushQueueLimit;
  /// Only these, `INFY` or `NSE:INFY` (and what their signals are ordered in); empty: all.
  std::vector<std::string> symbols;
  std::vector<std::string> timeframes{"1m", "5m"};
  /// Of the simulator and the paper broker.
  std::uint64_t seed = 1;
  /// First session of the simulator, YYYY-MM-DD; empty: the last session date up to today (IST).
  std::string sim_date;
  std::string account = "paper";
  std::string host;              ///< empty: this machine's name
  std::string engine_id_prefix;  ///< `<prefix>-strategy`; empty: the mode (paper, replay)

  /// Watches an instrument dump; nothing: looks at what the feed lists.
  std::optional<universe::UniverseOptions> universe;
  /// What the symbols of a replay or of the caller's ticks are, where it is known; the others are
  /// guessed from their names.
  std::shared_ptr<const market::InstrumentTable> instruments;
  /// Where the engines' state survives a restart (SQLite); empty: each run begins anew.
  std::filesystem::path state_file;

  market::MarketDataOptions market_data;  ///< timeframes are filled in
  strategy::StrategyOptions strategy;     ///< symbols, run and state_store are filled in
  execution::ExecutionOptions execution;  ///< state_store, account and mode are filled in
  execution::PaperBrokerOptions paper;

  /// Instead of what `feed` names.
  std::function<std::unique_ptr<market::Feed>(const market::TradingCalendar&)> make_feed;
  /// Instead of the paper broker.
  std::function<std::unique_ptr<execution::Broker>(const market::TradingCalendar&)> make_broker;
  // To measure what telemetry costs:
  bool telemetry = true;  ///< false: events are put together and not published
  bool health = true;     ///< false: nothing is published periodically

  /// Gets a line worth logging, now and then; from the constructor and from the engine thread.
  std::function<void(std::string_view)> log;
  /// Called on the engine thread when a command has been answered.
  /// `killed`: whether the kill switch is on now.
  std::function<void(bool killed)> on_command;
  /// Called now and then by a run at speed 0, on its thread: may wait for who keeps what is
  /// published.
  std::function<void()> keep_pace;
};

/// What a dump says of symbols, whenever they expired: a replay may be of any day.
/// @throws std::invalid_argument with why the dump cannot be used
std::shared_ptr<const market::InstrumentTable> listed_instruments(
    const universe::UniverseOptions& options);

struct RunSummary {
  std::uint64_t records = 0;  ///< ticks, candles and marks of the feed
  std::uint64_t ticks = 0;    ///< of the wanted symbols, as the market data engine saw them
  std::uint64_t late_ticks = 0;
  std::uint64_t out_of_session_ticks = 0;
  std::uint64_t volume_falls = 0;
  std::uint64_t gaps = 0;
  std::uint64_t bad_rows = 0;
  std::vector<market::BadRow> first_bad_rows;
  std::uint64_t candles = 0;
  std::uint64_t signals = 0;
  std::uint64_t orders = 0;
  std::uint64_t fills = 0;
  std::uint64_t rejects = 0;
  std::uint64_t expired = 0;  ///< orders that outlived their session
  double realized_pnl = 0;    ///< before charges
  double charges = 0;
  bool killed = false;
  Timestamp from{};  ///< engine time; 0 before the first record
  Timestamp to{};
};

}  // namespace tapedeck::desk
