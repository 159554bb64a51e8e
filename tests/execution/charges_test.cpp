// Contract notes worked out by hand, one for each segment.
#include "tapedeck/execution/charges.hpp"

#include <gtest/gtest.h>

#include "tapedeck/market/instrument.hpp"

namespace tapedeck::execution {
namespace {

using market::make_date;
using strategy::Side;

const market::IstDate kNovember2025 = make_date(2025, 11, 18);

market::InstrumentInfo instrument(const char* symbol) {
  return market::infer_instrument(symbol, kNovember2025);
}

Charges charges(const market::InstrumentInfo& info, Side side, double turnover,
                const char* product = "MIS", market::IstDate date = kNovember2025,
                double square_off_fee = 0) {
  return charges_of({.instrument = info,
                     .side = side,
                     .product = product,
                     .turnover = turnover,
                     .square_off_fee = square_off_fee},
                    date);
}

TEST(Charges, OfSharesBoughtAndSoldWithinTheDay) {
  const Charges buy = charges(instrument("INFY"), Side::buy, 200'000);
  EXPECT_DOUBLE_EQ(buy.brokerage, 20) << "0.03 % would be 60, the cap is 20";
  EXPECT_DOUBLE_EQ(buy.stt, 0);
  EXPECT_DOUBLE_EQ(buy.exchange, 5.94);
  EXPECT_DOUBLE_EQ(buy.sebi, 0.20);
  EXPECT_DOUBLE_EQ(buy.stamp, 6.00);
  EXPECT_DOUBLE_EQ(buy.gst, 4.71) << "18 % of 26.14";
  EXPECT_NEAR(buy.total(), 36.85, 1e-9);
  const Charges sell = charges(instrument("INFY"), Side::sell, 20'000);
  EXPECT_DOUBLE_EQ(sell.brokerage, 6.00);
  EXPECT_DOUBLE_EQ(sell.stt, 5);
  EXPECT_DOUBLE_EQ(sell.exchange, 0.59);
  EXPECT_DOUBLE_EQ(sell.sebi, 0.02);
  EXPECT_DOUBLE_EQ(sell.stamp, 0);
  EXPECT_DOUBLE_EQ(sell.gst, 1.19) << "18 % of 6.61";
}

TEST(Charges, OfSharesForDelivery) {
  const Charges buy = charges(instrument("INFY"), Side::buy, 150'000, "CNC");
  EXPECT_DOUBLE_EQ(buy.brokerage, 0);
  EXPECT_DOUBLE_EQ(buy.stt, 150) << "0.1 % on both sides";
  EXPECT_DOUBLE_EQ(buy.exchange, 4.46) << "2.97 rupees a lakh: 4.455";
  EXPECT_DOUBLE_EQ(buy.sebi, 0.15);
  EXPECT_DOUBLE_EQ(buy.stamp, 22.50);
  EXPECT_DOUBLE_EQ(buy.gst, 0.83) << "18 % of 4.61";
  EXPECT_DOUBLE_EQ(charges(instrument("INFY"), Side::sell, 150'000, "CNC").stt, 150);
}

TEST(Charges, OfAFuture) {
  const Charges sell = charges(instrument("NIFTY25NOVFUT"), Side::sell, 1'950'000, "NRML");
  EXPECT_DOUBLE_EQ(sell.brokerage, 20);
  EXPECT_DOUBLE_EQ(sell.stt, 390) << "0.02 %";
  EXPECT_DOUBLE_EQ(sell.exchange, 33.74) << "1.73 rupees a lakh: 33.735";
  EXPECT_DOUBLE_EQ(sell.sebi, 1.95);
  EXPECT_DOUBLE_EQ(sell.stamp, 0);
  EXPECT_DOUBLE_EQ(sell.gst, 10.02) << "18 % of 55.69";
  EXPECT_DOUBLE_EQ(charges(instrument("NIFTY25NOVFUT"), Side::buy, 1'950'000).stamp, 39);
}

TEST(Charges, OfAnOptionAreTakenOnItsPremium) {
  const Charges sell = charges(instrument("NIFTY25NOV26000CE"), Side::sell, 15'000);
  EXPECT_DOUBLE_EQ(sell.brokerage, 20) << "flat";
  EXPECT_DOUBLE_EQ(sell.stt, 15) << "0.1 % of the premium";
  EXPECT_DOUBLE_EQ(sell.exchange, 5.25) << "35.03 rupees a lakh: 5.2545";
  EXPECT_DOUBLE_EQ(sell.sebi, 0.02) << "0.015";
  EXPECT_DOUBLE_EQ(sell.gst, 4.55) << "18 % of 25.27";
  const Charges buy = charges(instrument("NIFTY25NOV26000CE"), Side::buy, 15'000);
  EXPECT_DOUBLE_EQ(buy.stt, 0);
  EXPECT_DOUBLE_EQ(buy.stamp, 0.45);
}

TEST(Charges, OnBseFollowItsOwnTable) {
  market::InstrumentInfo share = instrument("INFY");
  share.exchange = "BSE";
  EXPECT_DOUBLE_EQ(charges(share, Side::buy, 200'000).exchange, 7.50);
  market::InstrumentInfo future = instrument("NIFTY25NOVFUT");
  future.exchange = "BFO";
  EXPECT_DOUBLE_EQ(charges(future, Side::buy, 200'000).exchange, 0);
}

struct DatedTax {
  int year;
  unsigned month;
  unsigned day;
  double future;
  double option;
};

class TaxOnSales : public testing::TestWithParam<DatedTax> {};

TEST_P(TaxOnSales, FollowsTheRatesOfTheDate) {
  const DatedTax& row = GetParam();
  const market::IstDate date = make_date(row.year, row.month, row.day);
  const auto stt = [&](const char* symbol) {
    return charges(instrument(symbol), Side::sell, 1'000'000, "NRML", date).stt;
  };
  EXPECT_DOUBLE_EQ(stt("NIFTY25NOVFUT"), row.future);
  EXPECT_DOUBLE_EQ(stt("NIFTY25NOV26000CE"), row.option);
}

INSTANTIATE_TEST_SUITE_P(
    Charges, TaxOnSales,
    testing::Values(DatedTax{2023, 3, 31, 100, 500}, DatedTax{2023, 4, 1, 125, 625},
                    DatedTax{2024, 9, 30, 125, 625}, DatedTax{2024, 10, 1, 200, 1000},
                    DatedTax{2026, 3, 31, 200, 1000}, DatedTax{2026, 4, 1, 500, 1500}));

TEST(Charges, OfAnAutomaticSquareOffAreAnItemOfTheirOwnWithGst) {
  const market::InstrumentInfo share = instrument("INFY");
  const Charges plain = charges(share, Side::sell, 20'000);
  const Charges squared = charges(share, Side::sell, 20'000, "MIS", kNovember2025, 50);
  EXPECT_DOUBLE_EQ(plain.auto_square_off, 0);
  EXPECT_DOUBLE_EQ(squared.auto_square_off, 50);
  EXPECT_NEAR(squared.total() - plain.total(), 59, 1e-9);
}

}  // namespace
}  // namespace tapedeck::execution
