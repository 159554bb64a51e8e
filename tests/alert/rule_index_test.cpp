#include "alert/rule_index.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alert/event_frame.hpp"

namespace tapedeck::alert {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::uint32_t> find(RuleIndex& index, std::string_view type, std::string_view payload) {
  const tapedeck::testing::EventFrame frame(
      fmt::format(R"({{"type":"{}","payload":{}}})", type, payload));
  return index.find(frame.data(), frame.index());
}

Filter expression(const char* text) {
  Filter filter;
  filter.expression = text;
  return filter;
}

TEST(RuleIndex, FindsFiltersByTypeKeyAndRest) {
  RuleIndex index;
  index.add(CompiledFilter(Filter{}), 1);
  index.add(CompiledFilter(Filter{.event_type = {"tick", "quote"}}), 2);
  index.add(CompiledFilter(Filter{.event_type = {"tick"}, .symbol = {"NIFTY", "INFY"}}), 3);
  index.add(CompiledFilter(Filter{.symbol = {"NIFTY"}}), 4);
  index.add(CompiledFilter(expression("payload.qty > 5")), 5);
  EXPECT_THAT(find(index, "tick", R"({"symbol":"NIFTY","qty":6})"),
              UnorderedElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(find(index, "quote", R"({"symbol":"INFY","qty":5})"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(find(index, "other", "{}"), ElementsAre(1));
}

TEST(RuleIndex, ReadsTypesAndKeysOutOfExpressions) {
  RuleIndex index;
  index.add(CompiledFilter(expression(R"(type == "tick" && payload.symbol in ["A", "B"])")), 1);
  index.add(CompiledFilter(expression(R"(type == "tick" || payload.symbol == "C")")), 2);
  EXPECT_THAT(find(index, "tick", R"({"symbol":"B"})"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(find(index, "tock", R"({"symbol":"B"})"), IsEmpty());
  EXPECT_THAT(find(index, "tock", R"({"symbol":"C"})"), ElementsAre(2));
}

TEST(RuleIndex, StrategyIsEitherSpellingAndIsFoundOnce) {
  RuleIndex index;
  index.add(CompiledFilter(Filter{.strategy = {"momentum"}}), 1);
  EXPECT_THAT(find(index, "x", R"({"strategy":"momentum"})"), ElementsAre(1));
  EXPECT_THAT(find(index, "x", R"({"strategy_name":"momentum"})"), ElementsAre(1));
  EXPECT_THAT(find(index, "x", R"({"strategy":"momentum","strategy_name":"momentum"})"),
              ElementsAre(1));
  EXPECT_THAT(find(index, "x", R"({"strategy":"other"})"), IsEmpty());
}

TEST(RuleIndex, EqualFiltersKeepTheirOwnHandles) {
  RuleIndex index;
  for (std::uint32_t i = 0; i < 3; ++i) index.add(CompiledFilter(Filter{.symbol = {"A\"B"}}), i);
  index.add(CompiledFilter(Filter{.symbol = {"A"}, .exchange = {"B"}}), 7);
  EXPECT_THAT(find(index, "x", R"({"symbol":"A\"B"})"), ElementsAre(0, 1, 2));
  index.clear();
  EXPECT_THAT(find(index, "x", R"({"symbol":"A\"B"})"), IsEmpty());
}

}  // namespace
}  // namespace tapedeck::alert
