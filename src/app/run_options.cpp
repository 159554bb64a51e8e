#include "app/run_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tapedeck::app {
namespace {

void add_feed_options(CLI::App& command, RunArguments& arguments) {
  desk::EngineRunOptions& engines = arguments.engines;
  command
      .add_option("--feed", engines.feed,
                  "sim, or replay:PATH[?format=csv|kite-candles&columns=…&symbol=…&tz=…]")
      ->envname("TAPEDECK_FEED")
      ->capture_default_str();
  command.add_option("--speed", engines.speed, "1: as it happens, N: N times as fast, 0: at once")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--symbols", engines.symbols, "only these, comma-separated")->delimiter(',');
  command.add_option("--timeframes", engines.timeframes, "candles to build, comma-separated")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--seed", engines.seed, "of the simulator; the same seed, the same events")
      ->capture_default_str();
  command.add_option(
      "--sim-date", engines.sim_date,
      "first session of the simulator, YYYY-MM-DD; default: the last one up to today");
  command.add_option("--account", engines.account, "account alias in the events' source")
      ->capture_default_str();
  command.add_option("--engine-id-prefix", engines.engine_id_prefix,
                     "PREFIX-strategy and so on name the engines; default: paper or replay");
  command
      .add_option("--candle-cache", engines.market_data.cache_file,
                  "file in which candles survive a restart; default: none")
      ->type_name("FILE");
  command
      .add_option("--engine-state", engines.state_file,
                  "file in which positions and strategies' state survive a restart; default: "
                  "each run begins anew")
      ->type_name("FILE");
  command.add_flag("--exit-at-end", arguments.exit_at_end, "stop when the feed has ended");
}

void add_universe_options(CLI::App& command, RunArguments& arguments) {
  command
      .add_option("--instruments", arguments.instruments,
                  "Kite's instrument dump (CSV, plain or .gz), as universe refresh keeps it")
      ->check(CLI::ExistingFile);
  universe::UniverseOptions& options = arguments.universe;
  command
      .add_option("--universe-segments", options.filter.segments,
                  "of the dump only these: NSE, INDICES, NFO-FUT, NFO-OPT, …")
      ->delimiter(',');
  command
      .add_option("--universe-underlyings", options.filter.underlyings,
                  "of the dump only these, such as NIFTY,BANKNIFTY")
      ->delimiter(',');
  command.add_option("--universe-list", arguments.universe_lists,
                     "of the dump only shares on this list and their derivatives, NAME=FILE; may "
                     "be repeated");
  command.add_option("--strikes", arguments.strikes,
                     "contracts around the money to follow, UNDERLYING[:EXPIRY RANK[:EACH SIDE]]; "
                     "may be repeated");
  command
      .add_option("--freeze-file", options.freeze_file,
                  "CSV of underlying,freeze_qty,effective_from")
      ->check(CLI::ExistingFile);
}

void add_strategy_options(CLI::App& command, RunArguments& arguments) {
  strategy::StrategyOptions& options = arguments.engines.strategy;
  command.add_option("--strategies", options.strategies, "strategies to run, comma-separated")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--strategy-set", arguments.strategy_set,
                     "a strategy's parameter, NAME.PARAMETER=VALUE; may be repeated");
  command.add_flag("--list-strategies", arguments.list_strategies,
                   "print the strategies and their parameters, and stop");
  command.add_option("--decide-on", arguments.decide_on,
                     "timeframe strategies decide on; default: the shortest there is");
  command.add_option("--max-positions", options.max_positions, "open at once, of each strategy")
      ->capture_default_str();
  command.add_option("--cooldown-candles", options.cooldown_candles, "between exit and next entry")
      ->capture_default_str();
  command.add_option("--min-confidence", options.min_confidence, "of an entry, 0 to 1")
      ->capture_default_str();
  command.add_option("--order-value", options.order_value, "rupees an entry in shares is worth")
      ->capture_default_str();
  command
      .add_option("--max-daily-loss", options.max_daily_loss,
                  "rupees lost today from which on nothing is entered; 0: no limit")
      ->capture_default_str();
  command
      .add_option("--hold-every", options.hold_every,
                  "a repeated HOLD or VETO is traced every so many candles; 0: never, 1: always")
      ->capture_default_str();
  command
      .add_option("--entry-cutoff-minutes", arguments.entry_cutoff_minutes,
                  "no entry so shortly before the session's end")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--square-off-minutes", arguments.square_off_minutes,
                  "strategies leave so long before the session's end")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_execution_options(CLI::App& command, RunArguments& arguments) {
  execution::ExecutionOptions& options = arguments.engines.execution;
  command.add_option("--broker", "who takes the orders")
      ->check(CLI::IsMember({"paper"}))
      ->default_str("paper");
  command.add_option("--capital", options.capital, "rupees that margins are taken from")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--pnl-basis", arguments.pnl_basis, "how profit is reckoned")
      ->check(CLI::IsMember({"average", "fifo"}))
      ->capture_default_str();
  execution::RiskLimits& limits = options.limits;
  command.add_option("--max-quantity", limits.max_quantity, "units of one order; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--max-notional", limits.max_notional, "rupees of one order; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--max-open-orders", limits.max_open_orders, "at work at once; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--price-band-pct", limits.price_band_pct,
                  "how far a limit may be from the last price; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void add_paper_options(CLI::App& command, RunArguments& arguments) {
  execution::PaperBrokerOptions& paper = arguments.engines.paper;
  command.add_option("--ack-latency-ms", arguments.ack_latency_ms, "of the paper broker")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--spread-ticks", paper.spread_ticks, "where the feed has no bid and ask")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--slippage-ticks", paper.slippage_ticks, "of an order that takes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--fill-limit", paper.fill_limit, "units filled at one price; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--volume-share", paper.volume_share,
                  "of the quantity traded, for our orders; 0: no limit")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--reject-probability", paper.reject_probability,
                  "orders the paper broker rejects by chance")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

std::chrono::nanoseconds nanoseconds_of(double count, std::chrono::nanoseconds unit) {
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(count * static_cast<double>(unit.count())));
}

universe::SymbolListFile list_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw std::invalid_argument(fmt::format("--universe-list {}: write NAME=FILE", text));
  }
  return {text.substr(0, equals), text.substr(equals + 1), {}};
}

universe::StrikeQuery strikes_of(const std::string& text) {
  universe::StrikeQuery query;
  const std::size_t first = std::min(text.find(':'), text.size());
  query.underlying = text.substr(0, first);
  const char* at = text.data() + first;
  const char* end = text.data() + text.size();
  bool good = first > 0;
  for (std::size_t* number : {&query.expiry_rank, &query.strikes_each_side}) {
    if (at == end) break;
    const auto [stop, problem] = std::from_chars(at + 1, end, *number);
    good = good && *at == ':' && problem == std::errc{};
    if (!good) break;
    at = stop;
  }
  if (!good || at != end) {
    throw std::invalid_argument(fmt::format(
        "--strikes {}: write UNDERLYING[:EXPIRY RANK[:EACH SIDE]], such as NIFTY:0:5", text));
  }
  return query;
}

void set_universe(const RunArguments& arguments, desk::EngineRunOptions& options) {
  if (arguments.instruments.empty()) {
    if (!arguments.strikes.empty() || !arguments.universe_lists.empty()) {
      throw std::invalid_argument("--strikes and --universe-list need --instruments FILE");
    }
    return;
  }
  options.universe = arguments.universe;
  options.universe->dump = arguments.instruments;
  for (const std::string& text : arguments.universe_lists) {
    options.universe->lists.push_back(list_of(text));
    options.universe->filter.lists.push_back(options.universe->lists.back().name);
  }
  for (const std::string& text : arguments.strikes) {
    options.universe->strikes.push_back(strikes_of(text));
  }
  options.instruments = desk::listed_instruments(*options.universe);
}

void set_parameter(strategy::StrategyOptions& options, const std::string& text) {
  const std::size_t dot = text.find('.');
  const std::size_t equals = text.find('=');
  double value = 0;
  const char* end = text.data() + text.size();
  const bool shaped = dot != std::string::npos && equals != std::string::npos && dot < equals;
  const auto [stop, problem] =
      shaped ? std::from_chars(text.data() + equals + 1, end, value)
             : std::from_chars_result{text.data(), std::errc::invalid_argument};
  if (problem != std::errc{} || stop != end) {
    throw std::invalid_argument(fmt::format(
        "--strategy-set {}: write NAME.PARAMETER=VALUE with a number as its value", text));
  }
  options.parameters[text.substr(0, dot)][text.substr(dot + 1, equals - dot - 1)] = value;
}

}  // namespace

void add_run_options(CLI::App& command, RunArguments& arguments) {
  add_feed_options(command, arguments);
  add_universe_options(command, arguments);
  add_strategy_options(command, arguments);
  add_execution_options(command, arguments);
  add_paper_options(command, arguments);
}

desk::EngineRunOptions engine_options(const RunArguments& arguments) {
  desk::EngineRunOptions options = arguments.engines;
  if (options.feed == "push") {
    throw std::invalid_argument("nobody could push into the program: use sim or replay:PATH");
  }
  for (const std::string& text : arguments.strategy_set) set_parameter(options.strategy, text);
  if (!arguments.decide_on.empty()) {
    options.strategy.timeframe = market::Timeframe::parse(arguments.decide_on);
    if (!options.strategy.timeframe) {
      throw std::invalid_argument(fmt::format("--decide-on {}: must be one of {}",
                                              arguments.decide_on, market::Timeframe::kSupported));
    }
  }
  options.strategy.entry_cutoff_before_close =
      nanoseconds_of(arguments.entry_cutoff_minutes, std::chrono::minutes{1});
  options.strategy.square_off_before_close =
      nanoseconds_of(arguments.square_off_minutes, std::chrono::minutes{1});
  options.execution.pnl_basis =
      arguments.pnl_basis == "fifo" ? execution::PnlBasis::fifo : execution::PnlBasis::average;
  options.paper.ack_latency =
      nanoseconds_of(arguments.ack_latency_ms, std::chrono::milliseconds{1});
  options.paper.seed = options.seed;
  set_universe(arguments, options);
  return options;
}

std::string strategy_list() {
  std::string text;
  for (const strategy::StrategyEntry& entry : strategy::all_strategies()) {
    text += fmt::format("{} (version {})\n{}\n", entry.name, entry.version,
                        strategy::describe_parameters(entry));
  }
  return text;
}

}  // namespace tapedeck::app
