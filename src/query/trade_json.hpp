// Trades as clients get them. Pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "query/trade_summary.hpp"

namespace tapedeck {

/// One trade as a JSON object: every field of docs/contract.md, null where it is not known.
std::string to_json(const TradeSummary& trade);

/// `{"ok":true,"trade":{…},"events":[…]}` and a newline.
/// @param events the chain's events as JSON, in their order
std::string chain_json(const TradeSummary& trade, std::span<const std::string_view> events);

/// `{"ok":true,"trades":[…],"count":n,"next":…}` and a newline.
/// @param next the cursor of the next page; empty: this is the last one, and `next` is left out
std::string trades_json(std::span<const TradeSummary> trades, std::string_view next);

}  // namespace tapedeck
