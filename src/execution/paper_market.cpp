// How orders of the paper broker meet the prices of the market.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "execution/money.hpp"
#include "execution/paper_broker_impl.hpp"
#include "execution/paper_matching.hpp"

namespace tapedeck::execution {

using market::Phase;

/// @param auction set when the price comes from the closing auction
/// @return whether orders meet prices at that moment
bool PaperBroker::Impl::is_trading(const market::InstrumentInfo& instrument, Timestamp at,
                                   bool& auction) const {
  const market::DayPlan plan = calendar_.day(instrument.group, market::ist_date(at));
  for (const market::PhaseSpan& span : plan.spans()) {
    if (span.phase == Phase::continuous && span.start <= at && at <= span.end) return true;
    if (span.phase != Phase::closing_auction || !(span.start <= at && at <= span.end)) continue;
    auction = true;
    return at >= span.start + options_.auction_trades_from;
  }
  return false;
}

std::int64_t PaperBroker::Impl::budget_of(const PriceUpdate& price) const {
  if (!(options_.volume_share > 0) || price.quantity <= 0) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return static_cast<std::int64_t>(static_cast<double>(price.quantity) *
                                   std::min(options_.volume_share, 1.0));
}

std::int64_t PaperBroker::Impl::fillable(const Order& order, std::int64_t budget) const {
  std::int64_t qty = std::min(order.remaining, budget);
  const std::int64_t lot = std::max<std::int64_t>(order.request.instrument.lot_size, 1);
  if (options_.fill_limit > 0) qty = std::min(qty, std::max(options_.fill_limit, lot));
  return qty == order.remaining ? qty : qty / lot * lot;
}

void PaperBroker::Impl::fill(Order& order, double at, std::int64_t qty, const PriceUpdate& price) {
  order.remaining -= qty;
  const std::string id = order.request.order_id;  // the listener may end the order meanwhile
  const std::string fill_id = fmt::format("{}-F{}", id, ++order.fills);
  BrokerUpdate update;
  update.order_id = id;
  update.status = order.remaining == 0 ? OrderStatus::filled : OrderStatus::partially_filled;
  update.at = price.at;
  update.broker_status = word_of(update.status);
  update.fill_qty = qty;
  update.fill_price = at;
  update.fill_id = fill_id;
  listener_->on_broker_update(update);
}

bool PaperBroker::Impl::looks_at(const Order& order, const PriceUpdate& price) const {
  if (order.stage == Stage::sent || order.ack_at > price.at) return false;
  return price.exchange.empty() || price.exchange == order.request.instrument.exchange;
}

/// What bounds the price of an order that works; finds the limit of market protection once.
double PaperBroker::Impl::limit_of(Order& order, const PriceUpdate& price) {
  const OrderRequest& request = order.request;
  if (has_limit(request.type)) return request.limit_price;
  if (order.protection == 0 && !order.rests) {
    const bool knows_market = request.last_price > 0 && request.type == OrderType::market;
    const double reference = knows_market ? request.last_price : price.price;
    order.protection = protected_limit(request, reference, market::ist_date(price.at), options_);
    order.expires_at = expiry_of(order, price.at);
  }
  return order.protection;
}

bool PaperBroker::Impl::trigger(std::uint64_t number, const PriceUpdate& price) {
  Order& order = orders_.at(number);
  if (order.stage != Stage::waits_for_trigger) return true;
  if (!is_triggered(order.request, price.price)) return false;
  order.stage = Stage::works;
  order.expires_at = expiry_of(order, price.at);
  const Order told = order;
  tell(told, OrderStatus::open, price.at, "triggered");
  return orders_.contains(number);  // the listener may have cancelled it
}

void PaperBroker::Impl::meet(std::uint64_t number, const PriceUpdate& price, std::int64_t& budget) {
  const auto at = orders_.find(number);
  bool auction = false;
  if (at == orders_.end() || !looks_at(at->second, price)) return;
  if (!is_trading(at->second.request.instrument, price.at, auction)) return;
  if (!trigger(number, price)) return;
  Order& order = at->second;
  const bool ioc = order.request.validity == Validity::ioc;
  const double limit = limit_of(order, price);
  const auto traded = match({order.request, limit, order.rests, auction}, price, options_);
  const std::int64_t qty = traded ? fillable(order, budget) : 0;
  order.rests = true;
  if (qty > 0) {
    budget -= qty;
    fill(order, *traded, qty, price);
  }
  const auto still = orders_.find(number);
  if (still == orders_.end() || (still->second.remaining > 0 && !ioc)) return;
  const Order done = take(still);
  if (done.remaining > 0) {
    tell(done, OrderStatus::cancelled, price.at, "IOC: the rest could not be filled at once");
  }
}

void PaperBroker::Impl::on_price(const PriceUpdate& price) {
  if (orders_.empty() || !is_price(price.price)) return;
  const auto symbol = by_symbol_.find(price.symbol);
  if (symbol == by_symbol_.end()) return;
  // A fill may bring a new order of the listener or take one away: walk over a copy.
  const std::vector<std::uint64_t> waiting = symbol->second;
  std::int64_t budget = budget_of(price);
  for (const std::uint64_t number : waiting) meet(number, price, budget);
  find_due();
}

}  // namespace tapedeck::execution
