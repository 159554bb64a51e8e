#include "tapedeck/execution/paper_broker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/engine_support.hpp"

namespace tapedeck::execution {
namespace {

using namespace std::chrono_literals;
using strategy::Side;
using test::at_ist;
using testing::ElementsAre;
using testing::IsEmpty;

class PaperBrokerTest : public testing::Test, public BrokerListener {
 protected:
  void on_broker_update(const BrokerUpdate& update) override {
    std::string line(update.not_found ? "not found" : to_string(update.status));
    if (!update.reject_code.empty()) line += " " + std::string(update.reject_code);
    if (update.fill_qty > 0) {
      line += " " + std::to_string(update.fill_qty) + "@" +
              std::to_string(static_cast<int>(update.fill_price * 100 + 0.5));
    }
    seen_.push_back(line);
    last_at_ = update.at;
  }

  PaperBroker& broker() {
    if (!broker_) {
      broker_ = std::make_unique<PaperBroker>(calendar_, options_);
      broker_->set_listener(this);
    }
    return *broker_;
  }
  OrderRequest request(std::int64_t qty, const char* symbol = "INFY") {
    OrderRequest request;
    request.order_id = broker().new_order_id(at_ist(10, 0));
    request.instrument = market::infer_instrument(symbol, market::make_date(2025, 11, 18));
    request.qty = qty;
    return request;
  }
  OrderRequest limit(Side side, std::int64_t qty, double at, const char* symbol = "INFY") {
    OrderRequest order = request(qty, symbol);
    order.side = side;
    order.type = OrderType::limit;
    order.limit_price = at;
    return order;
  }
  void price(Timestamp at, double value, const char* symbol = "INFY") {
    broker().advance_to(at);
    broker().on_price({.at = at, .symbol = symbol, .price = value});
  }

  market::TradingCalendar calendar_;
  PaperBrokerOptions options_;
  std::unique_ptr<PaperBroker> broker_;
  std::vector<std::string> seen_;
  Timestamp last_at_{};
};

TEST_F(PaperBrokerTest, NumbersOrdersWithinTheDay) {
  EXPECT_EQ(broker().new_order_id(at_ist(10, 0)), "PAPER-20251118-0001");
  EXPECT_EQ(broker().new_order_id(at_ist(11, 0)), "PAPER-20251118-0002");
  EXPECT_EQ(broker().new_order_id(at_ist(11, 0) + 24h), "PAPER-20251119-0001");
}

TEST_F(PaperBrokerTest, FillsAMarketOrderAtTheNextPriceWorsenedBySlippage) {
  broker().submit(request(10), at_ist(10, 0));
  price(at_ist(10, 0, 0, 10), 1500);
  EXPECT_THAT(seen_, IsEmpty()) << "not acknowledged yet";
  price(at_ist(10, 0, 1), 1501);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "filled 10@150105"));
  EXPECT_EQ(last_at_, at_ist(10, 0, 1));
}

TEST_F(PaperBrokerTest, SellsBelowThePrice) {
  OrderRequest sell = request(10);
  sell.side = Side::sell;
  broker().submit(sell, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1501);
  EXPECT_EQ(seen_.back(), "filled 10@150095");
}

TEST_F(PaperBrokerTest, IgnoresThePricesOfOtherSymbols) {
  broker().submit(request(10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 3100, "TCS");
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open"));
}

TEST_F(PaperBrokerTest, FillsALargeOrderInParts) {
  options_.fill_limit = 40;
  broker().submit(request(100), at_ist(10, 0));
  for (int second = 1; second < 5; ++second) price(at_ist(10, 0, second), 1500);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "partially_filled 40@150005",
                                 "partially_filled 40@150005", "filled 20@150005"));
}

TEST_F(PaperBrokerTest, ALimitOrderThatRestsFillsAtItsLimitWhenThePriceReachesIt) {
  broker().submit(limit(Side::buy, 10, 1499), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  price(at_ist(10, 0, 2), 1498.5);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "filled 10@149900"));
}

TEST_F(PaperBrokerTest, ALimitOrderThatTheMarketHasPassedFillsAtTheBetterPrice) {
  broker().submit(limit(Side::buy, 10, 1505), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  EXPECT_EQ(seen_.back(), "filled 10@150005");
  broker().submit(limit(Side::buy, 10, 1500), at_ist(10, 1));
  price(at_ist(10, 1, 1), 1500);
  EXPECT_EQ(seen_.back(), "filled 10@150000") << "slippage never goes beyond the limit";
}

TEST_F(PaperBrokerTest, BuysAtTheAskAndSellsAtTheBidOfTheFeed) {
  options_.slippage_ticks = 0;
  options_.spread_ticks = 100;
  for (const Side side : {Side::buy, Side::sell}) {
    OrderRequest order = request(10);
    order.side = side;
    broker().submit(order, at_ist(10, 0));
    broker().advance_to(at_ist(10, 0, 1));
    broker().on_price(
        {.at = at_ist(10, 0, 1), .symbol = "INFY", .price = 1500, .bid = 1499.5, .ask = 1500.25});
    EXPECT_EQ(seen_.back(), side == Side::buy ? "filled 10@150025" : "filled 10@149950");
  }
}

TEST_F(PaperBrokerTest, AssumesASpreadWhereTheFeedHasNone) {
  options_.slippage_ticks = 0;
  options_.spread_ticks = 4;
  broker().submit(request(10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  EXPECT_EQ(seen_.back(), "filled 10@150010");
  broker().submit(limit(Side::buy, 10, 1500), at_ist(10, 1));
  price(at_ist(10, 1, 1), 1500);
  EXPECT_EQ(seen_.back(), "open") << "the ask is two ticks away";
  price(at_ist(10, 1, 2), 1499.9);
  EXPECT_EQ(seen_.back(), "filled 10@150000");
}

TEST_F(PaperBrokerTest, FillsAShareOfTheQuantityTradedOfAllOrdersTogetherInWholeLots) {
  options_.volume_share = 0.1;
  broker().submit(request(30), at_ist(10, 0));
  broker().submit(request(30), at_ist(10, 0));
  broker().advance_to(at_ist(10, 0, 1));
  seen_.clear();
  broker().on_price({.at = at_ist(10, 0, 1), .symbol = "INFY", .price = 1500, .quantity = 400});
  EXPECT_THAT(seen_, ElementsAre("filled 30@150005", "partially_filled 10@150005"));
  broker().on_price({.at = at_ist(10, 0, 2), .symbol = "INFY", .price = 1500, .quantity = 9});
  EXPECT_THAT(seen_, testing::SizeIs(2)) << "a tenth of 9 is none";
}

TEST_F(PaperBrokerTest, FillsAtLeastALotAtAPrice) {
  options_.fill_limit = 40;
  OrderRequest future = request(150, "NIFTY25NOVFUT");
  future.instrument.lot_size = 75;
  broker().submit(future, at_ist(10, 0));
  price(at_ist(10, 0, 1), 26'000, "NIFTY25NOVFUT");
  EXPECT_EQ(seen_.back(), "partially_filled 75@2600005");
}

TEST_F(PaperBrokerTest, CancelsWhatAnIocOrderDoesNotGetAtOnce) {
  options_.fill_limit = 4;
  OrderRequest ioc = request(10);
  ioc.validity = Validity::ioc;
  broker().submit(ioc, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "partially_filled 4@150005", "cancelled"));
  OrderRequest far = limit(Side::buy, 10, 1400);
  far.validity = Validity::ioc;
  broker().submit(far, at_ist(10, 1));
  price(at_ist(10, 1, 1), 1500);
  EXPECT_EQ(seen_.back(), "cancelled");
}

TEST_F(PaperBrokerTest, AStopWaitsForItsTriggerAndKeepsItsLimit) {
  OrderRequest stop = limit(Side::sell, 10, 1490);
  stop.type = OrderType::sl;
  stop.trigger_price = 1495;
  broker().submit(stop, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1495.05);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "trigger_pending"));
  price(at_ist(10, 0, 2), 1489);
  EXPECT_EQ(seen_.back(), "open") << "triggered, but below its limit";
  price(at_ist(10, 0, 3), 1496);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "trigger_pending", "open", "filled 10@149000"));
}

TEST_F(PaperBrokerTest, AStopAtTheMarketFillsAtTheTriggeringPrice) {
  OrderRequest stop = request(10);
  stop.type = OrderType::sl_m;
  stop.trigger_price = 1505;
  broker().submit(stop, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1504.95);
  price(at_ist(10, 0, 2), 1505);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "trigger_pending", "open", "filled 10@150505"));
}

TEST_F(PaperBrokerTest, MarketProtectionBoundsThePriceAndTheRestWaitsThere) {
  OrderRequest protected_order = request(10);
  protected_order.market_protection_pct = 1;
  protected_order.last_price = 1500;
  broker().submit(protected_order, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1515.05);
  EXPECT_EQ(seen_.back(), "open") << "1515 is the worst it takes";
  price(at_ist(10, 0, 2), 1515);
  EXPECT_EQ(seen_.back(), "filled 10@151500");
}

TEST_F(PaperBrokerTest, AModificationIsTakenOverAfterTheLatency) {
  OrderRequest order = limit(Side::buy, 10, 1490);
  broker().submit(order, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  order.limit_price = 1500;
  broker().modify(order, at_ist(10, 0, 1));
  broker().on_price({.at = at_ist(10, 0, 1, 10), .symbol = "INFY", .price = 1500});
  EXPECT_EQ(seen_.back(), "open");
  price(at_ist(10, 0, 2), 1500);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "open", "filled 10@150000"));
}

TEST_F(PaperBrokerTest, CancelsAnOrderAtWork) {
  const OrderRequest order = request(10);
  broker().submit(order, at_ist(10, 0));
  broker().advance_to(at_ist(10, 0, 1));
  EXPECT_TRUE(broker().cancel(order.order_id, at_ist(10, 0, 2)));
  EXPECT_FALSE(broker().cancel(order.order_id, at_ist(10, 0, 2)));
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "cancelled"));
}

TEST_F(PaperBrokerTest, TellsTheStateOfAnOrderAndWhetherItHasIt) {
  const OrderRequest order = limit(Side::buy, 10, 1400);
  broker().submit(order, at_ist(10, 0));
  broker().advance_to(at_ist(10, 0, 1));
  broker().request_status(order.order_id, at_ist(10, 0, 2));
  EXPECT_EQ(seen_.back(), "open");
  broker().request_status("X", at_ist(10, 0, 2));
  EXPECT_EQ(seen_.back(), "not found");
}

TEST_F(PaperBrokerTest, LetsAnOrderExpireWithItsSession) {
  broker().submit(request(10), at_ist(15, 29));
  broker().advance_to(at_ist(15, 31));
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "expired"));
}

TEST_F(PaperBrokerTest, ExpiresEveryOrderAtTheCloseOfItsOwnSession) {
  const auto date = market::make_date(2026, 9, 1);
  const auto at = [&](int hour, int minute) {
    return market::ist_moment(date, std::chrono::hours{hour} + std::chrono::minutes{minute});
  };
  OrderRequest share = limit(Side::buy, 10, 1400);
  OrderRequest future = limit(Side::buy, 75, 25'000, "NIFTY25NOVFUT");
  future.instrument.lot_size = 75;
  broker().submit(share, at(15, 0));
  broker().submit(future, at(15, 0));
  broker().advance_to(at(15, 31));
  EXPECT_EQ(seen_.back(), "expired");
  EXPECT_EQ(last_at_, at(15, 30) + 1ns);
  broker().advance_to(at(15, 39));
  EXPECT_EQ(last_at_, at(15, 30) + 1ns) << "derivatives trade on";
  broker().advance_to(at(15, 41));
  EXPECT_EQ(last_at_, at(15, 40) + 1ns);
}

class ClosingAuctionTest : public PaperBrokerTest {
 protected:
  Timestamp at(int hour, int minute) {
    return market::ist_moment(market::make_date(2026, 9, 1),
                              std::chrono::hours{hour} + std::chrono::minutes{minute});
  }
  OrderRequest share(OrderRequest order) {
    order.instrument.group = market::SessionGroup::equity_fno;
    return order;
  }
};

TEST_F(ClosingAuctionTest, LimitOrdersCarryInAndFillAtItsPriceStopsDoNot) {
  OrderRequest stop = limit(Side::buy, 10, 1520);
  stop.type = OrderType::sl;
  stop.trigger_price = 1510;
  broker().submit(share(limit(Side::buy, 10, 1501)), at(15, 10));
  broker().submit(share(stop), at(15, 10));
  price(at(15, 11), 1505);
  price(at(15, 16), 1400);
  EXPECT_THAT(seen_,
              ElementsAre("acknowledged", "open", "acknowledged", "trigger_pending", "expired"))
      << "nothing trades before the matching";
  price(at(15, 31), 1500.5);
  EXPECT_EQ(seen_.back(), "filled 10@150050");
}

TEST_F(ClosingAuctionTest, TakesOrdersInItsOwnWindows) {
  const auto outcome = [&](OrderRequest order, Timestamp when) {
    seen_.clear();
    broker().submit(share(std::move(order)), when);
    return seen_.empty() ? "taken" : seen_.back();
  };
  EXPECT_EQ(outcome(limit(Side::buy, 1, 1500), at(15, 19)), "rejected market_closed");
  EXPECT_EQ(outcome(limit(Side::buy, 1, 1500), at(15, 20)), "taken");
  EXPECT_EQ(outcome(request(1), at(15, 24)), "taken");
  EXPECT_EQ(outcome(request(1), at(15, 25)), "rejected market_closed");
  EXPECT_EQ(outcome(limit(Side::buy, 1, 1500), at(15, 27)), "taken");
  EXPECT_EQ(outcome(limit(Side::buy, 1, 1500), at(15, 28)), "rejected market_closed");
  OrderRequest stop = limit(Side::buy, 1, 1500);
  stop.type = OrderType::sl;
  stop.trigger_price = 1500;
  EXPECT_EQ(outcome(stop, at(15, 21)), "rejected market_closed");
}

TEST_F(ClosingAuctionTest, WhatItDoesNotFillExpiresAtItsEnd) {
  broker().submit(share(limit(Side::buy, 10, 1490)), at(15, 10));
  price(at(15, 31), 1500);
  broker().advance_to(at(15, 36));
  EXPECT_EQ(seen_.back(), "expired");
  EXPECT_EQ(last_at_, at(15, 35) + 1ns);
}

TEST_F(PaperBrokerTest, RejectsWithACodeWhatCannotBeOrdered) {
  const auto code = [&](const OrderRequest& order, Timestamp at = at_ist(10, 0)) {
    seen_.clear();
    broker().submit(order, at);
    return seen_.empty() ? "" : seen_.back().substr(std::string("rejected ").size());
  };
  EXPECT_EQ(code(request(0)), "bad_quantity");
  EXPECT_EQ(code(request(70, "NIFTY25NOVFUT")), "off_lot");
  OrderRequest index = request(75, "NIFTY");
  index.instrument.stand_in = false;
  EXPECT_EQ(code(index), "not_tradable");
  EXPECT_EQ(code(limit(Side::buy, 10, 1500.03)), "off_tick");
  EXPECT_EQ(code(limit(Side::buy, 10, 0)), "bad_price");
  OrderRequest large = request(101);
  large.instrument.freeze_qty = 100;
  EXPECT_EQ(code(large), "over_freeze");
  large.qty = 100;
  EXPECT_EQ(code(large), "") << "the freeze quantity itself is allowed";
  OrderRequest outside = limit(Side::buy, 10, 1650.05);
  outside.instrument.upper_circuit = 1650;
  EXPECT_EQ(code(outside), "outside_band");
  EXPECT_EQ(code(request(10), at_ist(16, 30)), "market_closed");
  EXPECT_EQ(code(request(10), at_ist(9, 5)), "market_closed") << "the pre-open is not simulated";
}

TEST_F(PaperBrokerTest, RejectsWhatOptionsDoNotTake) {
  const auto code = [&](const OrderRequest& order) {
    seen_.clear();
    broker().submit(order, at_ist(10, 0));
    return seen_.empty() ? "" : seen_.back();
  };
  OrderRequest stop = request(75, "NIFTY25NOV26000CE");
  stop.type = OrderType::sl_m;
  stop.trigger_price = 100;
  EXPECT_EQ(code(stop), "rejected slm_on_options");
  OrderRequest on_share = request(1, "INFY25NOV1500CE");
  on_share.instrument.underlying = "INFY";
  EXPECT_EQ(code(on_share), "rejected market_on_stock_options");
  EXPECT_EQ(code(request(75, "NIFTY25NOV26000CE")), "");
}

TEST_F(PaperBrokerTest, WantsMarketProtectionSinceApril2026) {
  const auto code = [&](double percent, market::IstDate date, OrderType type = OrderType::market) {
    OrderRequest order = request(10);
    order.market_protection_pct = percent;
    order.type = type;
    order.trigger_price = order.limit_price = 1500;
    seen_.clear();
    broker().submit(order, market::ist_moment(date, std::chrono::hours{10}));
    return seen_.empty() ? "" : seen_.back();
  };
  const auto before = market::make_date(2026, 3, 30), after = market::make_date(2026, 4, 1);
  EXPECT_EQ(code(0, before), "");
  EXPECT_EQ(code(0, after), "rejected market_protection_missing");
  EXPECT_EQ(code(0, after, OrderType::sl_m), "rejected market_protection_missing");
  EXPECT_EQ(code(0, after, OrderType::limit), "");
  EXPECT_EQ(code(-1, after), "");
  EXPECT_EQ(code(100, after), "");
  EXPECT_EQ(code(100.5, after), "rejected market_protection_missing");
  EXPECT_EQ(code(-2, before), "rejected market_protection_missing");
}

TEST_F(PaperBrokerTest, RejectsByChanceAsItsSeedSays) {
  options_.reject_probability = 0.5;
  int rejected = 0;
  for (int i = 0; i < 200; ++i) {
    seen_.clear();
    broker().submit(request(1), at_ist(10, 0));
    rejected += seen_.empty() ? 0 : 1;
    EXPECT_TRUE(seen_.empty() || seen_.back() == "rejected simulated") << seen_.back();
  }
  EXPECT_GT(rejected, 60);
  EXPECT_LT(rejected, 140);
}

TEST_F(PaperBrokerTest, GoesOnBehindTheLastIdOfAnEarlierRun) {
  broker().resume_order_ids("PAPER-20251118-0041");
  EXPECT_EQ(broker().new_order_id(at_ist(10, 0)), "PAPER-20251118-0042");
  broker().resume_order_ids("PAPER-20251199-0041");
  broker().resume_order_ids("something else");
  EXPECT_EQ(broker().new_order_id(at_ist(10, 0)), "PAPER-20251118-0043");
}

}  // namespace
}  // namespace tapedeck::execution
