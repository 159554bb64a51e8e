// A strategy: looks at one symbol's closed candles and says what it would do. It knows nothing of
// orders, money or telemetry; the engine asks it, checks what it wants against the limits (VETO),
// and tells everyone. Each symbol gets an instance of its own, so members are that symbol's memory.
//
// To add one, put one file into src/strategy/strategies, `<name>.cpp`, and end it with
//   TAPEDECK_STRATEGY(<name>, <Class>)
// Nothing else changes: the build finds the file and enters it in the table. The class has
//   static constexpr std::string_view kVersion = "1";
//   static constexpr std::array kParameters{Parameter{"fast", 20, 2, 200, "period of ..."}};
//   explicit Class(StrategySetup& setup);    // takes its parameters, asks for its indicators
//   Decision evaluate(const Situation& situation) override;
// A strategy of a program of your own goes into StrategyOptions::extra_strategies as
//   strategy_entry<Class>("<name>").
//
// Everything here lives on the engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/market/tick.hpp"
#include "tapedeck/strategy/indicator_set.hpp"

namespace tapedeck::strategy {

enum class Action { hold, buy, sell, exit };
std::string_view to_string(Action action) noexcept;  ///< HOLD, BUY, SELL, EXIT

/// What the strategy holds of this symbol.
struct Holding {
  std::int64_t size = 0;   ///< signed units of what is ordered
  double entry_price = 0;  ///< price of the signal's own symbol when the entry was decided
  int candles = 0;         ///< closed since the entry
};

/// One closed candle and what is known at its end. `now` has every indicator the strategy asked for
/// (but the VWAP of what is not traded); `before`, of the candle before, may not.
struct Situation {
  const market::Candle& candle;
  const IndicatorValues& now;
  const IndicatorValues& before;
  const Holding& holding;
  /// A candle from before the start, to learn from: nothing comes of the decision.
  bool past = false;
};

struct Decision {
  Action action = Action::hold;
  double confidence = 0;  ///< 0..1
  /// Words for people. A HOLD's reason has no figures in it: equal ones are thinned.
  std::string reason;
};

/// A figure that can be set per strategy.
struct Parameter {
  std::string_view name;
  double usual = 0;  ///< the default
  double least = 0;
  double most = 0;
  std::string_view meaning;  ///< one line, with its unit
  bool whole = false;        ///< only whole numbers make sense
};
using ParameterValues = std::map<std::string, double, std::less<>>;

/// What a strategy's constructor is given: its parameters, and the list on which it enters the
/// indicators it wants to see. What it enters must depend on the parameters only.
class StrategySetup {
 public:
  /// @param parameters complete; @param plan both must outlive the setup
  StrategySetup(const ParameterValues& parameters, IndicatorPlan& plan) noexcept
      : parameters_(parameters), plan_(plan) {}

  /// @throws std::logic_error for a parameter the strategy does not declare
  double parameter(std::string_view name) const;
  /// Of a parameter declared as whole.
  int whole(std::string_view name) const { return static_cast<int>(parameter(name)); }

  // As IndicatorPlan's; the strategy is asked once they all have values.
  ValueId sma(int period) { return need(plan_.sma(period)); }
  ValueId ema(int period) { return need(plan_.ema(period)); }
  ValueId rsi(int period = 14) { return need(plan_.rsi(period)); }
  ValueId atr(int period = 14) { return need(plan_.atr(period)); }
  MacdIds macd(int fast = 12, int slow = 26, int signal = 9);
  BollingerIds bollinger(int period = 20, double deviations = 2);
  AdxIds adx(int period = 14);
  SuperTrendIds supertrend(int period = 10, double multiplier = 3);
  /// Not waited for: it has no value while nothing is traded.
  ValueId vwap();
  /// Any of these, by its description (IndicatorSpec::parse).
  void indicator(const IndicatorSpec& spec);

  /// Says that evaluate() leaves a position that goes against it: what it opens counts as protected
  /// without a stop order (position_event.protected_qty). Must depend on the parameters only.
  void watches_stop() noexcept { watches_stop_ = true; }

  /// All indicators there are so far. A strategy made for a symbol finds the whole plan here, one
  /// made as an example while the engine is built does not.
  const IndicatorPlan& plan() const noexcept { return plan_; }

  const std::vector<ValueId>& needed() const noexcept { return needed_; }
  /// All it entered, needed or not, in order.
  const std::vector<ValueId>& entered() const noexcept { return entered_; }
  bool has_stop() const noexcept { return watches_stop_; }

 private:
  ValueId need(ValueId id);

  const ParameterValues& parameters_;
  IndicatorPlan& plan_;
  std::vector<ValueId> needed_;
  std::vector<ValueId> entered_;
  bool watches_stop_ = false;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  /// Called once per closed candle of its symbol at the deciding timeframe, in order, once the
  /// indicators have values. May throw: then the strategy is switched off and that is told.
  virtual Decision evaluate(const Situation& situation) = 0;
};

/// A strategy as the engine's configuration knows it. What the views refer to outlives the engines
/// that use it; literals and static constants do.
struct StrategyEntry {
  std::string_view name;  ///< without '/'
  std::string_view version;
  std::span<const Parameter> parameters;
  /// May throw std::invalid_argument for parameters that do not go together.
  std::function<std::unique_ptr<Strategy>(StrategySetup&)> make;
};

template <typename Class>
StrategyEntry strategy_entry(std::string_view name) {
  return {name, Class::kVersion, Class::kParameters,
          [](StrategySetup& setup) { return std::make_unique<Class>(setup); }};
}

/// All strategies of this build, sorted by name.
std::span<const StrategyEntry> all_strategies();
/// Nothing (nullptr) when there is none of that name.
const StrategyEntry* find_strategy(std::string_view name);
/// `ema_crossover, momentum, …` for messages.
std::string strategy_names();
/// One line per parameter, `  fast = 20  (2..199) period of the fast EMA`, for --help and docs.
std::string describe_parameters(const StrategyEntry& strategy);
/// The parameters with what `set` changes.
/// @throws std::invalid_argument for a parameter the strategy does not have, or a value it does not
/// take; the sentence names both.
ParameterValues complete_parameters(const StrategyEntry& strategy, const ParameterValues& set);
/// 16 hexadecimal digits that change with the strategy's name, version or any parameter.
std::string config_hash_of(const StrategyEntry& strategy, const ParameterValues& complete);

#define TAPEDECK_STRATEGY(name_, class_)                              \
  namespace tapedeck::strategy {                                      \
  extern const StrategyEntry entry_##name_;                           \
  const StrategyEntry entry_##name_ = strategy_entry<class_>(#name_); \
  }

}  // namespace tapedeck::strategy
