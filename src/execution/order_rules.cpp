#include "execution/order_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "execution/money.hpp"

namespace tapedeck::execution {
namespace {

using market::InstrumentInfo;
using market::Phase;

constexpr std::array<std::string_view, 7> kIndexUnderlyings{
    "NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "SENSEX", "BANKEX"};

bool is_stock_option(const InstrumentInfo& instrument) {
  return instrument.is_option() && !instrument.underlying.empty() &&
         std::find(kIndexUnderlyings.begin(), kIndexUnderlyings.end(), instrument.underlying) ==
             kIndexUnderlyings.end();
}

OrderRefusal quantity_rule(const OrderRequest& request) {
  const InstrumentInfo& instrument = request.instrument;
  if (request.qty <= 0) {
    return {"bad_quantity", fmt::format("the quantity {} is not above zero", request.qty)};
  }
  if (instrument.lot_size > 1 && request.qty % instrument.lot_size != 0) {
    return {"off_lot", fmt::format("the quantity {} is no multiple of the lot size {}", request.qty,
                                   instrument.lot_size)};
  }
  if (instrument.freeze_qty > 0 && request.qty > instrument.freeze_qty) {
    return {"over_freeze", fmt::format("the quantity {} is above the freeze quantity {}",
                                       request.qty, instrument.freeze_qty)};
  }
  return {};
}

OrderRefusal price_rule(std::string_view what, double price, const InstrumentInfo& instrument) {
  if (!is_price(price)) {
    return {"bad_price", fmt::format("the {} {} is no price", what, price)};
  }
  if (!is_on_tick(price, instrument.tick_size)) {
    return {"off_tick", fmt::format("the {} {} is no multiple of the tick size {}", what, price,
                                    instrument.tick_size)};
  }
  const bool below = instrument.lower_circuit > 0 && price < instrument.lower_circuit;
  const bool above = instrument.upper_circuit > 0 && price > instrument.upper_circuit;
  if (below || above) {
    return {"outside_band", fmt::format("the {} {} is outside the day's band {} to {}", what, price,
                                        instrument.lower_circuit, instrument.upper_circuit)};
  }
  return {};
}

OrderRefusal type_rule(const OrderRequest& request, const PaperBrokerOptions& options,
                       market::IstDate date) {
  const InstrumentInfo& instrument = request.instrument;
  if (request.type == OrderType::sl_m && instrument.is_option() &&
      date >= options.no_slm_on_options_from) {
    return {"slm_on_options", "options take no SL-M order; send SL with a limit price"};
  }
  if (request.type == OrderType::market && is_stock_option(instrument)) {
    return {"market_on_stock_options", "stock options take no MARKET order; send a LIMIT order"};
  }
  const double protection = request.market_protection_pct;
  const bool protects = protection == -1 || (protection > 0 && protection <= 100);
  if (protects || has_limit(request.type)) return {};
  if (protection == 0 && date < options.protection_required_from) return {};
  return {"market_protection_missing",
          fmt::format("a {} order needs market protection above 0 to 100 percent, or -1",
                      to_string(request.type))};
}

}  // namespace

bool has_limit(OrderType type) noexcept {
  return type == OrderType::limit || type == OrderType::sl;
}

bool has_trigger(OrderType type) noexcept {
  return type == OrderType::sl || type == OrderType::sl_m;
}

bool is_on_tick(double price, double tick) noexcept {
  if (!(tick > 0)) return true;
  const double ticks = price / tick;
  return std::abs(ticks - std::round(ticks)) < 1e-6;
}

OrderRefusal rule_broken_by(const OrderRequest& request, const PaperBrokerOptions& options,
                            market::IstDate date) {
  const InstrumentInfo& instrument = request.instrument;
  if (!instrument.tradable && !instrument.stand_in) {
    return {"not_tradable", fmt::format("{} is an index and cannot be ordered; order its future",
                                        instrument.symbol)};
  }
  OrderRefusal refusal = quantity_rule(request);
  if (refusal.code.empty()) refusal = type_rule(request, options, date);
  if (refusal.code.empty() && has_limit(request.type)) {
    refusal = price_rule("limit price", request.limit_price, instrument);
  }
  if (refusal.code.empty() && has_trigger(request.type)) {
    refusal = price_rule("trigger price", request.trigger_price, instrument);
  }
  return refusal;
}

OrderRefusal closed_for(const OrderRequest& request, const PaperBrokerOptions& options,
                        const market::TradingCalendar& calendar, Timestamp now) {
  const market::DayPlan plan = calendar.day(request.instrument.group, market::ist_date(now));
  for (const market::PhaseSpan& span : plan.spans()) {
    if (!span.contains(now)) continue;
    if (span.phase == Phase::continuous) return {};
    if (span.phase != Phase::closing_auction || has_trigger(request.type)) break;
    const auto since = now - span.start;
    const auto until = request.type == OrderType::market ? options.auction_market_until
                                                         : options.auction_orders_until;
    if (since >= options.auction_orders_from && since < until) return {};
  }
  return {"market_closed", fmt::format("the market takes no {} order in {} at this time",
                                       to_string(request.type), request.instrument.symbol)};
}

}  // namespace tapedeck::execution
