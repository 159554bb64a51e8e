// Makes the feed that `--feed` names. A new kind of feed is added here and nowhere else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "tapedeck/market/feed.hpp"

namespace tapedeck::market {

struct FeedRequest {
  /// `sim[?sessions=N]` or `replay:PATH[?format=…&symbol=…&tz=…&columns=…&timeframe=…]`
  std::string_view spec = "sim";
  std::uint64_t seed = 1;
  IstDate sim_date{};  ///< the simulator's first session
  /// What a replay's symbols are, where it is known; the others are guessed from their names.
  std::shared_ptr<const InstrumentTable> instruments;
  std::function<void(const BadRow&)> on_bad_row;
};

/// @throws std::invalid_argument with a sentence that says what to do.
std::unique_ptr<Feed> make_feed(const FeedRequest& request, const TradingCalendar& calendar);

}  // namespace tapedeck::market
