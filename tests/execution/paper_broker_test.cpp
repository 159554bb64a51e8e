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
    std::string line(to_string(update.status));
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
  void price(Timestamp at, double value, const char* symbol = "INFY") {
    broker().advance_to(at);
    broker().on_price({at, symbol, value});
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

TEST_F(PaperBrokerTest, FillsALimitOrderAtItsLimitWhenThePriceReachesIt) {
  OrderRequest limit = request(10);
  limit.type = OrderType::limit;
  limit.limit_price = 1499;
  broker().submit(limit, at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  price(at_ist(10, 0, 2), 1498.5);
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "filled 10@149900"));
}

TEST_F(PaperBrokerTest, CancelsAnOrderAtWork) {
  const OrderRequest order = request(10);
  broker().submit(order, at_ist(10, 0));
  broker().advance_to(at_ist(10, 0, 1));
  EXPECT_TRUE(broker().cancel(order.order_id, at_ist(10, 0, 2)));
  EXPECT_FALSE(broker().cancel(order.order_id, at_ist(10, 0, 2)));
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "cancel_pending", "cancelled"));
}

TEST_F(PaperBrokerTest, LetsAnOrderExpireWithItsSession) {
  broker().submit(request(10), at_ist(15, 29));
  broker().advance_to(at_ist(15, 31));
  EXPECT_THAT(seen_, ElementsAre("acknowledged", "open", "expired"));
}

TEST_F(PaperBrokerTest, RejectsWithACodeWhatCannotBeOrdered) {
  broker().submit(request(0), at_ist(10, 0));
  broker().submit(request(70, "NIFTY25NOVFUT"), at_ist(10, 0));
  OrderRequest index = request(75, "NIFTY");
  index.instrument.stand_in = false;
  broker().submit(index, at_ist(10, 0));
  OrderRequest off_tick = request(10);
  off_tick.type = OrderType::limit;
  off_tick.limit_price = 1500.03;
  broker().submit(off_tick, at_ist(10, 0));
  broker().submit(request(10), at_ist(16, 30));
  EXPECT_THAT(seen_,
              ElementsAre("rejected bad_quantity", "rejected lot_size", "rejected not_tradable",
                          "rejected tick_size", "rejected market_closed"));
}

}  // namespace
}  // namespace tapedeck::execution
