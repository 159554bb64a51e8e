// Where answers about trades come from: a TradeSource (the store's, or ScannedTrades, which reads
// the events themselves), and the two reads that the endpoints make of one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "event/frame.hpp"
#include "query/trade_query.hpp"
#include "query/trade_tracker.hpp"

namespace tapedeck {

class TradeSource {
 public:
  virtual ~TradeSource() = default;
  /// Every trade that matches(), newest decision first (is_listed_before), each correlation_id
  /// once; stops when `visit` returns false.
  virtual void visit_trades(const TradeQuery& query,
                            const std::function<bool(const TradeSummary&)>& visit) const = 0;
};

struct TradePage {
  std::vector<TradeSummary> trades;
  std::string next;  ///< the cursor of the next page; empty: this is the last one
};
/// The page that a query asks for.
TradePage select_trades(const TradeSource& source, const TradeQuery& query);

/// Calls back for each event there is, in the order of the log. Asked to twice, it may call back
/// for more the second time, never for less.
using TradeEventVisitor =
    std::function<void(const char* frame, const FrameIndex& index, std::uint64_t seq)>;
using TradeEventScan = std::function<void(const TradeEventVisitor&)>;

/// Trades without a store: folded from all events when it is made, some 10 ns for each event and a
/// microsecond for those of trades. Immutable then; any thread.
class ScannedTrades final : public TradeSource {
 public:
  explicit ScannedTrades(const TradeEventScan& scan, TradeTrackerOptions options = {});

  void visit_trades(const TradeQuery& query,
                    const std::function<bool(const TradeSummary&)>& visit) const override;
  /// @return nothing: there is no such trade here
  const TradeSummary* find(std::string_view correlation_or_order_id) const;

 private:
  TradeTracker tracker_;
  std::vector<const TradeSummary*> newest_first_;
};

struct TradeChain {
  TradeSummary trade;
  std::vector<std::string> events;  ///< JSON, in the order of the log, of whatever type
};
/// A chain without a store: scans twice.
/// Error code: not_found.
Result<TradeChain> scan_chain(const TradeEventScan& scan, std::string_view correlation_or_order_id);

/// What to answer when there is no such trade.
Error unknown_trade(std::string_view correlation_or_order_id);

}  // namespace tapedeck
