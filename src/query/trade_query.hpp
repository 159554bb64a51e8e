// TradeQuery: the parameters of GET /api/telemetry/trades, and which trades they select.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "query/query_string.hpp"
#include "query/trade_summary.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck {

/// Where a page ended. Trades are sorted by their decision, newest first; those of one moment by
/// correlation_id.
struct TradeCursor {
  std::int64_t decided_ns = 0;
  std::string correlation_id;
  bool operator==(const TradeCursor&) const = default;
};
std::string format_cursor(const TradeCursor& cursor);
std::optional<TradeCursor> parse_trade_cursor(std::string_view text);
/// Whether `a` comes before `b` in a list: decided later.
bool is_listed_before(const TradeCursor& a, const TradeCursor& b) noexcept;
bool is_listed_before(const TradeSummary& a, const TradeSummary& b) noexcept;
inline TradeCursor cursor_of(const TradeSummary& trade) {
  return {trade.decided_ns(), trade.correlation_id};
}

struct TradeQuery {
  static constexpr std::int64_t kDefaultLimit = 100;
  static constexpr std::int64_t kMaxLimit = 1000;

  /// Lists of values, any of which will do; since and until bound the decision, inclusive. Never
  /// set: event_type, engine, expression.
  Filter filter;
  /// What the caller may see: symbols and strategies. A trade is selected when all of its own are
  /// among them. (Its events may still be others': see NarrowedTrades.)
  Filter within;
  std::vector<TradeOutcome> outcomes;  ///< empty: all
  TradeSide side = TradeSide::none;    ///< none: both
  std::size_t limit = kDefaultLimit;
  std::optional<TradeCursor> cursor;  ///< only what is listed behind it
};

/// Parameters: symbol (of what was traded or looked at), exchange (likewise), strategy, account,
/// mode, engine_id (of any engine in the chain), host, run_id, order_id, correlation_id, since,
/// until, outcome, side, limit (1..1000; above is capped), cursor.
/// Error codes: invalid_parameter (a bad value, or a filter that a trade has no answer to),
/// unknown_parameter.
Result<TradeQuery> parse_trade_query(const std::vector<QueryParameter>& parameters);

/// Whether the query, its cursor included, selects the trade. `limit` is the caller's.
bool matches(const TradeQuery& query, const TradeSummary& trade);

}  // namespace tapedeck
