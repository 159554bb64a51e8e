#include "execution/order_gate.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "execution/margin.hpp"
#include "execution/order_rules.hpp"
#include "execution/order_slicer.hpp"

namespace tapedeck::execution {
namespace {

using strategy::OrderIntent;
using strategy::RiskRefusal;
using strategy::Side;

OrderRequest prices_of(const OrderIntent& intent, const market::InstrumentInfo& instrument) {
  OrderRequest request;
  request.instrument = instrument;
  request.type = intent.type;
  request.limit_price = intent.limit_price;
  request.trigger_price = intent.trigger_price;
  return request;
}

}  // namespace

double valued_at(const OrderIntent& intent, const market::InstrumentInfo& instrument,
                 double last_price) noexcept {
  if (has_limit(intent.type) && is_price(intent.limit_price)) return intent.limit_price;
  if (last_price > 0) return last_price;
  const bool own_price = intent.signal_symbol.empty() || intent.signal_symbol == instrument.symbol;
  if (instrument.is_option() && !own_price) return 0;
  return is_price(intent.reference_price) ? intent.reference_price : 0;
}

bool OrderGate::reduces(const PositionKey& key, Side side, std::int64_t qty) const {
  const Position* position = book_.find(key);
  if (position == nullptr || position->size == 0) return false;
  if ((position->size > 0) == (side == Side::buy)) return false;
  return qty <= std::abs(position->size) - orders_.pending(key, side);
}

OrderGate::Refusal OrderGate::refusal_of(const Question& question) const {
  const OrderIntent& intent = question.intent;
  if (question.instrument == nullptr) {
    return RiskRefusal{"unknown_symbol",
                       fmt::format("there is no instrument '{}'", intent.order_symbol)};
  }
  if (intent.qty <= 0) {
    return RiskRefusal{"bad_quantity",
                       fmt::format("the quantity {} is not above zero", intent.qty)};
  }
  const PositionKey key{question.instrument->exchange, question.instrument->symbol, intent.product,
                        intent.strategy};
  const bool entry = !reduces(key, intent.side, intent.qty);
  if (entry && question.killed) {
    return RiskRefusal{"kill_switch", "the kill switch is on: only orders that reduce a position"};
  }
  if (Refusal refusal = sending_refusal(question)) return refusal;
  const OrderRequest request = prices_of(intent, *question.instrument);
  if (Refusal refusal = price_refusal(request, question.last_price)) return refusal;
  return entry ? entry_refusal(question) : std::nullopt;
}

OrderGate::Refusal OrderGate::sending_refusal(const Question& question) const {
  const std::int64_t most = options_.limits.max_slices;
  const std::int64_t qty = question.intent.qty;
  const auto slices = slices_of(qty, *question.instrument, most);
  if (slices.empty()) {
    return RiskRefusal{"freeze_qty",
                       fmt::format("{} units cannot be sent in {} slices of at most {}", qty, most,
                                   question.instrument->freeze_qty)};
  }
  const auto count = static_cast<std::int64_t>(slices.size());
  if (rate_.free_at(count, question.now) <= question.now) return std::nullopt;
  const RateLimits limits = rate_.in_force(market::ist_date(question.now));
  return RiskRefusal{"rate_limit",
                     fmt::format("{} more would be above {} orders a second, {} a minute or {} a "
                                 "day ({} sent today)",
                                 count, limits.per_second, limits.per_minute, limits.per_day,
                                 rate_.sent_on(market::ist_date(question.now)))};
}

OrderGate::Refusal OrderGate::price_refusal(const OrderRequest& request, double last_price) const {
  const market::InstrumentInfo& instrument = request.instrument;
  const auto problem = [&](std::string_view what, double price) -> Refusal {
    if (!is_price(price)) {
      return RiskRefusal{"bad_price", fmt::format("the {} {} is no price", what, price)};
    }
    const bool below = instrument.lower_circuit > 0 && price < instrument.lower_circuit;
    const bool above = instrument.upper_circuit > 0 && price > instrument.upper_circuit;
    if (below || above) {
      return RiskRefusal{"circuit_limit",
                         fmt::format("the {} {} is outside the day's band {} to {}", what, price,
                                     instrument.lower_circuit, instrument.upper_circuit)};
    }
    const double band = options_.limits.price_band_pct;
    if (band > 0 && last_price > 0 && std::abs(price - last_price) > last_price * band / 100) {
      return RiskRefusal{"price_band",
                         fmt::format("the {} {} is more than {} percent from the last price {}",
                                     what, price, band, last_price)};
    }
    return std::nullopt;
  };
  if (has_limit(request.type)) {
    if (Refusal refusal = problem("limit price", request.limit_price)) return refusal;
  }
  return has_trigger(request.type) ? problem("trigger price", request.trigger_price) : std::nullopt;
}

OrderGate::Refusal OrderGate::entry_refusal(const Question& question) const {
  const OrderIntent& intent = question.intent;
  const market::InstrumentInfo& instrument = *question.instrument;
  if (question.being_closed) {
    return RiskRefusal{"flatten", "the position is being closed"};
  }
  if (options_.square_off_mis && intent.product == "MIS" &&
      square_off_.is_under_way(instrument.group, question.now)) {
    return RiskRefusal{"square_off", "intraday positions are being closed for the day"};
  }
  if (!question.live && intent.product == "CNC" && intent.side == Side::sell) {
    return RiskRefusal{"short_delivery", fmt::format("{} units of {} are not held for delivery",
                                                     intent.qty, instrument.symbol)};
  }
  const double price = valued_at(intent, instrument, question.last_price);
  if (Refusal refusal = size_refusal(question, price * static_cast<double>(intent.qty))) {
    return refusal;
  }
  return margin_refusal(question, price);
}

OrderGate::Refusal OrderGate::size_refusal(const Question& question, double value) const {
  const RiskLimits& limits = options_.limits;
  const std::int64_t qty = question.intent.qty;
  if (limits.max_quantity > 0 && qty > limits.max_quantity) {
    return RiskRefusal{"max_quantity",
                       fmt::format("{} units are above the limit of {}", qty, limits.max_quantity)};
  }
  if (limits.max_notional > 0 && value > limits.max_notional) {
    return RiskRefusal{"max_notional", fmt::format("the value {:.2f} is above the limit of {:.2f}",
                                                   value, limits.max_notional)};
  }
  if (limits.max_open_orders <= 0) return std::nullopt;
  const auto more =
      static_cast<std::int64_t>(slices_of(qty, *question.instrument, limits.max_slices).size());
  const std::int64_t open = orders_.open_orders();
  if (open + more <= limits.max_open_orders) return std::nullopt;
  return RiskRefusal{"max_open_orders", fmt::format("{} orders are at work and the limit is {}",
                                                    open, limits.max_open_orders)};
}

OrderGate::Refusal OrderGate::margin_refusal(const Question& question, double price) const {
  const OrderIntent& intent = question.intent;
  const market::InstrumentInfo& instrument = *question.instrument;
  if (price <= 0) {
    return RiskRefusal{"margin", fmt::format("no price of {} is known, so its margin is not either",
                                             instrument.symbol)};
  }
  const double wanted = margin_of(instrument, intent.product,
                                  strategy::signed_qty(intent.side, intent.qty), price, options_);
  if (wanted <= question.margin_available) return std::nullopt;
  return RiskRefusal{"margin", fmt::format("the margin of {:.2f} is more than the {:.2f} that is "
                                           "free",
                                           wanted, question.margin_available)};
}

}  // namespace tapedeck::execution
