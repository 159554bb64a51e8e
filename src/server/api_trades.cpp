// GET /trades and /trades/{id}: from the store where there is one, else from what the log still
// has.
#include "filter/canonical_json.hpp"
#include "query/narrowed_trades.hpp"
#include "query/trade_event.hpp"
#include "query/trade_json.hpp"
#include "query/trade_source.hpp"
#include "server/api_handlers.hpp"
#include "server/narrowing.hpp"

namespace tapedeck {
namespace {

constexpr std::size_t kMaxChainEvents = 10'000;

/// Everything the tape has, or what one filter finds of it.
TradeEventScan scan_of(const Tape& tape, CompiledFilter filter = {}) {
  return [&tape, held = std::move(filter)](const TradeEventVisitor& visit) {
    SeqBounds bounds{tape.oldest_seq(), tape.end_seq()};
    while (bounds.first < bounds.end) {
      const Selection slice = tape.forward(held, bounds, {});
      for (const ScannedEvent& event : slice.items) visit(event.frame, *event.index, event.seq);
      if (slice.next <= bounds.first) return;
      bounds.first = slice.next;
    }
  };
}

bool is_narrowed(const Filter& within) {
  return !within.event_type.empty() || !within.symbol.empty() || !within.strategy.empty();
}

/// Calls `use` with the trades that the caller may see.
template <typename Use>
auto with_trades(const ApiContext& api, const Filter& within, Use use) {
  if (api.store.settle) api.store.settle();
  const auto use_of = [&](const TradeSource& all) {
    return is_narrowed(within) ? use(NarrowedTrades(all, api.tape, within)) : use(all);
  };
  return api.store.trades != nullptr ? use_of(*api.store.trades)
                                     : use_of(ScannedTrades(scan_of(api.tape)));
}

HttpResponse list(const ApiContext& api, const TradeQuery& query, const Filter& within) {
  return with_trades(api, within, [&](const TradeSource& trades) {
    const TradePage page = select_trades(trades, query);
    return json_response(trades_json(page.trades, page.next));
  });
}

std::optional<TradeSummary> find(const TradeSource& trades, std::string_view correlation_id) {
  TradeQuery query;
  query.filter.correlation_id.emplace_back(correlation_id);
  std::optional<TradeSummary> found;
  trades.visit_trades(query, [&](const TradeSummary& trade) {
    found = trade;
    return false;
  });
  return found;
}

/// The correlation_id of an order's newest event that the caller may see; empty: there is none.
std::string correlation_of_order(const Tape& tape, std::string_view order_id,
                                 const Filter& within) {
  Filter of_order;
  of_order.order_id.emplace_back(order_id);
  of_order.expression = "has(payload.correlation_id)";
  CompiledFilter filter(of_order);
  filter.narrow(within);
  const Selection found = tape.newest(filter, {tape.oldest_seq(), tape.end_seq()}, {.events = 1});
  if (found.items.empty()) return {};
  const ScannedEvent& event = found.items.front();
  return json::unescaped(correlation_of(event.frame, *event.index));
}

/// Without a store and for who may see everything.
HttpResponse scanned_chain(const Tape& tape, const std::string& id) {
  const auto found = scan_chain(scan_of(tape), id);
  if (!found) return error_response(found.error());
  const std::vector<std::string_view> events(found->events.begin(), found->events.end());
  return json_response(chain_json(found->trade, events));
}

/// What the caller may see of the trade that a correlation_id or order_id names.
HttpResponse chain(const ApiContext& api, const std::string& id, const Filter& within) {
  if (api.store.trades == nullptr && !is_narrowed(within)) return scanned_chain(api.tape, id);
  const auto trade = with_trades(api, within, [&](const TradeSource& trades) {
    auto found = find(trades, id);
    if (found) return found;
    const std::string correlation_id = correlation_of_order(api.tape, id, within);
    return correlation_id.empty() ? found : find(trades, correlation_id);
  });
  if (!trade) return error_response(unknown_trade(id));
  Filter of_chain;
  of_chain.correlation_id = {trade->correlation_id};
  CompiledFilter filter(of_chain);
  filter.narrow(within);
  std::vector<std::string> kept;
  scan_of(api.tape, filter)([&](const char* frame, const FrameIndex& index, std::uint64_t) {
    if (kept.size() == kMaxChainEvents) return;
    kept.emplace_back(frame + index.json_offset(), index.json_length());
  });
  const std::vector<std::string_view> events(kept.begin(), kept.end());
  return json_response(chain_json(*trade, events));
}

}  // namespace

HttpResponse get_trades(const ApiContext& api, const HttpRequest& request) {
  if (const auto error = refuse_trades(*request.grant)) return error_response(*error);
  auto query = parse_trade_query(request.parsed.parameters);
  if (!query) return error_response(query.error());
  return later_response([&api, held = std::move(query).value(),
                         within = visible_to(*request.grant)] { return list(api, held, within); });
}

HttpResponse get_trade(const ApiContext& api, const HttpRequest& request) {
  if (const auto error = refuse_trades(*request.grant)) return error_response(*error);
  return later_response([&api, id = std::string(request.path_parameter()),
                         within = visible_to(*request.grant)] { return chain(api, id, within); });
}

}  // namespace tapedeck
