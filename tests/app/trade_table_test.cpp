#include "app/trade_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapedeck::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kFilled =
    R"({"correlation_id":"C1","round_trip_id":"R1","outcome":"filled","complete":true,)"
    R"("decision":"BUY","side":"BUY","symbol":"NIFTY","signal_symbol":"NIFTY","strategy":"momentum",)"
    R"("mode":"paper","reason":"cross","order_ids":["O-1","O-2"],"qty":75,"filled_qty":75,)"
    R"("avg_price":19755.05,"decision_price":19755.0,"slippage":0.05,"slippage_bps":0.0253,)"
    R"("slippage_total":3.75,"realized_pnl":120.5,"charges":20.25,"net_pnl":100.25,"veto":null,)"
    R"("reject":null,"end_reason":null,"hops":{"decision_to_sent_us":120,"sent_to_ack_us":900,)"
    R"("ack_to_first_fill_us":1500000,"first_to_last_fill_us":0,"decision_to_fill_us":1501020},)"
    R"("decided_at":"2025-11-18T03:45:00.000000Z"})";
const std::string kVetoed =
    R"({"correlation_id":"C2","outcome":"vetoed","complete":true,"decision":"VETO","side":null,)"
    R"("symbol":null,"signal_symbol":"INFY","strategy":"momentum","order_ids":[],"qty":null,)"
    R"("veto":{"by":"limits","code":"max_positions","reason":"4 are open","wanted":"SELL"},)"
    R"("hops":{"decision_to_fill_us":null},"decided_at":"2025-11-18T03:46:00.000000Z"})";
const std::string kRejected =
    R"({"correlation_id":"C3","outcome":"rejected","complete":true,"side":"BUY","symbol":"TCS",)"
    R"("qty":10,"filled_qty":4,"reject":{"code":"margin","reason":"too little","order_id":"O-3"},)"
    R"("hops":{"decision_to_fill_us":-5},"decided_at":"2025-11-18T03:47:00.000000Z"})";

std::string text(const Result<std::string>& result) {
  return result ? *result : result.error().code;
}
std::string list(const std::string& trades) {
  return text(trades_table(R"({"ok":true,"trades":[)" + trades + "]}", 0, false));
}
std::string chain(const std::string& trade, const std::string& events) {
  return text(trade_chain(R"({"trade":)" + trade + R"(,"events":[)" + events + "]}", 0, false));
}

TEST(TradeTable, TheNewestIsLastAndWhatDidNotTradeSaysWhy) {
  EXPECT_EQ(
      list(kRejected + "," + kVetoed + "," + kFilled),
      "decided (IST)        id  strategy  symbol  side  outcome    qty     price  slippage  net P&L"
      "  to fill  why\n"
      "2025-11-18 09:15:00  C1  momentum  NIFTY   BUY   filled      75  19755.05     +0.05  +100.25"
      "   1.50 s\n"
      "2025-11-18 09:16:00  C2  momentum  INFY    SELL  vetoed       -         -         -        -"
      "        -  limits: max_positions, 4 are open\n"
      "2025-11-18 09:17:00  C3            TCS     BUY   rejected  4/10         -         -        -"
      "    -5 us  margin, too little\n");
}

TEST(TradeTable, NoTradesAreNoTable) {
  EXPECT_EQ(list(""), "");
}

TEST(TradeChain, EachEventSaysHowLongAfterTheDecisionItCame) {
  const std::string out = chain(
      kFilled,
      R"({"type":"decision_trace","timestamp":"2025-11-18T03:45:00.000000Z","payload":{"decision":"BUY"}},)"
      R"({"type":"order_event","timestamp":"2025-11-18T03:45:00.000120Z","payload":{"status":"submitted"}},)"
      R"({"type":"order_event","timestamp":"2025-11-18T03:44:59.998000Z","payload":{"status":"filled"}})");
  EXPECT_THAT(out, HasSubstr("      +0 us  09:15:00.000 decision_trace     BUY\n"));
  EXPECT_THAT(out, HasSubstr("    +120 us  09:15:00.000 order_event        submitted\n"));
  EXPECT_THAT(out, HasSubstr("    -2.0 ms  09:14:59.998 order_event        filled\n"))
      << "clocks that differ are not hidden";
}

TEST(TradeChain, TheFiguresFollow) {
  const std::string out = chain(kFilled, "");
  EXPECT_THAT(out, HasSubstr("2025-11-18 09:15:00 IST  C1  BUY  NIFTY  momentum  paper\n"));
  EXPECT_THAT(out, HasSubstr("outcome     filled\n"));
  EXPECT_THAT(out, HasSubstr("filled      75 at 19755.05\n"));
  EXPECT_THAT(out, HasSubstr("slippage    +0.05 a unit, +0.0253 bps, +3.75 in all\n"));
  EXPECT_THAT(out, HasSubstr("profit      realized +120.50, charges 20.25, net +100.25\n"));
  EXPECT_THAT(out,
              HasSubstr("latency     decision to sent 120 us, to acknowledged 900 us, to first "
                        "fill 1.50 s, to last fill 0 us; in all 1.50 s\n"));
  EXPECT_THAT(out, HasSubstr("orders      O-1, O-2\n"));
}

TEST(TradeChain, AVetoIsToldInWords) {
  const std::string out = chain(kVetoed, "");
  EXPECT_THAT(out, HasSubstr("vetoed by limits: max_positions, 4 are open (wanted SELL)\n"));
  EXPECT_THAT(out, Not(HasSubstr("slippage")));
  EXPECT_THAT(out, Not(HasSubstr("profit")));
}

TEST(TradeChain, AnUnfinishedTradeSaysSo) {
  const std::string out = chain(R"({"outcome":"working","complete":false})", "");
  EXPECT_THAT(out, HasSubstr("outcome     working (not over yet)\n"));
}

TEST(TradeChain, DoesNotLetATradeControlTheTerminal) {
  const std::string out = chain(
      R"({"outcome":"filled","complete":true,"reason":"a\u001b[2Jb","strategy":"\u009bx"})", "");
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_EQ(out.find("\xC2\x9B"), std::string::npos);
}

TEST(TradeChain, WhatIsNoSuchAnswerIsAnError) {
  EXPECT_EQ(text(trades_table("nonsense", 0, false)), "no_answer");
  EXPECT_EQ(text(trades_table("{}", 0, false)), "no_answer");
  EXPECT_EQ(text(trade_chain(R"({"trade":{}})", 0, false)), "no_answer");
}

}  // namespace
}  // namespace tapedeck::app
