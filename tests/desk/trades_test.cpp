// The trades of whole runs of the engines against what the runs say of themselves.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "bus/access.hpp"
#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"
#include "query/trade_tracker.hpp"

namespace tapedeck::desk {
namespace {

using test::TestBus;

class TradesOfARun : public testing::TestWithParam<std::uint64_t> {
 protected:
  TradesOfARun() {
    EngineRunOptions options;
    options.feed = "sim?sessions=2";
    options.speed = 0;
    options.sim_date = "2025-11-17";
    options.seed = GetParam();
    options.strategy.strategies = {"momentum", "ema_crossover", "mean_reversion"};
    EngineRunner runner(bus_.bus(), options);
    runner.start();
    runner.wait();
    EXPECT_EQ(runner.error(), "");
    summary_ = runner.summary();
    bus_.bus().flush();
    const EventLog& log = BusAccess::log(bus_.bus());
    EXPECT_EQ(log.first_seq(), 1U) << "the log is too small for the run";
    for (std::uint64_t seq = log.first_seq(); seq <= log.last_seq(); ++seq) {
      const auto pin = log.pin(seq);
      tracker_.add(pin->frame(pin->index(seq)), pin->index(seq), seq);
    }
  }

  TestBus bus_{std::size_t{1} << 30};
  RunSummary summary_;
  TradeTracker tracker_;
};

TEST_P(TradesOfARun, MakeWhatTheRunMade) {
  double realized = 0, charges = 0;
  std::map<TradeOutcome, std::size_t> outcomes;
  tracker_.visit([&](const TradeSummary& trade) {
    const TradeFigures figures = figures_of(trade);
    ++outcomes[figures.outcome];
    if (figures.outcome == TradeOutcome::vetoed) return;
    EXPECT_TRUE(figures.complete) << trade.correlation_id;
    if (figures.filled_qty.value_or(0) == 0) return;
    ASSERT_TRUE(figures.realized_pnl.has_value()) << trade.correlation_id;
    ASSERT_TRUE(figures.charges.has_value()) << trade.correlation_id;
    EXPECT_TRUE(figures.decision_price.has_value()) << trade.correlation_id;
    EXPECT_EQ(figures.sent_to_ack_us, 25'000) << "what the paper broker takes";
    EXPECT_EQ(*figures.decision_to_fill_us, *figures.decision_to_sent_us + *figures.sent_to_ack_us +
                                                *figures.ack_to_first_fill_us +
                                                *figures.first_to_last_fill_us);
    realized += *figures.realized_pnl;
    charges += *figures.charges;
  });
  EXPECT_GT(outcomes[TradeOutcome::filled], 10U);
  EXPECT_GT(outcomes[TradeOutcome::vetoed], 10U);
  EXPECT_EQ(std::llround(realized * 100), std::llround(summary_.realized_pnl * 100));
  EXPECT_EQ(std::llround(charges * 100), std::llround(summary_.charges * 100));
}

INSTANTIATE_TEST_SUITE_P(Seeds, TradesOfARun, testing::Values(1, 2, 3));

}  // namespace
}  // namespace tapedeck::desk
