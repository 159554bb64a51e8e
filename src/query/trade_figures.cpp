// What is derived from a trade's orders. Slices count once: an order and its slices are a family,
// which is as large as its parent says and has filled what its slices have.
#include <algorithm>
#include <unordered_map>

#include "query/trade_summary.hpp"

namespace tapedeck {
namespace {

constexpr int kMaxDepth = 8;  // of slices of slices; guards against parents in a circle

/// A sum that is not known when a part of it is not.
template <typename T>
struct Total {
  T sum{};
  bool known = true;
  void add(const std::optional<T>& part) {
    sum += part.value_or(T{});
    known &= part.has_value();
  }
  std::optional<T> value() const { return known ? std::optional(sum) : std::nullopt; }
};

/// How several orders stand together.
struct Standing {
  std::size_t orders = 0, final = 0, rejected = 0;
  bool unknown = false, error = false, expired = false, cancelled = false, all_filled = true;

  void add(OrderState state) {
    ++orders;
    final += is_final(state) ? 1 : 0;
    rejected += state == OrderState::rejected ? 1 : 0;
    unknown |= state == OrderState::unknown;
    error |= state == OrderState::error;
    expired |= state == OrderState::expired;
    cancelled |= state == OrderState::cancelled;
    all_filled &= state == OrderState::filled;
  }
  /// How it ended; the worst that happened to what was not filled.
  OrderState end() const {
    if (all_filled) return OrderState::filled;
    if (error) return OrderState::error;
    if (expired) return OrderState::expired;
    return cancelled ? OrderState::cancelled : OrderState::rejected;
  }
};

struct Family {
  const TradeOrder* root = nullptr;
  const TradeOrder* first = nullptr;  // any of them, for symbol and side
  Standing slices;
  Total<std::int64_t> slices_qty;
  std::int64_t slices_filled = 0;
  Total<double> slices_value;
  Total<double> slices_charges;

  void add_slice(const TradeOrder& slice) {
    slices.add(slice.state);
    slices_qty.add(slice.qty);
    const std::int64_t filled = slice.filled_qty();
    slices_filled += filled;
    if (filled == 0) return;
    const auto price = slice.fill_price();
    slices_value.add(price ? std::optional(*price * static_cast<double>(filled)) : std::nullopt);
    slices_charges.add(slice.charges);
  }
  bool sliced() const { return slices.orders > 0; }

  std::optional<std::int64_t> qty() const {
    return root != nullptr && root->qty ? root->qty : slices_qty.value();
  }
  std::int64_t filled() const {
    return std::max(slices_filled, root != nullptr ? root->filled_qty() : 0);
  }
  std::optional<double> value() const {
    const std::int64_t all = filled();
    if (sliced() && slices_filled >= all) return slices_value.value();
    const auto price = root != nullptr ? root->fill_price() : std::nullopt;
    return price ? std::optional(*price * static_cast<double>(all)) : std::nullopt;
  }
  std::optional<double> charges() const {
    if (sliced() && slices_filled > 0 && slices_charges.known) return slices_charges.sum;
    return root != nullptr ? root->charges : std::nullopt;
  }
  OrderState state() const {
    if (root != nullptr && (is_final(root->state) || !sliced())) return root->state;
    if (slices.unknown || (root != nullptr && root->state == OrderState::unknown)) {
      return OrderState::unknown;
    }
    const auto wanted = qty();
    const bool all_sent = root == nullptr || (wanted && slices_filled >= *wanted);
    return slices.final == slices.orders && all_sent ? slices.end() : OrderState::open;
  }
};

std::vector<Family> families_of(const TradeSummary& trade) {
  std::unordered_map<std::string_view, const TradeOrder*> by_id;
  for (const TradeOrder& order : trade.orders) by_id.emplace(order.order_id, &order);
  std::unordered_map<std::string_view, std::size_t> numbers;
  std::vector<Family> families;
  for (const TradeOrder& order : trade.orders) {
    std::string_view root = order.order_id;
    const TradeOrder* at = &order;
    for (int i = 0; i < kMaxDepth && at != nullptr && !at->parent_order_id.empty(); ++i) {
      root = at->parent_order_id;
      const auto parent = by_id.find(root);
      at = parent == by_id.end() ? nullptr : parent->second;
    }
    const auto [number, is_new] = numbers.emplace(root, families.size());
    if (is_new) families.emplace_back().first = &order;
    Family& family = families[number->second];
    if (order.order_id == root) {
      family.root = &order;
    } else if (!order.is_parent) {
      family.add_slice(order);
    }
  }
  return families;
}

bool of_one_kind(const TradeOrder& a, const TradeOrder& b) {
  return a.side == b.side && a.symbol == b.symbol && a.exchange == b.exchange;
}

/// An order that was refused and then sent again, as another one, wants nothing of its own.
bool was_sent_again(const Family& one, const std::vector<Family>& all) {
  if (one.state() != OrderState::rejected || one.filled() > 0) return false;
  return std::any_of(all.begin(), all.end(), [&](const Family& other) {
    return other.state() != OrderState::rejected && of_one_kind(*one.first, *other.first);
  });
}

struct Sums {
  Standing standing;
  Total<std::int64_t> qty;
  std::int64_t filled = 0;
  Total<double> value;
  Total<double> charges;
  bool charged = false;
};

Sums sums_of(const std::vector<Family>& families) {
  Sums sums;
  for (const Family& family : families) {
    if (was_sent_again(family, families)) continue;
    sums.standing.add(family.state());
    sums.qty.add(family.qty());
    const std::int64_t filled = family.filled();
    sums.filled += filled;
    if (filled == 0) continue;
    sums.value.add(family.value());
    sums.charges.add(family.charges());
    sums.charged = true;
  }
  return sums;
}

TradeOutcome outcome_without_orders(const TradeSummary& trade) {
  if (trade.decision == "VETO") return TradeOutcome::vetoed;
  return trade.positions.empty() ? TradeOutcome::signalled : TradeOutcome::filled;
}

TradeOutcome outcome_of(const TradeSummary& trade, const Sums& sums) {
  const Standing& standing = sums.standing;
  if (standing.orders == 0) return outcome_without_orders(trade);
  if (standing.unknown) return TradeOutcome::unknown;
  if (standing.final < standing.orders) return TradeOutcome::working;
  const auto wanted = sums.qty.value();
  if (standing.all_filled || (wanted && *wanted > 0 && sums.filled >= *wanted)) {
    return TradeOutcome::filled;
  }
  if (sums.filled > 0) return TradeOutcome::partially_filled;
  switch (standing.end()) {
    case OrderState::error:
      return TradeOutcome::error;
    case OrderState::expired:
      return TradeOutcome::expired;
    case OrderState::cancelled:
      return TradeOutcome::cancelled;
    default:
      return TradeOutcome::rejected;
  }
}

bool is_complete(const TradeSummary& trade, const Sums& sums) {
  if (sums.standing.orders == 0) {
    return outcome_without_orders(trade) != TradeOutcome::signalled;
  }
  return sums.standing.final == sums.standing.orders;
}

TradeSide side_of_decision(const TradeSummary& trade) {
  const std::string& word = trade.decision == "VETO" ? trade.wanted : trade.decision;
  if (word == "BUY") return TradeSide::buy;
  return word == "SELL" ? TradeSide::sell : TradeSide::none;
}

void set_sides(TradeFigures& figures, const TradeSummary& trade) {
  if (trade.orders.empty()) {
    figures.side = side_of_decision(trade);
    return;
  }
  const TradeOrder& first = trade.orders.front();
  figures.side = first.side;
  for (const TradeOrder& order : trade.orders) {
    if (order.side != first.side) figures.side = TradeSide::none;
    figures.multi_leg |= !of_one_kind(order, first);
  }
}

/// Whether the decision's price is one of what was traded.
bool is_comparable(const TradeSummary& trade) {
  if (!trade.decision_price) return true;  // the order's own reference price then
  const bool one_symbol = trade.signal_symbol.empty() || trade.signal_symbol == trade.symbol;
  const bool one_exchange = trade.signal_exchange.empty() || trade.exchange.empty() ||
                            trade.signal_exchange == trade.exchange;
  return one_symbol && one_exchange;
}

void set_prices(TradeFigures& figures, const TradeSummary& trade, const Sums& sums) {
  figures.decision_price = trade.decision_price ? trade.decision_price : trade.order_price;
  const auto value = sums.value.value();
  if (figures.multi_leg || sums.filled == 0 || !value) return;
  const auto filled = static_cast<double>(sums.filled);
  figures.avg_price = on_grid(*value / filled);
  const bool told = figures.decision_price && is_comparable(trade);
  if (!told || figures.side == TradeSide::none) return;
  const double decided = *figures.decision_price;
  const double worse =
      figures.side == TradeSide::buy ? *figures.avg_price - decided : decided - *figures.avg_price;
  figures.slippage = on_grid(worse);
  figures.slippage_total = on_grid(worse * filled);
  if (decided > 0) figures.slippage_bps = on_grid(worse / decided * 1e4);
}

void set_profit(TradeFigures& figures, const TradeSummary& trade, const Sums& sums) {
  figures.realized_pnl = trade.realized.value();
  figures.charges = sums.charged ? sums.charges.value() : std::nullopt;
  if (!figures.charges) figures.charges = trade.position_charges.value();
  if (figures.charges) figures.charges = on_grid(*figures.charges);
  if (figures.realized_pnl && figures.charges) {
    figures.net_pnl = on_grid(*figures.realized_pnl - *figures.charges);
  }
}

/// Both are cut to microseconds: so agrees with the difference of what a client is shown.
std::optional<std::int64_t> hop(OptionalTime from, OptionalTime to) {
  if (!from || !to) return std::nullopt;
  return *to / 1000 - *from / 1000;
}

void set_hops(TradeFigures& figures, const TradeSummary& trade) {
  const OptionalTime decided = trade.decided.value(), sent = trade.sent.value(),
                     acked = trade.acked.value();
  figures.decision_to_sent_us = hop(decided, sent);
  figures.sent_to_ack_us = hop(sent, acked);
  figures.ack_to_first_fill_us = hop(acked, trade.first_fill_ns);
  figures.first_to_last_fill_us = hop(trade.first_fill_ns, trade.last_fill_ns);
  figures.decision_to_fill_us = hop(decided, trade.last_fill_ns);
}

}  // namespace

TradeOutcome outcome_of(const TradeSummary& trade) {
  return outcome_of(trade, sums_of(families_of(trade)));
}

bool is_complete(const TradeSummary& trade) {
  return is_complete(trade, sums_of(families_of(trade)));
}

TradeFigures figures_of(const TradeSummary& trade) {
  const Sums sums = sums_of(families_of(trade));
  TradeFigures figures;
  figures.outcome = outcome_of(trade, sums);
  figures.complete = is_complete(trade, sums);
  set_sides(figures, trade);
  if (!trade.orders.empty()) {
    figures.qty = sums.qty.value();
    figures.filled_qty = sums.filled;
  }
  set_prices(figures, trade, sums);
  set_profit(figures, trade, sums);
  set_hops(figures, trade);
  return figures;
}

}  // namespace tapedeck
