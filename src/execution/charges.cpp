#include "tapedeck/execution/charges.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tapedeck::execution {
namespace {

enum class Kind { equity_intraday, futures };

/// Shares of the turnover. Until the next row of its kind the rates are in force.
struct RateRow {
  market::IstDate effective_from;
  Kind kind;
  double stt_on_sell;
  double exchange;
  double stamp_on_buy;
};

// NSE circulars and Finance Acts: STT on futures 0.01 % → 0.0125 % (April 2023) → 0.02 % (October
// 2024) → 0.05 % (April 2026); NSE's transaction charges of 2021, April 2023 and October 2024.
const std::array kRates{
    RateRow{market::make_date(2020, 7, 1), Kind::equity_intraday, 0.00025, 0.0000345, 0.00003},
    RateRow{market::make_date(2023, 4, 1), Kind::equity_intraday, 0.00025, 0.0000325, 0.00003},
    RateRow{market::make_date(2024, 10, 1), Kind::equity_intraday, 0.00025, 0.0000297, 0.00003},
    RateRow{market::make_date(2020, 7, 1), Kind::futures, 0.0001, 0.00002, 0.00002},
    RateRow{market::make_date(2023, 4, 1), Kind::futures, 0.000125, 0.000019, 0.00002},
    RateRow{market::make_date(2024, 10, 1), Kind::futures, 0.0002, 0.0000173, 0.00002},
    RateRow{market::make_date(2026, 4, 1), Kind::futures, 0.0005, 0.0000173, 0.00002},
};
constexpr double kBrokerageRate = 0.0003;  // of a discount broker, per order
constexpr double kBrokerageCap = 20.0;
constexpr double kSebi = 0.000001;
constexpr double kGst = 0.18;

double to_paise(double rupees) noexcept {
  return std::round(rupees * 100.0) / 100.0;
}

const RateRow& rates_of(Kind kind, market::IstDate date) noexcept {
  const RateRow* in_force = nullptr;
  for (const RateRow& row : kRates) {
    if (row.kind != kind) continue;
    if (in_force == nullptr || row.effective_from <= date) in_force = &row;
  }
  // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): every kind has a row
  return *in_force;
}

}  // namespace

Charges charges_of(const market::InstrumentInfo& instrument, strategy::Side side, double turnover,
                   market::IstDate date) noexcept {
  // An index that stands in for its future is charged like it.
  const bool as_future = instrument.is_derivative() || instrument.stand_in;
  const RateRow& rates = rates_of(as_future ? Kind::futures : Kind::equity_intraday, date);
  const bool sells = side == strategy::Side::sell;
  Charges charges;
  charges.brokerage = to_paise(std::min(kBrokerageCap, turnover * kBrokerageRate));
  charges.stt = sells ? std::round(turnover * rates.stt_on_sell) : 0;
  charges.exchange = to_paise(turnover * rates.exchange);
  charges.sebi = to_paise(turnover * kSebi);
  charges.stamp = sells ? 0 : to_paise(turnover * rates.stamp_on_buy);
  charges.gst = to_paise((charges.brokerage + charges.exchange + charges.sebi) * kGst);
  return charges;
}

}  // namespace tapedeck::execution
