// GET /trades and /trades/{id}: from the store where there is one, else from what the log still
// has.
#include "filter/canonical_json.hpp"
#include "query/trade_event.hpp"
#include "query/trade_json.hpp"
#include "query/trade_source.hpp"
#include "server/api_handlers.hpp"

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

HttpResponse list(const ApiContext& api, const TradeQuery& query) {
  if (api.store.settle) api.store.settle();
  const TradePage page = api.store.trades != nullptr
                             ? select_trades(*api.store.trades, query)
                             : select_trades(ScannedTrades(scan_of(api.tape)), query);
  return json_response(trades_json(page.trades, page.next));
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

/// The correlation_id of an order's newest event; empty: there is none.
std::string correlation_of_order(const Tape& tape, std::string_view order_id) {
  Filter filter;
  filter.order_id.emplace_back(order_id);
  filter.expression = "has(payload.correlation_id)";
  const Selection found =
      tape.newest(CompiledFilter(filter), {tape.oldest_seq(), tape.end_seq()}, {.events = 1});
  if (found.items.empty()) return {};
  const ScannedEvent& event = found.items.front();
  return json::unescaped(correlation_of(event.frame, *event.index));
}

HttpResponse chain(const ApiContext& api, const std::string& id) {
  if (api.store.trades == nullptr) {
    const auto found = scan_chain(scan_of(api.tape), id);
    if (!found) return error_response(found.error());
    const std::vector<std::string_view> events(found->events.begin(), found->events.end());
    return json_response(chain_json(found->trade, events));
  }
  api.store.settle();
  auto trade = find(*api.store.trades, id);
  if (!trade) {
    const std::string correlation_id = correlation_of_order(api.tape, id);
    if (!correlation_id.empty()) trade = find(*api.store.trades, correlation_id);
  }
  if (!trade) return error_response(unknown_trade(id));
  Filter filter;
  filter.correlation_id = {trade->correlation_id};
  std::vector<std::string> kept;
  scan_of(api.tape,
          CompiledFilter(filter))([&](const char* frame, const FrameIndex& index, std::uint64_t) {
    if (kept.size() == kMaxChainEvents) return;
    kept.emplace_back(frame + index.json_offset(), index.json_length());
  });
  const std::vector<std::string_view> events(kept.begin(), kept.end());
  return json_response(chain_json(*trade, events));
}

}  // namespace

HttpResponse get_trades(const ApiContext& api, const HttpRequest& request) {
  auto query = parse_trade_query(request.parsed.parameters);
  if (!query) return error_response(query.error());
  return later_response([&api, held = std::move(query).value()] { return list(api, held); });
}

HttpResponse get_trade(const ApiContext& api, const HttpRequest& request) {
  return later_response(
      [&api, id = std::string(request.path_parameter())] { return chain(api, id); });
}

}  // namespace tapedeck
