// The rates of charges.cpp as data. A row holds until the next of its kind and exchange.
//
// Sources: STT from the Finance Acts 2020, 2023, 2024 and 2026; stamp duty from the Indian Stamp
// Act as amended in July 2020; SEBI's fee and the exchanges' charges as brokers' pages and press
// reports of the circulars give them (NSE 2.97, 1.73 and 35.03 rupees a lakh from October 2024:
// press release of 27 September 2024). Not confirmed against a circular: exchange charges before
// October 2024, BSE's before that date, and from when NSE's investor protection levy (10 rupees a
// crore, options 50) is billed inside the exchange charge; the table says April 2026.
#pragma once

#include <array>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::execution::tables {

enum class ChargeKind { intraday, delivery, futures, options };

/// Shares of the turnover.
struct TaxRow {
  market::IstDate effective_from;
  ChargeKind kind;
  double stt_on_buy;
  double stt_on_sell;
  double stamp_on_buy;
};

inline const std::array kTaxes{
    TaxRow{market::make_date(2020, 7, 1), ChargeKind::intraday, 0, 0.00025, 0.00003},
    TaxRow{market::make_date(2020, 7, 1), ChargeKind::delivery, 0.001, 0.001, 0.00015},
    TaxRow{market::make_date(2020, 7, 1), ChargeKind::futures, 0, 0.0001, 0.00002},
    TaxRow{market::make_date(2023, 4, 1), ChargeKind::futures, 0, 0.000125, 0.00002},
    TaxRow{market::make_date(2024, 10, 1), ChargeKind::futures, 0, 0.0002, 0.00002},
    TaxRow{market::make_date(2026, 4, 1), ChargeKind::futures, 0, 0.0005, 0.00002},
    TaxRow{market::make_date(2020, 7, 1), ChargeKind::options, 0, 0.0005, 0.00003},
    TaxRow{market::make_date(2023, 4, 1), ChargeKind::options, 0, 0.000625, 0.00003},
    TaxRow{market::make_date(2024, 10, 1), ChargeKind::options, 0, 0.001, 0.00003},
    TaxRow{market::make_date(2026, 4, 1), ChargeKind::options, 0, 0.0015, 0.00003},
};

/// Transaction charges, shares of the turnover (of options: of the premium).
struct ExchangeRow {
  market::IstDate effective_from;
  bool bse;
  double shares;
  double futures;
  double options;
};

inline const std::array kExchangeCharges{
    ExchangeRow{market::make_date(2020, 7, 1), false, 0.0000325, 0.000019, 0.0005},
    ExchangeRow{market::make_date(2021, 1, 1), false, 0.0000345, 0.00002, 0.00053},
    ExchangeRow{market::make_date(2023, 4, 1), false, 0.0000325, 0.000019, 0.0005},
    ExchangeRow{market::make_date(2024, 4, 1), false, 0.0000322, 0.0000188, 0.000495},
    ExchangeRow{market::make_date(2024, 10, 1), false, 0.0000297, 0.0000173, 0.0003503},
    ExchangeRow{market::make_date(2026, 4, 1), false, 0.0000307, 0.0000183, 0.0003553},
    ExchangeRow{market::make_date(2020, 7, 1), true, 0.00003, 0, 0.0005},
    ExchangeRow{market::make_date(2022, 12, 1), true, 0.0000375, 0, 0.0005},
    ExchangeRow{market::make_date(2024, 10, 1), true, 0.0000375, 0, 0.000325},
};

struct BrokerageRow {
  market::IstDate effective_from;
  ChargeKind kind;
  double rate;  ///< of the turnover; 0: flat
  double cap;   ///< rupees an order
};

inline const std::array kBrokerage{
    BrokerageRow{market::make_date(2020, 7, 1), ChargeKind::intraday, 0.0003, 20},
    BrokerageRow{market::make_date(2020, 7, 1), ChargeKind::delivery, 0, 0},
    BrokerageRow{market::make_date(2020, 7, 1), ChargeKind::futures, 0.0003, 20},
    BrokerageRow{market::make_date(2020, 7, 1), ChargeKind::options, 0, 20},
};

/// On every turnover and on every service.
struct FeeRow {
  market::IstDate effective_from;
  double sebi;
  double gst;
};

inline const std::array kFees{
    FeeRow{market::make_date(2020, 6, 1), 0.0000005, 0.18},
    FeeRow{market::make_date(2021, 4, 1), 0.000001, 0.18},
};

}  // namespace tapedeck::execution::tables
