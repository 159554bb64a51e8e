// What survives a restart, and what happens when it does not.
#include "tapedeck/market/state_store.hpp"

#include <cmath>
#include <set>

#include "market/random_source.hpp"
#include "strategy/engine_fixture.hpp"
#include "strategy/strategy_memory.hpp"

namespace tapedeck::strategy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// --- a day, in one piece or in two ---

/// What the broker holds, size and price: it outlives an engine.
using Books = std::map<std::string, std::pair<std::int64_t, double>>;

/// Fills every order at the price it was decided at, less 20 rupees of charges a trade.
class Desk {
 public:
  Desk(Books& books, const std::filesystem::path& state, const std::vector<Candle>& past)
      : books_(books), store_(state) {
    for (const char* symbol : {"INFY", "TCS"}) {
      instruments_.add(market::infer_instrument(symbol, market::make_date(2025, 11, 18)));
    }
    StrategyOptions options;
    options.strategies = {"ema_crossover", "mean_reversion", "momentum"};
    options.parameters = {{"ema_crossover", {{"fast", 5}, {"slow", 12}}},
                          {"mean_reversion", {{"oversold", 45}, {"max_adx", 100}}},
                          {"momentum", {{"fast", 8}, {"slow", 21}}}};
    options.state_store = &store_;
    engine_ =
        std::make_unique<StrategyEngineV2>(bus_.publisher(), calendar_, instruments_, options,
                                           [this](const OrderIntent& intent) { fill(intent); });
    for (const Candle& candle : past) engine_->warm_up(candle);
  }

  StrategyEngineV2& engine() { return *engine_; }
  void run(std::span<const Candle> candles) {
    for (const Candle& candle : candles) {
      engine_->advance_to(candle.end);
      engine_->on_candle(candle);
    }
  }
  std::string last(std::string_view type) { return bus_.payloads(type).back(); }
  std::vector<std::string> last_performance() {
    auto all = bus_.payloads("performance_update");
    return {all.end() - 4, all.end()};
  }
  std::vector<OrderIntent> intents_;
  test::TestBus bus_;

 private:
  void fill(const OrderIntent& intent) {
    intents_.push_back(intent);
    std::pair<std::int64_t, double>& book = books_[intent.strategy + intent.order_symbol];
    OrderNews news;
    news.strategy = intent.strategy;
    news.signal_exchange = intent.signal_exchange;
    news.signal_symbol = intent.signal_symbol;
    news.at = intent.decided_at;
    news.finished = true;
    if (intent.is_exit) {
      news.trade_pnl =
          static_cast<double>(book.first) * (intent.reference_price - book.second) - 20;
      book = {};
    } else {
      book = {signed_qty(intent.side, intent.qty), intent.reference_price};
    }
    news.position_size = book.first;
    engine_->on_order_news(news);
  }
  Books& books_;
  market::StateStore store_;
  market::TradingCalendar calendar_;
  market::InstrumentTable instruments_;
  std::unique_ptr<StrategyEngineV2> engine_;
};

std::vector<Candle> make_day() {
  std::vector<Candle> candles;
  market::RandomSource random(11);
  double price = 1500;
  for (int minute = 0; minute < 330; ++minute) {
    for (const char* symbol : {"INFY", "TCS"}) {
      Candle candle;
      candle.symbol = symbol;
      candle.start = at_ist(9, 15) + minute * 1min;
      candle.end = candle.start + 1min;
      price += random.normal() * 2 + 1.5 * std::sin(minute / 17.0);
      candle.open = candle.close = std::round(price * 20) / 20;
      candle.high = candle.close + 1;
      candle.low = candle.close - 1;
      candle.volume = 100;
      candles.push_back(candle);
    }
  }
  return candles;
}

class RestartTest : public testing::TestWithParam<bool> {};

TEST_P(RestartTest, ADayInTwoPiecesEndsLikeADayInOne) {
  const bool stops_in_order = GetParam();
  const std::vector<Candle> day = make_day();
  const test::TemporaryFile whole_file("whole.db", ""), parts_file("parts.db", "");
  std::filesystem::remove(whole_file.path());
  std::filesystem::remove(parts_file.path());

  Books whole_books, parts_books;
  Desk whole(whole_books, whole_file.path(), {});
  whole.engine().start(at_ist(9, 15));
  whole.run(day);
  whole.engine().stop(day.back().end);

  // Cut where a position is open.
  std::size_t cut = day.size() / 2;
  const auto open_at = [&](Timestamp t) {
    std::int64_t open = 0;
    for (const OrderIntent& one : whole.intents_) {
      if (one.decided_at <= t) open += one.is_exit ? -1 : 1;
    }
    return open;
  };
  while (open_at(day[cut - 1].end) == 0) cut += 2;
  ASSERT_LT(cut, day.size());

  std::vector<OrderIntent> intents;
  {
    Desk morning(parts_books, parts_file.path(), {});
    morning.engine().start(at_ist(9, 15));
    morning.run({day.data(), cut});
    if (stops_in_order) morning.engine().stop(day[cut - 1].end);
    intents = morning.intents_;
  }
  Desk afternoon(parts_books, parts_file.path(),
                 {day.begin(), day.begin() + static_cast<std::ptrdiff_t>(cut)});
  afternoon.engine().start(day[cut - 1].end);
  afternoon.run({day.data() + cut, day.size() - cut});
  afternoon.engine().stop(day.back().end);
  intents.insert(intents.end(), afternoon.intents_.begin(), afternoon.intents_.end());

  EXPECT_EQ(afternoon.last("engine_health"), whole.last("engine_health"));
  EXPECT_EQ(afternoon.last_performance(), whole.last_performance());
  EXPECT_THAT(whole.last("engine_health"), Not(HasSubstr(R"("win_rate":null)")))
      << "every strategy has traded";
  ASSERT_EQ(intents.size(), whole.intents_.size());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < intents.size(); ++i) {
    EXPECT_EQ(intents[i].decided_at, whole.intents_[i].decided_at);
    EXPECT_EQ(intents[i].side, whole.intents_[i].side);
    EXPECT_EQ(intents[i].qty, whole.intents_[i].qty);
    EXPECT_TRUE(ids.insert(intents[i].correlation_id).second) << intents[i].correlation_id;
    if (stops_in_order) {
      EXPECT_EQ(intents[i].round_trip_id, whole.intents_[i].round_trip_id);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(State, RestartTest, testing::Bool(), [](const auto& test) {
  return test.param ? "AfterAStop" : "AfterACrash";
});

TEST(Determinism, TheSameDayGivesTheSameEvents) {
  const std::vector<Candle> day = make_day();
  std::vector<std::string> events[2];
  for (auto& one : events) {
    const test::TemporaryFile file("state.db", "");
    std::filesystem::remove(file.path());
    Books books;
    Desk desk(books, file.path(), {});
    desk.engine().start(at_ist(9, 15));
    desk.run(day);
    desk.engine().stop(day.back().end);
    for (const Event& event : desk.bus_.events()) one.push_back(event.json);
  }
  EXPECT_GT(events[0].size(), 1000U);
  EXPECT_EQ(events[0], events[1]);
}

// --- single things ---

class StateTest : public EngineFixture {
 protected:
  StateTest() : file_("state.db", "") {
    std::filesystem::remove(file_.path());
    open_store();
  }
  void open_store() {
    engine_.reset();
    store_.reset();
    store_ = std::make_unique<market::StateStore>(file_.path());
    options_.state_store = store_.get();
  }
  void restart(Timestamp now) {
    open_store();
    make_engine(now);
  }

  test::TemporaryFile file_;
  std::unique_ptr<market::StateStore> store_;
};

TEST_F(StateTest, TheKillSwitchSurvives) {
  engine().obey({"kill", "*", "trader", ""}, next_);
  restart(next_);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("kill_switch":true)"));
  say(Action::buy);
  close(1500);
  EXPECT_EQ(last_veto(), "kill_switch");
  engine().obey({"resume", "*", "trader", ""}, next_);
  restart(next_);
  close(1500);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(StateTest, AnOpenPositionIsSquaredOffAfterARestart) {
  enter(1500);
  restart(at_ist(15, 0));
  engine().advance_to(at_ist(15, 15));
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_TRUE(intents_[1].is_exit);
  EXPECT_EQ(intents_[1].qty, 133);
  EXPECT_EQ(intents_[1].round_trip_id, intents_[0].round_trip_id);
}

TEST_F(StateTest, AClosedPositionDoesNotComeBack) {
  options_.cooldown_candles = 0;
  enter(1500);
  fill(intents_[0], 0, 5.0);
  restart(next_);
  engine().advance_to(at_ist(15, 30));
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(StateTest, AnOrderThatWasOutForbidsEntriesButNotExitsUntilThereIsNews) {
  say(Action::buy);
  close(1500);
  restart(next_);
  close(1500);
  EXPECT_EQ(last_veto(), "duplicate");
  fill(intents_[0], 0);  // it was rejected
  close(1500);
  EXPECT_THAT(intents_, SizeIs(2));

  fill(intents_[1], 133);
  say(Action::exit);
  close(1500);
  ASSERT_THAT(intents_, SizeIs(3));
  restart(next_);
  close(1500);
  EXPECT_THAT(intents_, SizeIs(4)) << "nobody knows whether the exit was carried out";
}

TEST_F(StateTest, AnOrderOfYesterdayIsForgotten) {
  say(Action::buy);
  close(1500);
  next_ = at_ist(9, 15) + 24h;
  restart(next_);
  close(1500);
  EXPECT_THAT(intents_, SizeIs(2));
}

TEST_F(StateTest, SignalsOfTodaySurviveTheDayOnly) {
  enter(1500);
  restart(next_);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("signals_today":1,"last_signal":"BUY")"));
  restart(at_ist(9, 0) + 24h);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("signals_today":0,"last_signal":"BUY")"));
}

TEST_F(StateTest, EnginesOfDifferentNamesDoNotShare) {
  enter(1500);
  engine_ = std::make_unique<StrategyEngineV2>(bus_.publisher("other"), calendar_, instruments_,
                                               options_, [](const OrderIntent&) {});
  engine_->start(next_);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("open_positions":0,"signals_today":0)"));
}

TEST_F(StateTest, DamagedValuesAreToldAndLeftOut) {
  enter(1500);
  store_->save("engine", "strategy/scripted", R"({"wins":-3})");
  store_->save("engine", "lane/scripted/NSE/TCS", "not json");
  store_->save("engine", "lane/scripted", "{\"size\":1}");
  store_->save("engine", "engine", "[]");
  restart(next_);
  const std::string health = last("engine_health");
  EXPECT_THAT(health, HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(health, HasSubstr("'strategy/scripted' was not restored: wins is -3"));
  EXPECT_THAT(health, HasSubstr("'lane/scripted/NSE/TCS' was not restored: it is no JSON object"));
  EXPECT_THAT(health, HasSubstr("'lane/scripted' was not restored"));
  EXPECT_THAT(health, HasSubstr("'engine' was not restored: it is no JSON object"));
  EXPECT_THAT(health, HasSubstr(R"("win_count":0)"));
  EXPECT_THAT(health, HasSubstr(R"("open_positions":1)")) << "INFY's was whole";
  say(Action::buy);
  close(3000, "TCS");
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_NE(intents_[1].correlation_id, intents_[0].correlation_id) << "the same day";
  EXPECT_THAT(intents_[1].correlation_id, SizeIs(testing::Le(20U)));
}

// --- the form of what is kept ---

TEST(StrategyMemory, ReadsWhatItWrote) {
  LaneMemory lane;
  lane.holding = {-75, 26'000.05, 12};
  lane.order_out = true;
  lane.cooldown = 2;
  lane.round_trip_id = "251118k3f9R000004";
  lane.decision_price = 0.1 + 0.2;
  lane.square_off_at = at_ist(15, 15);
  lane.entry_date = market::make_date(2025, 11, 18);
  LaneMemory read;
  EXPECT_EQ(read_json(to_json(lane), read), "");
  EXPECT_EQ(to_json(read), to_json(lane));
  EXPECT_EQ(read.decision_price, 0.1 + 0.2);

  StrategyMemory strategy;
  strategy.trades = {5, 3, 0, 2, -1234.5678};
  strategy.curve = {market::make_date(2025, 11, 18), -1, 2, 3, 4, true, 5, 6.5, 7};
  strategy.entries = 9;
  strategy.confidence_sum = 7.25;
  strategy.last_signal = "EXIT";
  strategy.last_signal_at = at_ist(10, 0);
  StrategyMemory strategy_read;
  EXPECT_EQ(read_json(to_json(strategy), strategy_read), "");
  EXPECT_EQ(strategy_read.curve, strategy.curve);
  EXPECT_EQ(to_json(strategy_read), to_json(strategy));

  const EngineMemory engine{true, market::make_date(2025, 11, 18), {1000, 7}, strategy.curve};
  EngineMemory engine_read;
  EXPECT_EQ(read_json(to_json(engine), engine_read), "");
  EXPECT_EQ(to_json(engine_read), to_json(engine));
}

TEST(StrategyMemory, RefusesEveryValueThatMakesNoSense) {
  const std::string good = to_json(StrategyMemory{});
  const auto problem_with = [&](std::string from, std::string to) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    StrategyMemory memory;
    return read_json(bad, memory);
  };
  EXPECT_EQ(problem_with(R"("wins":0)", R"("wins":1)"), "");
  EXPECT_EQ(problem_with(R"("win_streak":0)", R"("win_streak":1)"), "win_streak is 1");
  EXPECT_EQ(problem_with(R"("confidence_sum":0)", R"("confidence_sum":2)"), "confidence_sum is 2");
  EXPECT_EQ(problem_with(R"("realized_pnl":0)", R"("realized_pnl":1e99)"), "realized_pnl is 1e+99");
  EXPECT_EQ(problem_with(R"("last_signal":"")", R"("last_signal":"<b>")"),
            "last_signal is no word");
  EXPECT_EQ(problem_with(R"("sessions":0)", R"("sessions":"0")"),
            "curve: sessions is missing or of another kind");
  EXPECT_EQ(problem_with(R"("date":"")", R"("date":"2025-02-30")"), "curve: date is no date");
}

TEST(StrategyMemory, AnyCutOffTextIsRefused) {
  const std::string good = to_json(StrategyMemory{});
  for (std::size_t size = 0; size < good.size(); ++size) {
    StrategyMemory memory;
    memory.entries = 7;
    EXPECT_NE(read_json(std::string_view(good).substr(0, size), memory), "") << size;
    EXPECT_EQ(memory.entries, 7) << "left as it was";
  }
}

}  // namespace
}  // namespace tapedeck::strategy
