#include "tapedeck/execution/charges.hpp"

#include <algorithm>
#include <cmath>

#include "execution/charges_tables.hpp"

namespace tapedeck::execution {
namespace {

using tables::ChargeKind;

double to_paise(double rupees) noexcept {
  return std::round(rupees * 100.0) / 100.0;
}

ChargeKind kind_of(const market::InstrumentInfo& instrument, std::string_view product) noexcept {
  if (instrument.is_option()) return ChargeKind::options;
  // An index that stands in for its future is charged like it.
  if (instrument.is_derivative() || instrument.stand_in) return ChargeKind::futures;
  return product == "CNC" ? ChargeKind::delivery : ChargeKind::intraday;
}

/// The newest row that concerns us and is in force; before the first row of a table, the first.
template <typename Table, typename Concerns>
const auto& in_force(const Table& table, market::IstDate date, Concerns concerns) noexcept {
  const auto* found = &table.front();
  bool any = false;
  for (const auto& row : table) {
    if (!concerns(row) || (any && row.effective_from > date)) continue;
    found = &row;
    any = true;
  }
  return *found;
}

}  // namespace

Charges charges_of(const ChargedOrder& order, market::IstDate date) noexcept {
  const ChargeKind kind = kind_of(order.instrument, order.product);
  const bool bse = order.instrument.exchange == "BSE" || order.instrument.exchange == "BFO";
  const auto of_kind = [&](const auto& row) { return row.kind == kind; };
  const tables::TaxRow& tax = in_force(tables::kTaxes, date, of_kind);
  const tables::BrokerageRow& brokerage = in_force(tables::kBrokerage, date, of_kind);
  const tables::ExchangeRow& exchange =
      in_force(tables::kExchangeCharges, date, [&](const auto& row) { return row.bse == bse; });
  const tables::FeeRow& fee = in_force(tables::kFees, date, [](const auto&) { return true; });
  const double exchange_rate = kind == ChargeKind::options   ? exchange.options
                               : kind == ChargeKind::futures ? exchange.futures
                                                             : exchange.shares;
  const bool sells = order.side == strategy::Side::sell;
  const double turnover = order.turnover;
  Charges charges;
  charges.brokerage = brokerage.rate > 0
                          ? to_paise(std::min(brokerage.cap, turnover * brokerage.rate))
                          : brokerage.cap;
  charges.stt = std::round(turnover * (sells ? tax.stt_on_sell : tax.stt_on_buy));
  charges.exchange = to_paise(turnover * exchange_rate);
  charges.sebi = to_paise(turnover * fee.sebi);
  charges.stamp = sells ? 0 : to_paise(turnover * tax.stamp_on_buy);
  charges.auto_square_off = to_paise(order.square_off_fee);
  charges.gst = to_paise(
      (charges.brokerage + charges.exchange + charges.sebi + charges.auto_square_off) * fee.gst);
  return charges;
}

}  // namespace tapedeck::execution
