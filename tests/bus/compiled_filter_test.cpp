#include "bus/compiled_filter.hpp"

#include <gtest/gtest.h>

#include "support/encode.hpp"

namespace tapedeck {
namespace {

using testing::encode;
using testing::EncodedEvent;

bool matches(const Filter& filter, const EncodedEvent& event) {
  return CompiledFilter(filter).matches(event.frame.data(), event.index);
}

EncodedEvent order() {
  const EncodedSource source = encode_source(
      {.host = "a1", .engine_id = "paper-1", .run_id = "r1", .account = "main", .mode = "paper"});
  const Instrument instrument{.exchange = "NSE"};
  return encode(OrderEvent{.order_id = "O1",
                           .symbol = "NIFTY",
                           .strategy = "momentum",
                           .correlation_id = "c1",
                           .instrument = &instrument},
                from_ns(5000), source);
}

TEST(CompiledFilter, OfNothingMatchesAll) {
  EXPECT_TRUE(CompiledFilter().matches_all());
  EXPECT_TRUE(CompiledFilter(Filter{}).matches_all());
  EXPECT_TRUE(matches({}, order()));
  EXPECT_FALSE(CompiledFilter(Filter{.symbol = {"X"}}).matches_all());
  EXPECT_FALSE(CompiledFilter(Filter{.since = from_ns(1)}).matches_all());
}

using Values = std::vector<std::string>;
struct KeyCase {
  const char* name;
  Values Filter::*key;
  const char* value;
};

class EveryKey : public ::testing::TestWithParam<KeyCase> {};
INSTANTIATE_TEST_SUITE_P(
    , EveryKey,
    ::testing::Values(
        KeyCase{"event_type", &Filter::event_type, "order_event"},
        KeyCase{"symbol", &Filter::symbol, "NIFTY"}, KeyCase{"exchange", &Filter::exchange, "NSE"},
        KeyCase{"strategy", &Filter::strategy, "momentum"},
        KeyCase{"engine_id", &Filter::engine_id, "paper-1"}, KeyCase{"host", &Filter::host, "a1"},
        KeyCase{"account", &Filter::account, "main"}, KeyCase{"mode", &Filter::mode, "paper"},
        KeyCase{"run_id", &Filter::run_id, "r1"}, KeyCase{"order_id", &Filter::order_id, "O1"},
        KeyCase{"correlation_id", &Filter::correlation_id, "c1"}),
    [](const auto& test) { return test.param.name; });

TEST_P(EveryKey, MatchesItsValueAnyOfAListAndNothingElse) {
  const std::string value = GetParam().value;
  const auto with = [&](const Values& values) {
    Filter filter;
    filter.*GetParam().key = values;
    return filter;
  };
  EXPECT_TRUE(matches(with({value}), order()));
  EXPECT_TRUE(matches(with({"other", value}), order()));
  EXPECT_FALSE(matches(with({"other"}), order()));
  EXPECT_FALSE(matches(with({value + "x"}), order()));
  EXPECT_FALSE(matches(with({value.substr(1)}), order()));
  EXPECT_FALSE(matches(with({""}), order()));
  EXPECT_FALSE(matches(with({value}), encode(GenericEvent{"t", {}})));
}

TEST(CompiledFilter, KeysAreAndedAndTheirValuesOred) {
  EXPECT_TRUE(matches({.event_type = {"order_event"}, .symbol = {"X", "NIFTY"}}, order()));
  EXPECT_FALSE(matches({.event_type = {"signal_event"}, .symbol = {"NIFTY"}}, order()));
  EXPECT_FALSE(matches({.event_type = {"order_event"}, .symbol = {"X"}}, order()));
}

TEST(CompiledFilter, EngineIsTheEnginesName) {
  EXPECT_TRUE(matches({.engine = {"System"}}, encode(EngineHealth{.engine_name = "System"})));
  EXPECT_FALSE(matches({.engine = {"Other"}}, encode(EngineHealth{.engine_name = "System"})));
}

TEST(CompiledFilter, StrategyIsEitherOfItsTwoNames) {
  EXPECT_TRUE(matches({.strategy = {"m"}}, encode(SignalEvent{.strategy_name = "m"})));
  EXPECT_TRUE(matches({.strategy = {"m"}}, encode(OrderEvent{.strategy = "m"})));
  EXPECT_FALSE(matches({.strategy = {"m"}}, encode(OrderEvent{.strategy = "x"})));
  EXPECT_TRUE(matches({.strategy = {"m"}},
                      encode(GenericEvent{"t", {{"strategy", "x"}, {"strategy_name", "m"}}})));
}

TEST(CompiledFilter, TimesAreInclusive) {
  EXPECT_TRUE(matches({.since = from_ns(5000)}, order()));
  EXPECT_FALSE(matches({.since = from_ns(5001)}, order()));
  EXPECT_TRUE(matches({.until = from_ns(5000)}, order()));
  EXPECT_FALSE(matches({.until = from_ns(4999)}, order()));
  EXPECT_TRUE(matches({.since = from_ns(5000), .until = from_ns(5000)}, order()));
  EXPECT_FALSE(matches({.since = from_ns(6000), .until = from_ns(7000)}, order()));
}

TEST(CompiledFilter, ValuesAreComparedByTheirMeaningNotTheirSpelling) {
  for (const char* symbol : {"M&M", "say \"hi\"", "back\\slash", "₹", "line\nfeed", ""}) {
    EXPECT_TRUE(matches({.symbol = {symbol}}, encode(SignalEvent{.symbol = symbol}))) << symbol;
  }
  EXPECT_TRUE(matches({.order_id = {"240001"}}, encode(GenericEvent{"t", {{"order_id", 240001}}})));
}

TEST(CompiledFilter, FiltersAreEqualWhenTheyCompareTheSameInAnyOrder) {
  const CompiledFilter filter({.event_type = {"a", "b"}, .symbol = {"X", "Y"}});
  EXPECT_EQ(filter, CompiledFilter({.event_type = {"b", "a"}, .symbol = {"Y", "X"}}));
  EXPECT_NE(filter, CompiledFilter({.event_type = {"a", "b"}, .symbol = {"X"}}));
  EXPECT_NE(filter, CompiledFilter({.event_type = {"a"}, .symbol = {"X", "Y"}}));
  EXPECT_NE(filter, CompiledFilter({.event_type = {"a", "b"}, .host = {"X", "Y"}}));
  EXPECT_NE(CompiledFilter({.since = Timestamp{}}), CompiledFilter());
  EXPECT_EQ(CompiledFilter({.expression = "1 < 2"}), CompiledFilter({.expression = "1 < 2"}));
  EXPECT_NE(CompiledFilter({.expression = "1 < 2"}), CompiledFilter({.expression = "1 < 3"}));
  EXPECT_NE(CompiledFilter({.expression = "1 < 2"}), CompiledFilter());
}

TEST(CompiledFilter, ANarrowedFilterIsAnother) {
  CompiledFilter narrowed({.symbol = {"X"}}), types({.event_type = {"a"}});
  narrowed.narrow({.symbol = {"X", "Y"}});
  types.narrow({.event_type = {"b", "a"}});
  EXPECT_NE(narrowed, CompiledFilter({.symbol = {"X"}}));
  EXPECT_EQ(types, CompiledFilter({.event_type = {"a"}}));
}

}  // namespace
}  // namespace tapedeck
