// Profit and loss checked against a calculation of its own: over the fills as they were published,
// in whole paise, knowing nothing of positions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"

namespace tapedeck::desk {
namespace {

using nlohmann::json;
using test::TestBus;

/// Every event of the longest run here.
constexpr std::size_t kWholeRun = std::size_t{2} << 30;

std::int64_t paise(double rupees) {
  return std::llround(rupees * 100);
}

struct Books {
  std::int64_t cash_paise = 0;  ///< sold less bought
  std::int64_t size = 0;
};

/// What the fills say of each position, and what the charges of the orders add up to.
struct Recount {
  std::map<std::string, Books> books;  // by symbol, strategy and product
  std::int64_t charges_paise = 0;
  std::set<std::string> fill_ids;
  std::size_t fills = 0;
};

Recount recount(TestBus& bus) {
  Recount recount;
  std::map<std::string, std::int64_t> charges_of_order;
  for (const std::string& text : bus.payloads("order_event")) {
    const json order = json::parse(text);
    if (!order.contains("fill_id")) continue;
    ++recount.fills;
    recount.fill_ids.insert(order["fill_id"]);
    Books& books =
        recount
            .books[order["symbol"].get<std::string>() + "/" + order["strategy"].get<std::string>() +
                   "/" + order["product"].get<std::string>()];
    const std::int64_t qty = order["fill_qty"];
    const bool buys = order["side"] == "BUY";
    if (order["filled_qty"] == qty) {  // one fill: its price is the average, digit for digit
      EXPECT_EQ(order["avg_price"], order["fill_price"]) << text;
    }
    books.size += buys ? qty : -qty;
    books.cash_paise += (buys ? -qty : qty) * paise(order["fill_price"]);
    std::int64_t charges = 0;
    for (const auto& [item, rupees] : order["charges"].items()) {
      if (item != "total") charges += paise(rupees);
    }
    charges_of_order[order["order_id"]] = charges;
  }
  for (const auto& [id, charges] : charges_of_order) recount.charges_paise += charges;
  return recount;
}

void expect_the_same_profit(TestBus& bus) {
  const Recount recounted = recount(bus);
  ASSERT_GT(recounted.fills, 10U);
  EXPECT_EQ(recounted.fill_ids.size(), recounted.fills) << "a fill id is used twice";
  std::map<std::string, json> last;
  for (const std::string& text : bus.payloads("position_event")) {
    json position = json::parse(text);
    if (position.value("scope", "strategy") != "strategy") continue;
    const std::string key = position["symbol"].get<std::string>() + "/" +
                            position["strategy"].get<std::string>() + "/" +
                            position["product"].get<std::string>();
    last[key] = std::move(position);
  }
  std::int64_t gross = 0;
  for (const auto& [key, books] : recounted.books) {
    ASSERT_TRUE(last.contains(key)) << key;
    EXPECT_EQ(books.size, 0) << key;
    EXPECT_EQ(last[key]["position_size"], 0) << key;
    EXPECT_EQ(paise(last[key]["realized_pnl"]), books.cash_paise) << key;
    gross += books.cash_paise;
  }
  json account;
  for (const std::string& text : bus.payloads("performance_update")) {
    json update = json::parse(text);
    if (update["scope"] == "account") account = std::move(update);
  }
  EXPECT_EQ(paise(account["metrics"]["realized_pnl"]), gross);
  EXPECT_EQ(paise(account["metrics"]["charges"]), recounted.charges_paise);
  EXPECT_EQ(paise(account["metrics"]["net_pnl"]), gross - recounted.charges_paise);
}

void run(TestBus& bus, const EngineRunOptions& options) {
  EngineRunner runner(bus.bus(), options);
  runner.start();
  runner.wait();
  ASSERT_EQ(runner.error(), "");
}

TEST(Profit, OfSimulatedSessionsIsThatOfTheFillsToThePaisa) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    TestBus bus(kWholeRun);
    EngineRunOptions options;
    options.feed = "sim?sessions=2";
    options.speed = 0;
    options.sim_date = "2025-11-17";
    options.seed = seed;
    options.strategy.strategies = {"momentum", "ema_crossover", "mean_reversion"};
    run(bus, options);
    expect_the_same_profit(bus);
  }
}

TEST(Profit, OfAMonthOfTheRealIndexIsThatOfTheFillsToThePaisa) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  TestBus bus(kWholeRun);
  EngineRunOptions options;
  options.feed =
      "replay:" + (*data / "nse_nifty_1s").string() + "?columns=timestamp,price&symbol=NIFTY";
  options.speed = 0;
  run(bus, options);
  expect_the_same_profit(bus);
}

}  // namespace
}  // namespace tapedeck::desk
