// Profit and loss against an independent calculation: only what was published as order_events is
// read, and counted in whole paise by another method than the engine's.
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <map>
#include <set>

#include "execution/execution_support.hpp"
#include "market/random_source.hpp"

namespace tapedeck::execution {
namespace {

struct PublishedFill {
  std::string key;  ///< symbol and strategy
  std::int64_t signed_qty = 0;
  std::int64_t paise = 0;
};

struct Case {
  PnlBasis basis;
  std::uint64_t seed;
};

class ProfitProperty : public EngineFixture, public testing::WithParamInterface<Case> {
 protected:
  ProfitProperty() {
    for (const char* symbol : {"TCS", "SBIN"}) {
      instruments_.add(market::infer_instrument(symbol, market::make_date(2025, 11, 18)));
    }
    options_.pnl_basis = GetParam().basis;
    options_.capital = 1e12;
    options_.limits.rates.clear();
    paper_.fill_limit = 13;
    paper_.seed = GetParam().seed;
    paper_.reject_probability = 0.05;
  }

  void play() {
    market::RandomSource random(GetParam().seed);
    const char* symbols[] = {"INFY", "TCS", "SBIN"};
    double prices[] = {1500, 3100, 800};
    Timestamp at = start_at_;
    for (int i = 0; i < 1500; ++i, at += 200ms) {
      const std::size_t which = random.next() % 3;
      prices[which] += (static_cast<double>(random.next() % 41) - 20) * 0.05;
      price(at, std::round(prices[which] * 20) / 20, symbols[which]);
      if (random.next() % 3 != 0) continue;
      OrderIntent order = intent(random.next() % 2 == 0 ? Side::buy : Side::sell,
                                 static_cast<std::int64_t>(1 + random.next() % 40), symbols[which]);
      order.strategy = random.next() % 2 == 0 ? "a" : "b";
      order.reference_price = prices[which];
      engine().submit(order, at);
    }
  }

  std::vector<PublishedFill> published() {
    std::vector<PublishedFill> fills;
    std::set<std::string> ids;
    for (const std::string& event : orders()) {
      const std::string id = field_of(event, "fill_id");
      if (id.empty()) continue;
      EXPECT_TRUE(ids.insert(id).second) << id << " is published twice";
      const std::int64_t qty = std::stoll(field_of(event, "fill_qty"));
      const double paise = std::stod(field_of(event, "fill_price")) * 100;
      fills.push_back({field_of(event, "symbol") + field_of(event, "strategy"),
                       field_of(event, "side") == "BUY" ? qty : -qty, std::llround(paise)});
    }
    return fills;
  }

  /// First in, first out: a queue of single units, oldest first.
  static std::int64_t fifo_paise(const std::vector<PublishedFill>& fills, const std::string& key) {
    std::deque<std::int64_t> units;  // the price of each unit held
    bool is_long = true;
    std::int64_t made = 0;
    for (const PublishedFill& fill : fills) {
      if (fill.key != key) continue;
      for (std::int64_t left = std::abs(fill.signed_qty); left > 0; --left) {
        if (units.empty() || is_long == (fill.signed_qty > 0)) {
          is_long = fill.signed_qty > 0;
          units.push_back(fill.paise);
          continue;
        }
        made += is_long ? fill.paise - units.front() : units.front() - fill.paise;
        units.pop_front();
      }
    }
    return made;
  }

  /// Average price: the fraction that a whole number of paise leaves is kept as such.
  static std::int64_t average_paise(const std::vector<PublishedFill>& fills,
                                    const std::string& key) {
    long double made = 0, average = 0;
    std::int64_t size = 0;
    for (const PublishedFill& fill : fills) {
      if (fill.key != key) continue;
      const std::int64_t sign = fill.signed_qty > 0 ? 1 : -1;
      for (std::int64_t left = std::abs(fill.signed_qty); left > 0; --left) {
        if (size * sign >= 0) {
          average = (average * std::abs(size) + fill.paise) / (std::abs(size) + 1);
        } else {
          made += (fill.paise - average) * (size > 0 ? 1 : -1);
        }
        size += sign;
      }
    }
    return std::llround(made);
  }
};

TEST_P(ProfitProperty, EqualsTheIndependentCalculationToThePaisa) {
  play();
  const auto fills = published();
  ASSERT_GT(fills.size(), 500U);
  std::map<std::string, std::int64_t> sizes, told;
  for (const PublishedFill& fill : fills) sizes[fill.key] += fill.signed_qty;
  for (const std::string& event : bus_.payloads("position_event")) {
    told[field_of(event, "symbol") + field_of(event, "strategy")] =
        std::llround(std::stod(field_of(event, "realized_pnl")) * 100);
  }
  ASSERT_EQ(sizes.size(), 6U);
  for (const PositionView& position : engine().positions()) {
    const std::string key = position.symbol + position.strategy;
    const std::int64_t expected =
        GetParam().basis == PnlBasis::fifo ? fifo_paise(fills, key) : average_paise(fills, key);
    EXPECT_EQ(position.size, sizes[key]) << key;
    EXPECT_EQ(told[key], expected) << key;
    EXPECT_NE(expected, 0) << key;
  }
}

TEST_P(ProfitProperty, PublishedPartsAddUpToTheOrder) {
  play();
  std::map<std::string, std::int64_t> parts;
  for (const std::string& event : orders()) {
    const std::string qty = field_of(event, "fill_qty");
    if (qty.empty()) continue;
    std::int64_t& sum = parts[field_of(event, "order_id")];
    sum += std::stoll(qty);
    EXPECT_EQ(std::to_string(sum), field_of(event, "filled_qty"));
    EXPECT_EQ(sum + std::stoll(field_of(event, "remaining_qty")),
              std::stoll(field_of(event, "qty")));
  }
  EXPECT_FALSE(parts.empty());
}

INSTANTIATE_TEST_SUITE_P(BothBases, ProfitProperty,
                         testing::Values(Case{PnlBasis::average, 1}, Case{PnlBasis::average, 2},
                                         Case{PnlBasis::fifo, 1}, Case{PnlBasis::fifo, 2}),
                         [](const auto& one) {
                           return std::string(one.param.basis == PnlBasis::fifo ? "fifo"
                                                                                : "average") +
                                  std::to_string(one.param.seed);
                         });

}  // namespace
}  // namespace tapedeck::execution
