#include "tapedeck/universe/universe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "market/engine_support.hpp"
#include "support/synthetic_dump.hpp"

namespace tapedeck::universe {
namespace {

using market::InstrumentInfo;
using market::make_date;
using market::SessionGroup;
using test::future_row;
using test::index_row;
using test::kDumpHeader;
using test::option_pair;
using test::option_row;
using test::share_row;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// Tuesday 2025-11-18: NIFTY with a weekly, the monthly and a far expiry, shares, an index.
std::string market_rows() {
  std::string rows = index_row("NIFTY 50", 256265) + index_row("INDIA VIX", 264969) +
                     index_row("SENSEX", 265, "BSE") + share_row("INFY") + share_row("DLF", 2) +
                     share_row("INFY", 128053508, "BSE");
  rows += future_row("NIFTY25DECFUT", "NIFTY", "2025-12-30") +
          future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25") +
          future_row("INFY25NOVFUT", "INFY", "2025-11-25", 400) +
          future_row("SENSEX25NOVFUT", "SENSEX", "2025-11-27", 20, 3, "BFO");
  for (const double strike : {25800, 25850, 25900, 25950, 26000, 26100, 26200, 26500}) {
    rows += option_pair("NIFTY", "25N18", "2025-11-18", strike);
  }
  rows += option_pair("NIFTY", "25NOV", "2025-11-25", 25900) +
          option_row("NIFTY", "25NOV", "2025-11-25", 26000, "PE") +
          option_pair("NIFTY", "25DEC", "2025-12-30", 26000) +
          option_pair("NIFTY", "26JUN", "2026-06-30", 27000) +
          option_pair("INFY", "25NOV", "2025-11-25", 1500) +
          option_pair("SENSEX", "25N20", "2025-11-20", 85000, "BFO");
  return rows;
}

Universe universe(const UniverseFilter& filter = {},
                  market::IstDate as_of = make_date(2025, 11, 18),
                  std::vector<SymbolList> lists = {}) {
  auto dump = std::make_shared<InstrumentDump>(
      parse_dump(std::string(kDumpHeader) + market_rows(), "made up"));
  EXPECT_EQ(dump->problem, "");
  UniverseRules rules;
  rules.filter = filter;
  rules.lists = std::move(lists);
  return Universe(std::move(dump), as_of, rules);
}

std::vector<std::string> symbols(const Universe& from) {
  std::vector<std::string> all;
  for (const InstrumentInfo& info : from.all()) all.push_back(info.symbol);
  return all;
}
std::vector<std::string> symbols(const std::vector<const InstrumentInfo*>& from) {
  std::vector<std::string> all;
  for (const InstrumentInfo* info : from) all.push_back(info->symbol);
  return all;
}

TEST(Universe, KnowsADerivativeByItsRow) {
  const Universe all = universe();
  const InstrumentInfo* option = all.find("NFO", "NIFTY25NOV25900CE");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(option->segment, "NFO-OPT");
  EXPECT_EQ(option->type, "CE");
  EXPECT_EQ(option->underlying, "NIFTY");
  EXPECT_EQ(option->expiry, "2025-11-25");
  EXPECT_EQ(option->strike, 25900);
  EXPECT_EQ(option->tick_size, 0.05);
  EXPECT_EQ(option->lot_size, 75);
  EXPECT_EQ(option->group, SessionGroup::derivatives);
  EXPECT_EQ(option->freeze_qty, 1800);
  EXPECT_TRUE(option->tradable);
  EXPECT_EQ(all.find("NFO", "INFY25NOVFUT")->freeze_qty, 0) << "not published for shares";
}

TEST(Universe, KeepsTheSameSymbolOfTwoExchangesApart) {
  const Universe all = universe();
  EXPECT_EQ(all.find("NSE", "INFY")->token, 408065);
  EXPECT_EQ(all.find("BSE", "INFY")->token, 128053508);
  EXPECT_EQ(all.find("NFO", "INFY"), nullptr);
  EXPECT_EQ(all.find("NFO", "NIFTY24DEC24500FUT"), nullptr) << "an impossible symbol";
}

TEST(Universe, PutsSharesWithDerivativesIntoTheirOwnGroup) {
  const Universe all = universe();
  EXPECT_EQ(all.find("NSE", "INFY")->group, SessionGroup::equity_fno);
  EXPECT_EQ(all.find("NSE", "DLF")->group, SessionGroup::equity);
  EXPECT_EQ(all.find("BSE", "INFY")->group, SessionGroup::equity);
}

TEST(Universe, OrdersAnIndexInItsNearestFuture) {
  const Universe all = universe();
  const InstrumentInfo* nifty = all.find("NSE", "NIFTY 50");
  ASSERT_NE(nifty, nullptr);
  EXPECT_EQ(nifty->type, "INDEX");
  EXPECT_EQ(nifty->group, SessionGroup::index);
  EXPECT_FALSE(nifty->tradable);
  EXPECT_EQ(nifty->lot_size, 1);
  EXPECT_EQ(nifty->underlying, "NIFTY");
  EXPECT_EQ(nifty->order_exchange, "NFO");
  EXPECT_EQ(nifty->order_symbol, "NIFTY25NOVFUT");
  EXPECT_EQ(all.find("BSE", "SENSEX")->order_symbol, "SENSEX25NOVFUT");
  EXPECT_EQ(all.find("BSE", "SENSEX")->order_exchange, "BFO");
  EXPECT_EQ(all.find("NSE", "INDIA VIX")->order_symbol, "") << "it has no future";
  const Universe later = universe({}, make_date(2025, 11, 26));
  EXPECT_EQ(later.find("NSE", "NIFTY 50")->order_symbol, "NIFTY25DECFUT");
}

TEST(Universe, DropsWhatHasExpiredByItsDate) {
  EXPECT_NE(universe().find("NFO", "NIFTY25N1826000CE"), nullptr) << "the expiry day counts";
  const Universe next_day = universe({}, make_date(2025, 11, 19));
  EXPECT_EQ(next_day.find("NFO", "NIFTY25N1826000CE"), nullptr);
  EXPECT_NE(next_day.find("NFO", "NIFTY25NOV25900CE"), nullptr);
}

TEST(Universe, FiltersByExchangeSegmentTypeAndSymbol) {
  EXPECT_THAT(
      symbols(universe({.exchanges = {"BSE", "BFO"}})),
      ElementsAre("SENSEX25N2085000CE", "SENSEX25N2085000PE", "SENSEX25NOVFUT", "INFY", "SENSEX"));
  EXPECT_THAT(symbols(universe({.segments = {"INDICES"}})),
              ElementsAre("SENSEX", "INDIA VIX", "NIFTY 50"));
  EXPECT_THAT(symbols(universe({.exchanges = {"NFO"}, .types = {"FUT"}})),
              ElementsAre("INFY25NOVFUT", "NIFTY25DECFUT", "NIFTY25NOVFUT"));
  EXPECT_THAT(symbols(universe({.symbols = {"DLF", "NOSUCH"}})), ElementsAre("DLF"));
}

TEST(Universe, FiltersByUnderlyingAcrossIndexShareAndDerivatives) {
  EXPECT_THAT(symbols(universe({.types = {"FUT", "EQ", "INDEX"}, .underlyings = {"NIFTY"}})),
              ElementsAre("NIFTY25DECFUT", "NIFTY25NOVFUT", "NIFTY 50"));
  EXPECT_THAT(symbols(universe({.exchanges = {"NSE", "NFO"}, .underlyings = {"INFY"}})),
              ElementsAre("INFY25NOV1500CE", "INFY25NOV1500PE", "INFY25NOVFUT", "INFY"));
}

TEST(Universe, FiltersByNamedLists) {
  const std::vector<SymbolList> lists{{"NIFTY 50", {"INFY"}}, {"NIFTY REALTY", {"DLF"}}};
  const auto date = make_date(2025, 11, 18);
  EXPECT_THAT(symbols(universe({.exchanges = {"NSE"}, .lists = {"NIFTY 50"}}, date, lists)),
              ElementsAre("INFY"));
  EXPECT_THAT(symbols(universe({.types = {"FUT", "EQ"}, .lists = {"NIFTY 50", "NIFTY REALTY"}},
                               date, lists)),
              ElementsAre("INFY", "INFY25NOVFUT", "DLF", "INFY"));
  EXPECT_THROW(universe({.lists = {"NIFTY 5"}}, date, lists), std::invalid_argument);
}

TEST(Universe, FiltersByExpiryDateOrRankCountingFuturesAndOptionsApart) {
  const UniverseFilter nearest{.exchanges = {"NFO"}, .underlyings = {"NIFTY"}, .expiry_ranks = {0}};
  const Universe near = universe(nearest);
  EXPECT_NE(near.find("NFO", "NIFTY25N1826000CE"), nullptr);
  EXPECT_NE(near.find("NFO", "NIFTY25NOVFUT"), nullptr) << "the nearest future";
  EXPECT_EQ(near.find("NFO", "NIFTY25NOV25900CE"), nullptr);
  EXPECT_EQ(near.find("NFO", "NIFTY25DECFUT"), nullptr);

  UniverseFilter both = nearest;
  both.expiry_ranks = {2};
  both.expiries = {"2025-11-25"};
  EXPECT_THAT(symbols(universe(both)),
              UnorderedElementsAre("NIFTY25NOVFUT", "NIFTY25NOV25900CE", "NIFTY25NOV25900PE",
                                   "NIFTY25NOV26000PE", "NIFTY25DEC26000CE", "NIFTY25DEC26000PE"));
  EXPECT_THAT(symbols(universe({.exchanges = {"NSE"}, .expiry_ranks = {0}})),
              ElementsAre("DLF", "INDIA VIX", "INFY", "NIFTY 50"))
      << "what has no expiry stays";
}

TEST(Universe, ListsExpiriesAsTheDumpHasThem) {
  EXPECT_THAT(universe().expiries("NFO", "NIFTY", true),
              ElementsAre("2025-11-18", "2025-11-25", "2025-12-30", "2026-06-30"));
  EXPECT_THAT(universe().expiries("NFO", "NIFTY", false), ElementsAre("2025-11-25", "2025-12-30"));
  EXPECT_THAT(universe().expiries("NFO", "NIFT", false), IsEmpty());
}

TEST(StrikeSelection, TakesTheListedStrikesAroundTheMoney) {
  const Universe all = universe();
  const StrikeWindow window = all.select({.underlying = "NIFTY", .strikes_each_side = 2}, 25960);
  ASSERT_EQ(window.problem, "");
  EXPECT_EQ(window.exchange, "NFO");
  EXPECT_EQ(window.expiry, "2025-11-18");
  EXPECT_EQ(window.at_the_money, 25950);
  EXPECT_EQ(window.step, 50);
  EXPECT_THAT(symbols(window.calls),
              ElementsAre("NIFTY25N1825850CE", "NIFTY25N1825900CE", "NIFTY25N1825950CE",
                          "NIFTY25N1826000CE", "NIFTY25N1826100CE"))
      << "the steps are uneven";
  EXPECT_EQ(window.puts.size(), 5U);
  EXPECT_THAT(symbols(window.futures), ElementsAre("NIFTY25NOVFUT"));
}

TEST(StrikeSelection, TakesTheLowerOfTwoEquallyNearStrikes) {
  const Universe all = universe();
  EXPECT_EQ(all.select({.underlying = "NIFTY"}, 25975).at_the_money, 25950);
  EXPECT_EQ(all.select({.underlying = "NIFTY"}, 25975.01).at_the_money, 26000);
  EXPECT_EQ(all.select({.underlying = "NIFTY"}, 26350).at_the_money, 26200);
  EXPECT_EQ(all.select({.underlying = "NIFTY"}, 26000).at_the_money, 26000);
}

TEST(StrikeSelection, StopsAtTheEndsOfTheList) {
  const Universe all = universe();
  const StrikeWindow low = all.select({.underlying = "NIFTY", .strikes_each_side = 1}, 100);
  EXPECT_EQ(low.at_the_money, 25800);
  EXPECT_THAT(symbols(low.calls), ElementsAre("NIFTY25N1825800CE", "NIFTY25N1825850CE"));
  const StrikeWindow high = all.select({.underlying = "NIFTY", .strikes_each_side = 1}, 1e6);
  EXPECT_THAT(symbols(high.puts), ElementsAre("NIFTY25N1826200PE", "NIFTY25N1826500PE"));
  EXPECT_EQ(high.step, 300);
  const std::size_t all_of_them = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(
      all.select({.underlying = "NIFTY", .strikes_each_side = all_of_them}, 26000).calls.size(),
      8U);
}

TEST(StrikeSelection, CountsExpiriesByRankAndLeavesOutWhatIsNotListed) {
  const Universe all = universe();
  const StrikeWindow monthly =
      all.select({.underlying = "NIFTY", .expiry_rank = 1, .strikes_each_side = 0}, 26010);
  EXPECT_EQ(monthly.expiry, "2025-11-25");
  EXPECT_EQ(monthly.at_the_money, 26000);
  EXPECT_THAT(monthly.calls, IsEmpty()) << "only the put is listed there";
  EXPECT_THAT(symbols(monthly.puts), ElementsAre("NIFTY25NOV26000PE"));
  const StrikeWindow far = all.select({.underlying = "NIFTY", .expiry_rank = 3}, 26000);
  EXPECT_EQ(far.step, 0) << "a single strike";
  EXPECT_THAT(far.futures, IsEmpty()) << "none lives that long";
  const StrikeWindow next =
      universe({}, make_date(2025, 11, 19)).select({.underlying = "NIFTY"}, 26000);
  EXPECT_EQ(next.expiry, "2025-11-25") << "ranks count what is still listed";
}

TEST(StrikeSelection, FindsTheOtherDerivativesExchange) {
  const Universe all = universe();
  EXPECT_EQ(all.select({.underlying = "SENSEX"}, 85010).exchange, "BFO");
  EXPECT_THAT(all.select({.underlying = "SENSEX", .exchange = "NFO"}, 85010).problem,
              HasSubstr("no options on 'SENSEX' are listed on NFO"));
}

TEST(StrikeSelection, SaysWhyThereIsNothing) {
  const Universe all = universe();
  EXPECT_EQ(all.select({.underlying = "DLF"}, 700).problem, "no options on 'DLF' are listed");
  EXPECT_EQ(all.select({.underlying = "INFY", .expiry_rank = 1}, 1500).problem,
            "'INFY' has 1 listed option expiries; there is no rank 1");
  for (const double wrong : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(all.select({.underlying = "INFY"}, wrong).problem,
              "the spot price of INFY is not known");
  }
}

TEST(Universe, KnowsWhosePriceIsTheSpot) {
  const Universe all = universe();
  EXPECT_EQ(all.spot_of("NIFTY")->symbol, "NIFTY 50");
  EXPECT_EQ(all.spot_of("SENSEX")->exchange, "BSE");
  EXPECT_EQ(all.spot_of("INFY")->exchange, "NSE");
  EXPECT_EQ(all.spot_of("GOLD"), nullptr);
}

TEST(Universe, FillsATableWithoutTakingAnythingOut) {
  market::InstrumentTable table;
  table.add(market::infer_instrument("OLD", make_date(2025, 11, 18)));
  const InstrumentInfo* guessed =
      &table.add(market::infer_instrument("INFY", make_date(2025, 11, 18)));
  universe({.exchanges = {"NSE"}}).copy_into(table);
  EXPECT_EQ(table.size(), 5U);
  EXPECT_EQ(table.find("NSE", "INFY"), guessed) << "engines hold the address";
  EXPECT_EQ(guessed->token, 408065);
  EXPECT_NE(table.find("NSE", "OLD"), nullptr);
}

TEST(Universe, CanBeMadeFromATable) {
  market::InstrumentTable table;
  for (const char* symbol : {"INFY", "NIFTY25NOVFUT", "NIFTY"}) {
    table.add(market::infer_instrument(symbol, make_date(2025, 11, 18)));
  }
  const Universe all(table, make_date(2025, 11, 18), {});
  EXPECT_THAT(symbols(all), ElementsAre("NIFTY25NOVFUT", "INFY", "NIFTY"));
  EXPECT_EQ(all.spot_of("NIFTY")->symbol, "NIFTY");
}

TEST(Universe, ReadsTheVendorsDumpAsOfItsDay) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  auto dump =
      std::make_shared<InstrumentDump>(read_dump(*data / "kite_rest" / "instruments_all.csv"));
  const Universe then(dump, make_date(2017, 11, 20), {});
  EXPECT_EQ(then.all().size(), 99U);
  EXPECT_THAT(then.expiries("NFO", "BANKNIFTY", true),
              ElementsAre("2017-11-30", "2017-12-28", "2018-01-25"));
  const StrikeWindow window = then.select({.underlying = "INDIACEM", .strikes_each_side = 1}, 180);
  EXPECT_EQ(window.problem, "");
  EXPECT_EQ(window.expiry, "2017-12-28");
  const Universe now(dump, make_date(2025, 11, 18), {});
  EXPECT_EQ(now.all().size(), 74U) << "its 25 options have expired long ago";
}

}  // namespace
}  // namespace tapedeck::universe
