// The file of candles alone: limits, other processes, a full disk.
#include "market/candle_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "market/engine_support.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Bar bar_at(int minute, double price = 100) {
  const Timestamp start = at_ist(9, 15) + minute * 1min;
  return {start, start + 1min, price, price, price, price, 1};
}

class CandleStoreTest : public testing::Test {
 protected:
  CandleStoreTest() : folder_("unused", "") { options_.path = folder_.folder() / "candles.db"; }

  std::vector<StoredBar> reload() { return CandleStore(options_).load(Timestamp::max()); }

  test::TemporaryFile folder_;
  CandleStoreOptions options_;
  const SeriesName infy_{"NSE", "INFY", Timeframe{}, PriceBasis::raw};
  const SeriesName tcs_{"NSE", "TCS", Timeframe{}, PriceBasis::raw};
};

TEST_F(CandleStoreTest, GivesBackExactlyWhatWasPut) {
  const Bar bar{at_ist(9, 15), at_ist(9, 16), 1500.05, 1501.1, 1499.95, 1500.7, 123456789};
  {
    CandleStore store(options_);
    store.put(store.series(infy_), bar);
  }
  const auto loaded = reload();
  ASSERT_THAT(loaded, SizeIs(1));
  EXPECT_EQ(loaded[0].series, infy_);
  EXPECT_EQ(loaded[0].bar, bar);
}

TEST_F(CandleStoreTest, LoadsTheNewestOfEachSeriesBeforeAMoment) {
  options_.load_per_series = 2;
  {
    CandleStore store(options_);
    for (int minute = 0; minute < 6; ++minute) {
      store.put(store.series(infy_), bar_at(minute));
      store.put(store.series(tcs_), bar_at(minute));
    }
  }
  const auto loaded = CandleStore(options_).load(bar_at(4).start);
  ASSERT_THAT(loaded, SizeIs(4));
  EXPECT_EQ(loaded[0].bar, bar_at(2));
  EXPECT_EQ(loaded[1].bar, bar_at(3));
  EXPECT_EQ(loaded[2].series, tcs_);
}

TEST_F(CandleStoreTest, KeepsNoMoreOfASeriesThanItsLimit) {
  {
    CandleStore store(options_);
    for (int minute = 0; minute < 6; ++minute) store.put(store.series(infy_), bar_at(minute));
  }
  options_.keep_per_series = 4;
  EXPECT_TRUE(CandleStore(options_).flush()) << "opening it cuts";
  const auto loaded = reload();
  ASSERT_THAT(loaded, SizeIs(4));
  EXPECT_EQ(loaded[0].bar, bar_at(2));
}

TEST_F(CandleStoreTest, TwoStoresOfOneFileDoNotMixTheirSeries) {
  CandleStore one(options_);
  CandleStore two(options_);
  one.put(one.series(infy_), bar_at(0, 1500));  // both call their first series 0
  two.put(two.series(tcs_), bar_at(0, 3100));
  EXPECT_TRUE(one.flush());
  EXPECT_TRUE(two.flush());
  for (const StoredBar& stored : reload()) {
    EXPECT_EQ(stored.bar.close, stored.series == infy_ ? 1500 : 3100);
  }
  EXPECT_THAT(reload(), SizeIs(2));
}

TEST_F(CandleStoreTest, SurvivesAKill) {
  const pid_t child = ::fork();
  if (child == 0) {
    CandleStore store(options_);
    for (int minute = 0; minute < 100; ++minute) store.put(store.series(infy_), bar_at(minute));
    store.flush();
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(reload(), SizeIs(100));
}

TEST_F(CandleStoreTest, AFullDiskIsToldAndTheOldestAreLostWhenTooManyWait) {
  options_.max_pending = 10'000;
  const pid_t child = ::fork();
  if (child == 0) {
    CandleStore store(options_);
    store.load(Timestamp::max());
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{64 * 1024, 64 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 30'000; ++i) store.put(store.series(infy_), bar_at(i));
    const bool written = store.flush();
    const bool told = store.problem().find("candles.db: ") != std::string::npos;
    ::_exit(!written && told && store.lost() >= 10'000 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_NO_THROW(reload()) << "the file is still sound";
}

TEST_F(CandleStoreTest, HasNothingToTellOfASoundFile) {
  CandleStore store(options_);
  EXPECT_EQ(store.notice(), "");
  EXPECT_EQ(store.problem(), "");
  EXPECT_EQ(store.lost(), 0U);
  EXPECT_THAT(store.load(Timestamp::max()), IsEmpty());
  EXPECT_TRUE(store.flush());
}

}  // namespace
}  // namespace tapedeck::market
