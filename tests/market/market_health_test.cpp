// The figures of single instruments that the engine's health has: what the page of the feeds shows.
#include <nlohmann/json.hpp>

#include "market/market_data_fixture.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::at_ist;
using testing::SizeIs;

class MarketHealth : public MarketDataFixture {
 protected:
  json metrics() { return json::parse(last_health())["metrics"]; }
  json figures(const std::string& name) { return metrics()["symbols"].at(name); }
  /// Lists S100, S101, ... and watches them.
  void watch_many(int count) {
    for (int i = 0; i < count; ++i) {
      names_.push_back("S" + std::to_string(100 + i));
      instruments_.add(infer_instrument(names_.back(), make_date(2025, 11, 18)));
    }
    for (const std::string& name : names_) engine().watch("NSE", name);
  }

  std::vector<std::string> names_;
};

TEST_F(MarketHealth, HasPriceAgeAndRateOfEachInstrument) {
  engine().start(at_ist(9, 15));
  for (int i = 0; i < 6; ++i) tick(at_ist(9, 15, 1), 100 + i, i + 1);
  tick(at_ist(9, 15, 2), 3000.5, 1, "TCS");
  engine().advance_to(at_ist(9, 15, 3));
  EXPECT_EQ(metrics()["symbols"], json::parse(R"({
      "NSE:INFY":{"last_price":105.0,"age_ms":2000.0,"ticks_per_second":2.0,"gaps":0},
      "NSE:TCS":{"last_price":3000.5,"age_ms":1000.0,"ticks_per_second":0.3333333333333333,
                 "gaps":0}})"));
  EXPECT_EQ(metrics()["symbols_omitted"], 0);
  tick(at_ist(9, 15, 4), 106);
  engine().advance_to(at_ist(9, 15, 6));
  EXPECT_EQ(figures("NSE:INFY")["ticks_per_second"], 1.0 / 3) << "since the last health";
  EXPECT_EQ(figures("NSE:TCS")["ticks_per_second"], 0);
  EXPECT_EQ(figures("NSE:TCS")["age_ms"], 4000);
}

TEST_F(MarketHealth, SaysWhenAnInstrumentHasNeverBeenHeard) {
  engine().watch("BSE", "INFY");
  engine().start(at_ist(9, 15));
  EXPECT_EQ(metrics()["symbols"], json::parse(R"({
      "BSE:INFY":{"last_price":null,"age_ms":null,"ticks_per_second":0.0,"gaps":0}})"));
}

TEST_F(MarketHealth, APriceThatIsHeldBackIsNotTheLast) {
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 15, 1), 100);
  tick(at_ist(9, 15, 2), 1000);
  engine().advance_to(at_ist(9, 15, 3));
  EXPECT_EQ(figures("NSE:INFY")["last_price"], 100);
  EXPECT_EQ(figures("NSE:INFY")["age_ms"], 2000);
}

TEST_F(MarketHealth, CandlesOfTheFeedCountAsTicks) {
  engine().start(at_ist(9, 15));
  candle(at_ist(9, 15), 250);
  engine().advance_to(at_ist(9, 16, 3));
  EXPECT_EQ(figures("NSE:INFY")["last_price"], 250);
  EXPECT_EQ(figures("NSE:INFY")["age_ms"], 3000);
  EXPECT_EQ(figures("NSE:INFY")["ticks_per_second"], 1.0 / 3);
}

TEST_F(MarketHealth, CountsTheGapsOfTheDayAndBeginsAnewOnTheNext) {
  engine().start(at_ist(9, 15));
  for (const int minute : {16, 20, 25}) tick(at_ist(9, minute), 100);
  engine().advance_to(at_ist(9, 25, 3));
  const std::size_t told = bus_.events("feed_gap").size();
  ASSERT_GE(told, 2U);
  EXPECT_EQ(figures("NSE:INFY")["gaps"], told);
  engine().advance_to(at_ist(9, 15) + 24h);
  EXPECT_EQ(figures("NSE:INFY")["gaps"], 0);
}

TEST_F(MarketHealth, TellsTheLongestSilentWhereThereAreTooMany) {
  watch_many(60);
  engine().start(at_ist(9, 15));
  for (int i = 0; i < 60; ++i) tick(at_ist(9, 15, 1) + i * 10ms, 100, 1, names_[i].c_str());
  tick(at_ist(9, 15, 2), 100, 1, "S100");  // no longer among the longest silent
  engine().advance_to(at_ist(9, 15, 3));
  const json symbols = metrics()["symbols"];
  EXPECT_THAT(symbols, SizeIs(50));
  EXPECT_EQ(metrics()["symbols_omitted"], 10);
  EXPECT_FALSE(symbols.contains("NSE:S100"));
  for (int i = 1; i <= 50; ++i) EXPECT_TRUE(symbols.contains("NSE:" + names_[i])) << i;
}

TEST_F(MarketHealth, AmongEquallySilentOnesTheNameDecides) {
  options_.health_symbols = 2;
  watch_many(5);
  engine().start(at_ist(9, 15));
  EXPECT_THAT(metrics()["symbols"], SizeIs(2));
  EXPECT_TRUE(metrics()["symbols"].contains("NSE:S100"));
  EXPECT_TRUE(metrics()["symbols"].contains("NSE:S101"));
}

TEST_F(MarketHealth, WhatIsNoLongerListedDoesNotTakeThePlaceOfOthers) {
  options_.health_symbols = 1;
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 15, 1), 100, 1, "TCS");
  tick(at_ist(9, 15, 2), 100, 1, "INFY");
  engine().advance_to(at_ist(9, 15, 3));
  EXPECT_TRUE(metrics()["symbols"].contains("NSE:TCS"));
  instruments_ = InstrumentTable();
  instruments_.add(infer_instrument("INFY", make_date(2025, 11, 18)));
  engine().advance_to(at_ist(10, 15));
  EXPECT_TRUE(metrics()["symbols"].contains("NSE:TCS")) << "heard not long ago";
  engine().advance_to(at_ist(10, 16));
  EXPECT_TRUE(metrics()["symbols"].contains("NSE:INFY"));
  EXPECT_EQ(metrics()["symbols_omitted"], 0);
}

TEST_F(MarketHealth, FitsIntoAnEventHoweverManyAreAskedFor) {
  options_.health_symbols = MarketDataOptions::kMaxHealthSymbols;
  watch_many(300);
  engine().start(at_ist(9, 15));
  for (int i = 0; i < 300; ++i) {
    tick(at_ist(9, 15, 1), 123456.05 + i, 1, names_[static_cast<std::size_t>(i)].c_str());
  }
  engine().advance_to(at_ist(9, 15, 3));
  EXPECT_THAT(metrics()["symbols"], SizeIs(MarketDataOptions::kMaxHealthSymbols));
  EXPECT_EQ(metrics()["symbols_omitted"], 100);
  EXPECT_LT(last_health().size(), std::size_t{64} << 10);
}

TEST_F(MarketHealth, NoneCanBeAskedFor) {
  options_.health_symbols = 0;
  watch_many(3);
  engine().start(at_ist(9, 15));
  EXPECT_EQ(metrics()["symbols"], json::object());
  EXPECT_EQ(metrics()["symbols_omitted"], 3);
}

}  // namespace
}  // namespace tapedeck::market
