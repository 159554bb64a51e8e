#include "query/trade_tracker.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "filter/canonical_json.hpp"
#include "query/trade_event.hpp"
#include "query/trade_fold.hpp"

namespace tapedeck {

TradeTracker::TradeTracker(TradeTrackerOptions options)
    : options_(options), trades_(options.max_trades), positions_(options.max_positions) {}

TradeTracker::Tracked& TradeTracker::touch(const std::string& correlation_id) {
  return trades_.touch(correlation_id, [this](auto&& gone) {
    if (!gone.value.changed) return;
    --changed_;
    if (forgotten_.size() < options_.max_trades) {
      forgotten_.push_back(std::move(gone.value.trade));
    } else {
      ++lost_;
    }
  });
}

void TradeTracker::add(const char* frame, const FrameIndex& index, std::uint64_t seq) {
  const auto kind = trade_event_kind(frame, index);
  if (!kind) return;
  const TradeEvent event(*kind, frame, index, seq);
  if (!event.is_trade()) return;
  const std::string correlation_id = json::unescaped(correlation_of(frame, index));
  Tracked& tracked = touch(correlation_id);
  TradeSummary& trade = tracked.trade;
  // A replay that runs again decides again, with the same ids.
  const bool decided_again = *kind == TradeEventKind::decision && trade.traced;
  if (decided_again && is_complete(trade)) trade = TradeSummary{};
  if (trade.events == 0) trade.correlation_id = correlation_id;
  if (*kind == TradeEventKind::position) {
    const auto now = fold_position(trade, event, positions_.find(position_key(event)));
    if (now) remember(*now);
  } else {
    fold(trade, event);
  }
  if (!std::exchange(tracked.changed, true)) ++changed_;
}

void TradeTracker::remember(const TradePosition& position) {
  positions_.touch(position.key, [](auto&&) {}) = position;
}

std::vector<TradeSummary> TradeTracker::drain_changed() {
  std::vector<TradeSummary> drained;
  drained.reserve(forgotten_.size() + changed_);
  for (auto entry = trades_.begin(); changed_ > 0; ++entry) {
    if (!std::exchange(entry->value.changed, false)) continue;
    drained.push_back(entry->value.trade);
    --changed_;
  }
  std::move(forgotten_.rbegin(), forgotten_.rend(), std::back_inserter(drained));
  forgotten_.clear();
  std::reverse(drained.begin(), drained.end());
  return drained;
}

void TradeTracker::restore(TradeSummary trade) {
  for (const TradePosition& position : trade.positions) {
    const TradePosition* const known = positions_.find(position.key);
    const bool newer = known == nullptr || std::pair(known->at_ns, known->seq) <
                                               std::pair(position.at_ns, position.seq);
    if (newer) remember(position);
  }
  Tracked& tracked = touch(trade.correlation_id);
  if (tracked.trade.events > 0) merge(trade, tracked.trade);
  tracked.trade = std::move(trade);
}

const TradeSummary* TradeTracker::find(std::string_view id) const {
  if (const Tracked* const tracked = trades_.find(id)) return &tracked->trade;
  for (const auto& entry : trades_) {
    const auto& orders = entry.value.trade.orders;
    const bool has = std::any_of(orders.begin(), orders.end(),
                                 [&](const TradeOrder& order) { return order.order_id == id; });
    if (has) return &entry.value.trade;
  }
  return nullptr;
}

}  // namespace tapedeck
