#include "query/trade_query.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "query/trade_fixture.hpp"
#include "query/trade_json.hpp"

namespace tapedeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Parameters = std::vector<QueryParameter>;

class TradeQueryTest : public TradeFixture {
 protected:
  TradeQueryTest() {
    decide("D1", "BUY", 0);
    publish(fill("D1", "filled", 10, 100.5, 10, 100.5), 1);
    decide("D2", "SELL", 10, 50, "TCS", "reversion");
    veto("D3", "BUY", 20);
    publish(order("D4", "open", "O-4", "SELL"), 30);
    decide("D5", "BUY", 30);
  }

  TradePage page(const Parameters& parameters) {
    const auto query = parse_trade_query(parameters);
    EXPECT_TRUE(query.ok());
    if (!query.ok()) return {};
    return select_trades(ScannedTrades(scan()), *query);
  }
  std::vector<std::string> ids(const Parameters& parameters) {
    std::vector<std::string> out;
    for (const TradeSummary& trade : page(parameters).trades) out.push_back(trade.correlation_id);
    return out;
  }
  static Error refused(const Parameters& parameters) {
    const auto query = parse_trade_query(parameters);
    EXPECT_FALSE(query.ok());
    return query.ok() ? Error{} : query.error();
  }
};

TEST_F(TradeQueryTest, TheNewestDecisionComesFirst) {
  EXPECT_THAT(ids({}), ElementsAre("D5", "D4", "D3", "D2", "D1"));
}

TEST_F(TradeQueryTest, EachFilterSelects) {
  EXPECT_THAT(ids({{"symbol", "TCS"}}), ElementsAre("D2"));
  EXPECT_THAT(ids({{"symbol", "TCS,INFY"}, {"strategy", "reversion"}}), ElementsAre("D2"));
  EXPECT_THAT(ids({{"exchange", "NSE"}}), ElementsAre("D5", "D4", "D2", "D1"));
  EXPECT_THAT(ids({{"correlation_id", "D1,D4"}}), ElementsAre("D4", "D1"));
  EXPECT_THAT(ids({{"order_id", "O-1"}}), ElementsAre("D1"));
  EXPECT_THAT(ids({{"engine_id", "paper-execution"}}), ElementsAre("D4", "D1"));
  EXPECT_THAT(ids({{"host", "a2"}}), ElementsAre("D4", "D1"));
  EXPECT_THAT(ids({{"outcome", "vetoed,filled"}}), ElementsAre("D3", "D1"));
  EXPECT_THAT(ids({{"outcome", "working"}}), ElementsAre("D4"));
  EXPECT_THAT(ids({{"side", "sell"}}), ElementsAre("D4", "D2"));
  EXPECT_THAT(ids({{"account", "acc"}, {"mode", "paper"}, {"run_id", "run"}}).size(), 5U);
  EXPECT_THAT(ids({{"mode", "live"}}), IsEmpty());
  EXPECT_THAT(ids({{"account", "other"}}), IsEmpty());
  EXPECT_THAT(ids({{"run_id", "other"}}), IsEmpty());
}

TEST_F(TradeQueryTest, SinceAndUntilBoundTheDecisionInclusively) {
  EXPECT_THAT(ids({{"since", format_rfc3339(at_us(10))}, {"until", format_rfc3339(at_us(20))}}),
              ElementsAre("D3", "D2"));
  EXPECT_THAT(ids({{"since", format_rfc3339(at_us(31))}}), IsEmpty());
}

TEST_F(TradeQueryTest, PagesFollowEachOtherWithoutAHoleOrARepeat) {
  std::vector<std::string> all;
  std::string next;
  std::size_t pages = 0;
  do {
    Parameters parameters{{"limit", "2"}};
    if (!next.empty()) parameters.push_back({"cursor", next});
    const TradePage one = page(parameters);
    for (const TradeSummary& trade : one.trades) all.push_back(trade.correlation_id);
    next = one.next;
    ASSERT_LT(++pages, 5U);
  } while (!next.empty());
  EXPECT_EQ(pages, 3U);
  EXPECT_THAT(all, ElementsAre("D5", "D4", "D3", "D2", "D1"));
}

TEST_F(TradeQueryTest, AFullLastPageHasNoNext) {
  EXPECT_EQ(page({{"limit", "5"}}).next, "");
  EXPECT_NE(page({{"limit", "4"}}).next, "");
}

TEST_F(TradeQueryTest, CursorsAreReadBackAsTheyWereWritten) {
  for (const TradeCursor& cursor : {TradeCursor{-5, "a~b"}, TradeCursor{INT64_MAX, "x"}}) {
    EXPECT_EQ(parse_trade_cursor(format_cursor(cursor)), cursor);
  }
  for (const char* bad : {"", "~", "1~", "~x", "x~y", "1 ~y", "9223372036854775808~y", "12"}) {
    EXPECT_FALSE(parse_trade_cursor(bad).has_value()) << bad;
    EXPECT_EQ(refused({{"cursor", bad}}).field, "cursor");
  }
}

TEST_F(TradeQueryTest, LimitsAreCheckedAtTheirEdges) {
  EXPECT_EQ(parse_trade_query({})->limit, 100U);
  EXPECT_EQ(parse_trade_query({{"limit", "1"}})->limit, 1U);
  EXPECT_EQ(parse_trade_query({{"limit", "1000"}})->limit, 1000U);
  EXPECT_EQ(parse_trade_query({{"limit", "1001"}})->limit, 1000U);
  EXPECT_EQ(refused({{"limit", "0"}}).field, "limit");
  EXPECT_EQ(refused({{"limit", "x"}}).code, "invalid_parameter");
}

TEST_F(TradeQueryTest, WhatATradeHasNoAnswerToIsRefusedWithTheReason) {
  EXPECT_THAT(refused({{"event_type", "order_event"}}).message, HasSubstr("several types"));
  EXPECT_THAT(refused({{"engine", "ExecutionEngine"}}).message, HasSubstr("engine_id"));
  EXPECT_THAT(refused({{"filter", "payload.qty > 1"}}).message, HasSubstr("expression"));
  EXPECT_THAT(refused({{"since", "abc-5"}}).message, HasSubstr("RFC 3339"));
  EXPECT_THAT(refused({{"until", "abc-5"}}).message, HasSubstr("RFC 3339"));
  EXPECT_THAT(refused({{"outcome", "filled,lost"}}).message, HasSubstr("partially_filled"));
  EXPECT_EQ(refused({{"side", "LONG"}}).field, "side");
  EXPECT_EQ(refused({{"outcom", "filled"}}).code, "unknown_parameter");
  EXPECT_EQ(refused({{"symbol", ""}}).field, "symbol");
}

TEST_F(TradeQueryTest, TheListIsJsonThatAParserReads) {
  const TradePage one = page({{"limit", "2"}});
  const std::string text = trades_json(one.trades, one.next);
  const auto answer = nlohmann::json::parse(text);
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["count"], 2);
  EXPECT_EQ(answer["next"], one.next);
  EXPECT_EQ(answer["trades"][0]["correlation_id"], "D5");
  EXPECT_EQ(trades_json({}, ""), "{\"ok\":true,\"trades\":[],\"count\":0}\n");
}

TEST_F(TradeQueryTest, ATradeInJsonHasEveryFieldAndNullForWhatIsNotKnown) {
  EXPECT_EQ(
      to_json(chain("D1")),
      R"({"correlation_id":"D1","round_trip_id":null,"outcome":"filled","complete":true,)"
      R"("decision":"BUY","side":"BUY","symbol":"INFY","exchange":"NSE","signal_symbol":"INFY",)"
      R"("signal_exchange":"NSE","strategy":"momentum","account":"acc","mode":"paper",)"
      R"("run_id":"run","engine_ids":["paper-strategy","paper-execution"],"hosts":["a1","a2"],)"
      R"("reason":"because","order_ids":["O-1"],"multi_leg":false,"qty":10,"filled_qty":10,)"
      R"("avg_price":100.5,"decision_price":100.0,"slippage":0.5,"slippage_bps":50.0,)"
      R"("slippage_total":5.0,"realized_pnl":null,"charges":null,"net_pnl":null,"veto":null,)"
      R"("reject":null,"end_reason":null,"hops":{"decision_to_sent_us":null,)"
      R"("sent_to_ack_us":null,"ack_to_first_fill_us":null,"first_to_last_fill_us":0,)"
      R"("decision_to_fill_us":1},"decided_at":"2025-11-18T05:00:00.000000Z","sent_at":null,)"
      R"("acked_at":null,"first_fill_at":"2025-11-18T05:00:00.000001Z",)"
      R"("last_fill_at":"2025-11-18T05:00:00.000001Z","first_id":"abc-1","last_id":"abc-2",)"
      R"("event_count":2,"truncated":false})");
  EXPECT_THAT(to_json(chain("D3")), HasSubstr(R"("veto":{"by":"limits","code":"max_positions",)"
                                              R"("reason":"too much already","wanted":"BUY"})"));
}

TEST_F(TradeQueryTest, ARejectInJsonNamesTheSliceRatherThanItsParent) {
  OrderEvent parent = order("R", "rejected", "P");
  parent.reason = "0 of 10 filled";
  publish(parent, 40);
  OrderEvent slice = order("R", "rejected", "P1");
  slice.parent_order_id = "P";
  slice.reject_code = "margin";
  slice.reason = "short of \"cash\"";
  publish(slice, 41);
  EXPECT_THAT(to_json(chain("R")),
              HasSubstr("\"reject\":{\"code\":\"margin\",\"reason\":\"short of \\u0022cash"
                        "\\u0022\",\"order_id\":\"P1\"}"));
}

TEST_F(TradeQueryTest, AChainIsFoundByEitherIdWithItsEventsInOrder) {
  bus_->publish(GenericEvent{"note", {{"correlation_id", "D1"}, {"text", "by hand"}}}, at_us(50));
  for (const char* id : {"D1", "O-1"}) {
    const auto found = scan_chain(scan(), id);
    ASSERT_TRUE(found.ok());
    ASSERT_EQ(found->events.size(), 3U);
    EXPECT_THAT(found->events[0], HasSubstr("\"decision_trace\""));
    EXPECT_THAT(found->events[2], HasSubstr("by hand"));
    const std::vector<std::string_view> events(found->events.begin(), found->events.end());
    const auto answer = nlohmann::json::parse(chain_json(found->trade, events));
    EXPECT_EQ(answer["trade"]["correlation_id"], "D1");
    EXPECT_EQ(answer["events"][1]["type"], "order_event");
  }
  EXPECT_EQ(scan_chain(scan(), "nobody").error().code, "not_found");
}

}  // namespace
}  // namespace tapedeck
