// What market data is made of: ticks, candles and marks, as feeds hand them to the engines.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tapedeck/market/timeframe.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::market {

/// One trade or sample. The names stay valid as long as the feed that made it.
struct Tick {
  Timestamp at{};
  std::string_view symbol{};
  double price = 0;             ///< of the last trade
  std::int64_t quantity = 0;    ///< traded since the symbol's tick before; 0 for an index
  std::string_view exchange{};  ///< empty: InstrumentTable::find decides
  double bid = 0;               ///< best bid; 0: not known
  double ask = 0;               ///< best ask; 0: not known
  /// What the symbol has traded on this date so far, where that is what the source knows: the
  /// engine then takes `quantity` from its rise (MarketDataEngine::last_quantity()).
  std::optional<std::int64_t> day_volume{};

  /// Whether both sides of the book are known and make sense (locked does, crossed does not).
  bool has_quote() const noexcept { return bid > 0 && ask >= bid && std::isfinite(ask); }
};

/// Prices of candles as traded, or corrected for later splits and bonuses: never mixed in a series.
enum class PriceBasis { raw, adjusted };

/// Open, high, low and close of [start, end).
struct Candle {
  std::string symbol{};
  Timeframe timeframe{};
  Timestamp start{};
  Timestamp
      end{};  ///< start + timeframe, or the end of the session if that is earlier; of the date (1d)
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t volume = 0;
  std::string exchange{};  ///< empty: InstrumentTable::find decides
  PriceBasis basis = PriceBasis::raw;
};

}  // namespace tapedeck::market
