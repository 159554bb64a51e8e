// A strategy: looks at one symbol's closed candles and says what it would do. It knows nothing of
// orders, money or telemetry; the engine asks it, checks what it wants against the limits (VETO),
// and tells everyone. Each symbol gets an instance of its own, so members are that symbol's memory.
//
// To add one, put one file into src/strategy/strategies, `<name>.cpp`, and end it with
//   TAPEDECK_STRATEGY(<name>, <Class>)
// Nothing else changes: the build finds the file and enters it in the table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/market/tick.hpp"
#include "tapedeck/strategy/indicators.hpp"

namespace tapedeck::strategy {

enum class Action { hold, buy, sell, exit };
std::string_view to_string(Action action) noexcept;  ///< HOLD, BUY, SELL, EXIT

/// What the strategy holds of this symbol.
struct Holding {
  std::int64_t size = 0;   ///< signed units of what is ordered
  double entry_price = 0;  ///< price of the signal's own symbol when the entry was decided
  int candles = 0;         ///< closed since the entry
};

/// One closed candle and what is known at its end. `now` is ready(); `before` may not be.
struct Situation {
  const market::Candle& candle;
  const IndicatorValues& now;
  const IndicatorValues& before;
  const Holding& holding;
};

struct Decision {
  Action action = Action::hold;
  double confidence = 0;  ///< 0..1
  /// Words for people. A HOLD's reason has no figures in it: equal ones are thinned.
  std::string reason;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  /// Called once per closed candle of its symbol at the deciding timeframe, in order.
  virtual Decision evaluate(const Situation& situation) = 0;
  virtual std::string_view version() const = 0;
  /// The parameters as one line of text: its hash is the config_hash of signals.
  virtual std::string parameters() const = 0;
};

struct StrategyEntry {
  std::string_view name;
  std::unique_ptr<Strategy> (*make)();
};

/// All strategies of this build, sorted by name.
std::span<const StrategyEntry> all_strategies();
/// Nothing (nullptr) when there is none of that name.
const StrategyEntry* find_strategy(std::string_view name);
/// `momentum, …` for messages.
std::string strategy_names();

#define TAPEDECK_STRATEGY(name_, class_)                                                  \
  namespace tapedeck::strategy {                                                          \
  extern const StrategyEntry entry_##name_;                                               \
  const StrategyEntry entry_##name_{                                                      \
      #name_, +[]() -> std::unique_ptr<Strategy> { return std::make_unique<class_>(); }}; \
  }

}  // namespace tapedeck::strategy
