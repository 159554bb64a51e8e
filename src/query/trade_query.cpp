#include "query/trade_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "query/event_query.hpp"
#include "query/trade_event.hpp"

namespace tapedeck {
namespace {

struct Refused {
  std::string_view name;
  std::string_view why;
};
constexpr std::array kRefused = {
    Refused{"event_type",
            "a trade is made of several types of events; select trades by outcome, or ask "
            "/api/telemetry/events for single events."},
    Refused{"engine",
            "orders and positions carry no engine_name; select by engine_id, strategy or mode."},
    Refused{"filter",
            "an expression is about one event, a trade is made of several; ask "
            "/api/telemetry/events with it and follow correlation_id."},
};

Error invalid(const QueryParameter& parameter, std::string_view why) {
  return {"invalid_parameter",
          parameter.name + "=" + parameter.value.substr(0, 80) + ": " + std::string(why),
          parameter.name};
}

std::optional<Error> read_outcomes(const QueryParameter& parameter, TradeQuery& query) {
  std::string_view rest = parameter.value;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const auto outcome = parse_trade_outcome(rest.substr(0, comma));
    if (!outcome) {
      return invalid(parameter,
                     "must be a list of vetoed, signalled, working, filled, partially_filled, "
                     "rejected, cancelled, expired, unknown, error.");
    }
    query.outcomes.push_back(*outcome);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

std::optional<Error> read_side(const QueryParameter& parameter, TradeQuery& query) {
  const std::string word = upper(parameter.value);
  if (word != "BUY" && word != "SELL") return invalid(parameter, "must be BUY or SELL.");
  query.side = word == "BUY" ? TradeSide::buy : TradeSide::sell;
  return std::nullopt;
}

std::optional<Error> read_paging(const QueryParameter& parameter, TradeQuery& query) {
  if (parameter.name == "limit") {
    const auto limit = read_integer(parameter, 1, INT64_MAX);
    if (!limit) return limit.error();
    query.limit = static_cast<std::size_t>(std::min(*limit, TradeQuery::kMaxLimit));
    return std::nullopt;
  }
  query.cursor = parse_trade_cursor(parameter.value);
  if (query.cursor) return std::nullopt;
  return invalid(parameter, "must be the \"next\" of an earlier answer.");
}

std::optional<Error> read_parameter(const QueryParameter& parameter, TradeQuery& query,
                                    EventQuery& events) {
  if (parameter.name == "outcome") return read_outcomes(parameter, query);
  if (parameter.name == "side") return read_side(parameter, query);
  if (parameter.name == "limit" || parameter.name == "cursor") return read_paging(parameter, query);
  for (const Refused& refused : kRefused) {
    if (refused.name == parameter.name) return invalid(parameter, refused.why);
  }
  const auto taken = read_filter_parameter(parameter, events);
  if (!taken) return taken.error();
  if (!*taken) return reject_unknown(parameter);
  const bool by_id = (parameter.name == "since" && events.since_id) ||
                     (parameter.name == "until" && events.until_id);
  if (by_id) {
    return invalid(parameter,
                   "trades are bounded by the moment of their decision; give an RFC 3339 time.");
  }
  return std::nullopt;
}

bool is_any(const std::vector<std::string>& wanted, std::string_view value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}
bool is_any(const std::vector<std::string>& wanted, const std::vector<std::string>& values) {
  return wanted.empty() || std::find_first_of(values.begin(), values.end(), wanted.begin(),
                                              wanted.end()) != values.end();
}

bool has_order(const std::vector<std::string>& wanted, const TradeSummary& trade) {
  return wanted.empty() ||
         std::any_of(trade.orders.begin(), trade.orders.end(),
                     [&](const TradeOrder& order) { return is_any(wanted, order.order_id); });
}

bool matches_names(const Filter& filter, const TradeSummary& trade) {
  return is_any(filter.correlation_id, trade.correlation_id) &&
         (is_any(filter.symbol, trade.symbol) || is_any(filter.symbol, trade.signal_symbol)) &&
         (is_any(filter.exchange, trade.exchange) ||
          is_any(filter.exchange, trade.signal_exchange)) &&
         is_any(filter.strategy, trade.strategy) && is_any(filter.account, trade.account) &&
         is_any(filter.mode, trade.mode) && is_any(filter.run_id, trade.run_id) &&
         is_any(filter.engine_id, trade.engine_ids) && is_any(filter.host, trade.hosts) &&
         has_order(filter.order_id, trade);
}

bool is_listed(const std::vector<std::string>& within, const std::string& value) {
  return std::find(within.begin(), within.end(), value) != within.end();
}

bool is_within(const Filter& within, const TradeSummary& trade) {
  if (!within.strategy.empty() && !is_listed(within.strategy, trade.strategy)) return false;
  if (within.symbol.empty()) return true;
  return is_listed(within.symbol, trade.symbol) &&
         (trade.signal_symbol.empty() || is_listed(within.symbol, trade.signal_symbol)) &&
         std::all_of(trade.orders.begin(), trade.orders.end(), [&](const TradeOrder& order) {
           return is_listed(within.symbol, order.symbol);
         });
}

}  // namespace

std::string format_cursor(const TradeCursor& cursor) {
  return std::to_string(cursor.decided_ns) + "~" + cursor.correlation_id;
}

std::optional<TradeCursor> parse_trade_cursor(std::string_view text) {
  const std::size_t tilde = text.find('~');
  if (tilde == std::string_view::npos || tilde + 1 == text.size()) return std::nullopt;
  TradeCursor cursor{0, std::string(text.substr(tilde + 1))};
  const char* const end = text.data() + tilde;
  const auto [stop, error] = std::from_chars(text.data(), end, cursor.decided_ns);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return cursor;
}

bool is_listed_before(const TradeCursor& a, const TradeCursor& b) noexcept {
  return std::tie(b.decided_ns, b.correlation_id) < std::tie(a.decided_ns, a.correlation_id);
}

bool is_listed_before(const TradeSummary& a, const TradeSummary& b) noexcept {
  const std::int64_t decided_a = a.decided_ns(), decided_b = b.decided_ns();
  return std::tie(decided_b, b.correlation_id) < std::tie(decided_a, a.correlation_id);
}

Result<TradeQuery> parse_trade_query(const std::vector<QueryParameter>& parameters) {
  TradeQuery query;
  EventQuery events;
  for (const QueryParameter& parameter : parameters) {
    if (auto error = read_parameter(parameter, query, events)) return std::move(*error);
  }
  query.filter = std::move(events.filter);
  return query;
}

bool matches(const TradeQuery& query, const TradeSummary& trade) {
  const std::int64_t decided = trade.decided_ns();
  if (query.filter.since && decided < to_ns(*query.filter.since)) return false;
  if (query.filter.until && decided > to_ns(*query.filter.until)) return false;
  if (query.cursor && !is_listed_before(*query.cursor, cursor_of(trade))) return false;
  if (!matches_names(query.filter, trade) || !is_within(query.within, trade)) return false;
  if (query.outcomes.empty() && query.side == TradeSide::none) return true;
  const TradeFigures figures = figures_of(trade);
  if (query.side != TradeSide::none && figures.side != query.side) return false;
  return query.outcomes.empty() || std::find(query.outcomes.begin(), query.outcomes.end(),
                                             figures.outcome) != query.outcomes.end();
}

}  // namespace tapedeck
