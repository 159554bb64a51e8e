#include "tapedeck/execution/paper_broker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "execution/paper_broker_impl.hpp"

namespace tapedeck::execution {
namespace {

using market::Phase;

constexpr std::string_view kIdPrefix = "PAPER-";
// A price stamped with the very end of a session still counts.
constexpr std::chrono::nanoseconds kJustAfter{1};

}  // namespace

// --- ids ---

std::string PaperBroker::Impl::new_order_id(Timestamp now) {
  const market::IstDate date = market::ist_date(now);
  if (date != id_date_) {
    id_date_ = date;
    ids_ = 0;
  }
  return fmt::format("{}{}-{:04}", kIdPrefix, market::format_compact_date(date), ++ids_);
}

void PaperBroker::Impl::resume_order_ids(std::string_view last) {
  constexpr std::size_t kDateDigits = 8;
  const std::size_t number_at = kIdPrefix.size() + kDateDigits + 1;
  if (!last.starts_with(kIdPrefix) || last.size() <= number_at) return;
  const std::string_view day = last.substr(kIdPrefix.size(), kDateDigits);
  const auto date = market::parse_date(
      fmt::format("{}-{}-{}", day.substr(0, 4), day.substr(4, 2), day.substr(6, 2)));
  std::uint64_t number = 0;
  const auto read = std::from_chars(last.data() + number_at, last.data() + last.size(), number);
  if (!date || read.ec != std::errc{} || read.ptr != last.data() + last.size()) return;
  id_date_ = *date;
  ids_ = number;
}

// --- orders ---

/// The word the real broker has for a state.
std::string_view PaperBroker::Impl::word_of(OrderStatus status) {
  switch (status) {
    case OrderStatus::acknowledged:
      return "PUT ORDER REQ RECEIVED";
    case OrderStatus::open:
    case OrderStatus::partially_filled:
      return "OPEN";
    case OrderStatus::trigger_pending:
      return "TRIGGER PENDING";
    case OrderStatus::filled:
      return "COMPLETE";
    case OrderStatus::rejected:
      return "REJECTED";
    default:
      return "CANCELLED";
  }
}

OrderRefusal PaperBroker::Impl::refusal_of(const OrderRequest& request, Timestamp now) {
  OrderRefusal refusal = rule_broken_by(request, options_, market::ist_date(now));
  if (refusal.code.empty()) refusal = closed_for(request, options_, calendar_, now);
  if (!refusal.code.empty() || !(options_.reject_probability > 0)) return refusal;
  if (random_.uniform() < options_.reject_probability) {
    refusal = {"simulated", "rejected by chance, as the paper broker is told to"};
  }
  return refusal;
}

/// The end of the session the order is in; what has a limit goes through the closing auction.
Timestamp PaperBroker::Impl::expiry_of(const Order& order, Timestamp now) const {
  const OrderRequest& request = order.request;
  const bool has_price =
      request.type == OrderType::limit ||
      (order.stage == Stage::works && (request.type == OrderType::sl || order.protection > 0));
  Timestamp end = now;
  const market::DayPlan plan = calendar_.day(request.instrument.group, market::ist_date(now));
  for (const market::PhaseSpan& span : plan.spans()) {
    if (span.contains(now)) end = span.end;
    const bool carries = has_price && span.phase == Phase::closing_auction && span.start == end;
    if (carries) end = span.end;
  }
  return end + kJustAfter;
}

void PaperBroker::Impl::tell(const Order& order, OrderStatus status, Timestamp at,
                             std::string_view reason, std::string_view reject_code) {
  BrokerUpdate update;
  update.order_id = order.request.order_id;
  update.status = status;
  update.at = at;
  update.broker_status = word_of(status);
  update.reason = reason;
  update.reject_code = reject_code;
  listener_->on_broker_update(update);
}

void PaperBroker::Impl::submit(const OrderRequest& request, Timestamp now) {
  Order order;
  order.request = request;
  if (const OrderRefusal refusal = refusal_of(request, now); !refusal.code.empty()) {
    tell(order, OrderStatus::rejected, now, refusal.reason, refusal.code);
    return;
  }
  order.ack_at = now + options_.ack_latency;
  order.remaining = request.qty;
  order.expires_at = expiry_of(order, now);
  const std::uint64_t number = ++arrivals_;
  by_id_[request.order_id] = number;
  by_symbol_[request.instrument.symbol].push_back(number);
  orders_.emplace(number, std::move(order));
  find_due();
}

void PaperBroker::Impl::modify(const OrderRequest& changed, Timestamp now) {
  const auto at = find(changed.order_id);
  if (at == orders_.end()) return;
  at->second.changed = changed;
  at->second.change_at = now + options_.ack_latency;
  find_due();
}

bool PaperBroker::Impl::cancel(std::string_view order_id, Timestamp now) {
  const auto at = find(order_id);
  if (at == orders_.end()) return false;
  tell(take(at), OrderStatus::cancelled, now);
  return true;
}

void PaperBroker::Impl::request_status(std::string_view order_id, Timestamp now) {
  BrokerUpdate update;
  update.order_id = order_id;
  update.at = now;
  const auto at = find(order_id);
  update.not_found = at == orders_.end();
  if (!update.not_found) {
    const Order& order = at->second;
    update.status = order.stage == Stage::waits_for_trigger ? OrderStatus::trigger_pending
                    : order.stage == Stage::sent            ? OrderStatus::submitted
                    : order.remaining < order.request.qty   ? OrderStatus::partially_filled
                                                            : OrderStatus::open;
    update.broker_status = word_of(update.status);
  }
  listener_->on_broker_update(update);
}

PaperBroker::Impl::Orders::iterator PaperBroker::Impl::find(std::string_view order_id) {
  const auto at = by_id_.find(order_id);
  return at == by_id_.end() ? orders_.end() : orders_.find(at->second);
}

PaperBroker::Impl::Order PaperBroker::Impl::take(Orders::iterator at) {
  const std::uint64_t number = at->first;
  Order order = std::move(at->second);
  orders_.erase(at);
  by_id_.erase(order.request.order_id);
  const auto symbol = by_symbol_.find(order.request.instrument.symbol);
  std::erase(symbol->second, number);
  if (symbol->second.empty()) by_symbol_.erase(symbol);
  find_due();
  return order;
}

// --- the clock ---

void PaperBroker::Impl::find_due() {
  due_ = Timestamp::max();
  for (const auto& [number, order] : orders_) due_ = std::min(due_, order.due());
}

void PaperBroker::Impl::acknowledge(Order& order) {
  const bool waits = has_trigger(order.request.type);
  order.stage = waits ? Stage::waits_for_trigger : Stage::works;
  const Order told = order;  // a listener may cancel it meanwhile
  tell(told, OrderStatus::acknowledged, told.ack_at);
  tell(told, waits ? OrderStatus::trigger_pending : OrderStatus::open, told.ack_at);
}

/// A modification arrives: taken over, or refused with its reason while the order stays.
void PaperBroker::Impl::change(Order& order) {
  OrderRequest changed = *std::exchange(order.changed, std::nullopt);
  const std::int64_t filled = order.request.qty - order.remaining;
  OrderRefusal refusal = rule_broken_by(changed, options_, market::ist_date(order.change_at));
  if (refusal.code.empty() && changed.qty <= filled) {
    refusal = {"bad_quantity", fmt::format("{} units are filled already", filled)};
  }
  if (refusal.code.empty()) {
    order.remaining = changed.qty - filled;
    order.request = std::move(changed);
    order.rests = false;
  }
  const Order told = order;
  tell(told,
       told.stage == Stage::waits_for_trigger ? OrderStatus::trigger_pending : OrderStatus::open,
       told.change_at, refusal.reason, refusal.code);
}

bool PaperBroker::Impl::advance(Order& order, Timestamp now) {
  if (order.stage == Stage::sent && order.ack_at <= now && order.ack_at < order.expires_at) {
    acknowledge(order);
    return false;
  }
  if (order.changed && order.change_at <= now && order.change_at < order.expires_at) {
    change(order);
    return false;
  }
  return order.expires_at <= now;
}

void PaperBroker::Impl::advance_to(Timestamp now) {
  while (due_ <= now) {
    const auto at = std::min_element(
        orders_.begin(), orders_.end(),
        [](const auto& a, const auto& b) { return a.second.due() < b.second.due(); });
    if (advance(at->second, now)) {
      const Order expired = take(at);
      tell(expired, OrderStatus::expired, expired.expires_at, "the session ended");
    }
    find_due();
  }
}

// --- the broker ---

PaperBroker::PaperBroker(const market::TradingCalendar& calendar, PaperBrokerOptions options)
    : impl_(std::make_unique<Impl>(calendar, options)) {}
PaperBroker::~PaperBroker() = default;

void PaperBroker::set_listener(BrokerListener* listener) {
  impl_->set_listener(listener);
}
std::string PaperBroker::new_order_id(Timestamp now) {
  return impl_->new_order_id(now);
}
void PaperBroker::resume_order_ids(std::string_view last_order_id) {
  impl_->resume_order_ids(last_order_id);
}
void PaperBroker::submit(const OrderRequest& request, Timestamp now) {
  impl_->submit(request, now);
}
void PaperBroker::modify(const OrderRequest& changed, Timestamp now) {
  impl_->modify(changed, now);
}
bool PaperBroker::cancel(std::string_view order_id, Timestamp now) {
  return impl_->cancel(order_id, now);
}
void PaperBroker::request_status(std::string_view order_id, Timestamp now) {
  impl_->request_status(order_id, now);
}
void PaperBroker::on_price(const PriceUpdate& price) {
  impl_->on_price(price);
}
Timestamp PaperBroker::next_due() const {
  return impl_->next_due();
}
void PaperBroker::advance_to(Timestamp now) {
  impl_->advance_to(now);
}

}  // namespace tapedeck::execution
