#include "query/trade_source.hpp"

#include <algorithm>

#include "event/json_writer.hpp"
#include "query/trade_event.hpp"

namespace tapedeck {
namespace {

TradeTracker track(const TradeEventScan& scan, TradeTrackerOptions options) {
  TradeTracker tracker(options);
  scan([&](const char* frame, const FrameIndex& index, std::uint64_t seq) {
    tracker.add(frame, index, seq);
  });
  return tracker;
}

}  // namespace

TradePage select_trades(const TradeSource& source, const TradeQuery& query) {
  TradePage page;
  source.visit_trades(query, [&](const TradeSummary& trade) {
    if (page.trades.size() == query.limit) {
      page.next = format_cursor(cursor_of(page.trades.back()));
      return false;
    }
    page.trades.push_back(trade);
    return true;
  });
  return page;
}

ScannedTrades::ScannedTrades(const TradeEventScan& scan, TradeTrackerOptions options)
    : tracker_(track(scan, options)) {
  tracker_.visit([&](const TradeSummary& trade) { newest_first_.push_back(&trade); });
  std::sort(newest_first_.begin(), newest_first_.end(),
            [](const TradeSummary* a, const TradeSummary* b) { return is_listed_before(*a, *b); });
}

void ScannedTrades::visit_trades(const TradeQuery& query,
                                 const std::function<bool(const TradeSummary&)>& visit) const {
  for (const TradeSummary* trade : newest_first_) {
    if (matches(query, *trade) && !visit(*trade)) return;
  }
}

const TradeSummary* ScannedTrades::find(std::string_view correlation_or_order_id) const {
  return tracker_.find(correlation_or_order_id);
}

Result<TradeChain> scan_chain(const TradeEventScan& scan, std::string_view id) {
  const ScannedTrades trades(scan);
  const TradeSummary* const trade = trades.find(id);
  if (trade == nullptr) return unknown_trade(id);
  TradeChain chain{*trade, {}};
  const std::string quoted = json::quoted(trade->correlation_id);
  const std::string_view spelled = std::string_view(quoted).substr(1, quoted.size() - 2);
  scan([&](const char* frame, const FrameIndex& index, std::uint64_t) {
    if (correlation_of(frame, index) != spelled) return;
    chain.events.emplace_back(frame + index.json_offset(), index.json_length());
  });
  return chain;
}

Error unknown_trade(std::string_view id) {
  return {"not_found",
          "No trade has the correlation_id or order_id " + json::quoted(id.substr(0, 80)) +
              "; GET /api/telemetry/trades lists those there are.",
          ""};
}

}  // namespace tapedeck
