#include "engine_options.hpp"

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "python_strategy.hpp"

namespace nb = nanobind;

namespace tapedeck::python {
namespace {

using std::chrono::nanoseconds;

/// Reads the options of one dict by name.
class Options {
 public:
  explicit Options(nb::dict given) : given_(std::move(given)) {}

  template <typename T>
  bool read(const char* name, T& out) const {
    if (!given_.contains(name)) return false;
    const nb::object value = given_[name];
    if (value.is_none()) return false;
    if (nb::try_cast(value, out)) return true;
    throw nb::type_error(fmt::format("{} cannot be {}", name, nb::repr(value).c_str()).c_str());
  }
  bool read(const char* name, std::filesystem::path& out) const {
    std::string text;
    if (!read(name, text)) return false;
    out = text;
    return true;
  }
  /// A number of `unit`, not negative.
  template <typename Duration>
  bool read(const char* name, Duration unit, nanoseconds& out) const {
    double count = 0;
    if (!read(name, count)) return false;
    // Beyond a century nothing is meant, and nanoseconds would not hold it.
    constexpr double kMostSeconds = 100.0 * 365 * 86'400;
    const double seconds = count * std::chrono::duration<double>(unit).count();
    if (!(seconds >= 0) || seconds > kMostSeconds) {
      throw std::invalid_argument(fmt::format("{} must not be negative, not {}", name, count));
    }
    out = nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
    return true;
  }
  /// A finite number that is not negative.
  bool read_amount(const char* name, double& out) const {
    if (!read(name, out)) return false;
    if (std::isfinite(out) && out >= 0) return true;
    throw std::invalid_argument(
        fmt::format("{} must be a number of at least 0, not {}", name, out));
  }
  bool read_amount(const char* name, std::int64_t& out) const {
    if (!read(name, out)) return false;
    if (out >= 0) return true;
    throw std::invalid_argument(fmt::format("{} must be at least 0, not {}", name, out));
  }

 private:
  nb::dict given_;
};

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void read_market_data(const Options& given, market::MarketDataOptions& options) {
  given.read("cache_file", options.cache_file);
  given.read("cached_candles", options.cached_candles);
  given.read("gap_seconds", seconds{1}, options.gap_threshold);
  given.read("stale_minutes", minutes{1}, options.stale_after);
  given.read_amount("max_jump_pct", options.max_jump_pct);
  given.read("health_seconds", seconds{1}, options.health_every);
  given.read("health_symbols", options.health_symbols);
}

void read_strategy(const Options& given, strategy::StrategyOptions& options) {
  given.read("strategies", options.strategies);
  given.read("indicators", options.indicators);
  given.read("max_positions", options.max_positions);
  given.read("cooldown_candles", options.cooldown_candles);
  given.read("min_confidence", options.min_confidence);
  given.read("order_value", options.order_value);
  given.read("max_daily_loss", options.max_daily_loss);
  given.read("hold_every", options.hold_every);
  given.read("stale_after_candles", options.stale_after_candles);
  given.read("entry_cutoff_minutes", minutes{1}, options.entry_cutoff_before_close);
  given.read("square_off_minutes", minutes{1}, options.square_off_before_close);
  given.read("health_seconds", seconds{1}, options.health_every);
  if (std::string text; given.read("timeframe", text)) {
    options.timeframe = market::Timeframe::parse(text);
    if (!options.timeframe) {
      throw std::invalid_argument(
          fmt::format("timeframe '{}': must be one of {}", text, market::Timeframe::kSupported));
    }
  }
  nb::dict parameters;
  if (given.read("parameters", parameters)) {
    for (const auto [name, values] : parameters) {
      const std::string strategy = nb::cast<std::string>(name);
      for (const auto [parameter, value] : nb::cast<nb::dict>(values)) {
        double number = 0;
        const std::string key = nb::str(parameter).c_str();
        if (!nb::try_cast(value, number)) {
          throw nb::type_error(
              fmt::format("parameter '{}' of strategy '{}' must be a number, not {}", key, strategy,
                          nb::repr(value).c_str())
                  .c_str());
        }
        options.parameters[strategy][key] = number;
      }
    }
  }
  nb::list own;
  given.read("own", own);
  for (const nb::handle one : own) {
    options.extra_strategies.push_back(python_strategy(nb::cast<nb::dict>(one)));
  }
}

void read_execution(const Options& given, desk::EngineRunOptions& options) {
  execution::ExecutionOptions& execution = options.execution;
  given.read_amount("capital", execution.capital);
  given.read_amount("max_quantity", execution.limits.max_quantity);
  given.read_amount("max_notional", execution.limits.max_notional);
  given.read_amount("max_open_orders", execution.limits.max_open_orders);
  given.read_amount("price_band_pct", execution.limits.price_band_pct);
  given.read("square_off_mis", execution.square_off_mis);
  given.read("health_seconds", seconds{1}, execution.health_every);
  if (std::string basis; given.read("pnl_basis", basis)) {
    if (basis != "average" && basis != "fifo") {
      throw std::invalid_argument(
          fmt::format("pnl_basis must be average or fifo, not '{}'", basis));
    }
    execution.pnl_basis =
        basis == "fifo" ? execution::PnlBasis::fifo : execution::PnlBasis::average;
  }
  if (execution.health_every.count() == 0) {
    throw std::invalid_argument("health_seconds must be above 0");
  }
  execution::PaperBrokerOptions& paper = options.paper;
  given.read("ack_latency_ms", milliseconds{1}, paper.ack_latency);
  given.read_amount("spread_ticks", paper.spread_ticks);
  given.read_amount("slippage_ticks", paper.slippage_ticks);
  given.read_amount("fill_limit", paper.fill_limit);
  given.read_amount("volume_share", paper.volume_share);
  given.read_amount("reject_probability", paper.reject_probability);
  if (paper.volume_share > 1 || paper.reject_probability > 1) {
    throw std::invalid_argument("volume_share and reject_probability must lie within 0..1");
  }
}

void read_universe(const Options& given, desk::EngineRunOptions& options) {
  universe::UniverseOptions universe;
  if (!given.read("dump", universe.dump)) {
    options.universe.reset();
    return;
  }
  given.read("state_file", universe.state_file);
  given.read("exchanges", universe.filter.exchanges);
  given.read("segments", universe.filter.segments);
  given.read("underlyings", universe.filter.underlyings);
  given.read("symbols", universe.filter.symbols);
  given.read("health_seconds", seconds{1}, universe.health_every);
  options.universe = std::move(universe);
}

}  // namespace

desk::Part part_of(std::string_view name) {
  if (name == "market_data") return desk::Part::market_data;
  if (name == "strategy") return desk::Part::strategy;
  if (name == "execution") return desk::Part::execution;
  if (name == "universe") return desk::Part::universe;
  throw std::invalid_argument(fmt::format("there is no engine '{}'", name));
}

desk::EngineRunOptions run_options(nb::dict given_dict) {
  const Options given(std::move(given_dict));
  desk::EngineRunOptions options;
  options.parts.clear();
  given.read("feed", options.feed);
  given.read("speed", options.speed);
  given.read("symbols", options.symbols);
  given.read("timeframes", options.timeframes);
  given.read("seed", options.seed);
  given.read("sim_date", options.sim_date);
  given.read("account", options.account);
  given.read("host", options.host);
  given.read("engine_id_prefix", options.engine_id_prefix);
  given.read("state_file", options.state_file);
  given.read("queue_limit", options.push_queue_limit);
  options.paper.seed = options.seed;
  universe::UniverseOptions listed;
  if (given.read("instruments", listed.dump))
    options.instruments = desk::listed_instruments(listed);
  return options;
}

void read_part(desk::EngineRunOptions& options, desk::Part part, nb::dict given_dict) {
  const Options given(std::move(given_dict));
  switch (part) {
    case desk::Part::market_data:
      return read_market_data(given, options.market_data);
    case desk::Part::strategy:
      return read_strategy(given, options.strategy);
    case desk::Part::execution:
      return read_execution(given, options);
    case desk::Part::universe:
      return read_universe(given, options);
  }
}

void copy_part(const desk::EngineRunOptions& from, desk::Part part, desk::EngineRunOptions& to) {
  switch (part) {
    case desk::Part::market_data:
      to.market_data = from.market_data;
      return;
    case desk::Part::strategy:
      to.strategy = from.strategy;
      return;
    case desk::Part::execution:
      to.execution = from.execution;
      to.paper = from.paper;
      return;
    case desk::Part::universe:
      to.universe = from.universe;
      return;
  }
}

}  // namespace tapedeck::python
