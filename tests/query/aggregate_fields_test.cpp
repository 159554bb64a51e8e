#include "query/aggregate_fields.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "query/aggregate_frames.hpp"

namespace tapedeck {
namespace {

using testing::Frames;
using Numbers = std::map<std::string, double>;

Numbers numbers_in(std::string_view payload, const std::vector<std::string>& paths) {
  const AggregateFields fields(paths);
  AggregateFields::Found found;
  fields.read(payload, found);
  Numbers out;
  for (std::size_t i = 0; i < found.count; ++i) {
    out[paths[found.values[i].field]] = found.values[i].number;
  }
  EXPECT_EQ(out.size(), found.count);
  return out;
}

std::optional<std::string> status_in(std::string_view payload) {
  const AggregateFields fields({});
  AggregateFields::Found found;
  fields.read(payload, found);
  if (!found.status) return std::nullopt;
  return std::string(*found.status);
}

TEST(AggregateFields, NumbersAreFoundAtBothLevels) {
  EXPECT_EQ(numbers_in(R"({"symbol":"A","price":19755.05,"metrics":{"a":[1,{"price":9}],)"
                       R"("net_pnl":-1.5e3},"qty":75,"other":{"net_pnl":7}})",
                       {"qty", "price", "metrics.net_pnl"}),
            (Numbers{{"price", 19755.05}, {"metrics.net_pnl", -1500}, {"qty", 75}}));
}

TEST(AggregateFields, OnlyFiniteNumbersCount) {
  EXPECT_EQ(numbers_in(R"({"a":"12.5","b":null,"c":true,"d":{"x":1},"e":[1],"f":-0.5})",
                       {"a", "b", "c", "d", "e", "f"}),
            (Numbers{{"f", -0.5}}));
  const std::string huge = R"({"a":1)" + std::string(400, '0') + "}";
  EXPECT_EQ(numbers_in(huge, {"a"}), Numbers{});
}

TEST(AggregateFields, AFieldMayBeANumberInOneEventAndAnObjectInAnother) {
  const std::vector<std::string> paths = {"charges", "charges.stt"};
  EXPECT_EQ(numbers_in(R"({"charges":3.5})", paths), (Numbers{{"charges", 3.5}}));
  EXPECT_EQ(numbers_in(R"({"charges":{"stt":2.0}})", paths), (Numbers{{"charges.stt", 2}}));
}

TEST(AggregateFields, OfANameGivenTwiceTheFirstCounts) {
  EXPECT_EQ(numbers_in(R"({"price":1,"price":2,"status":"a","status":"b"})", {"price"}),
            (Numbers{{"price", 1}}));
  EXPECT_EQ(status_in(R"({"status":"a","status":"b"})"), "a");
}

TEST(AggregateFields, NamesAreComparedAsFramesSpellThem) {
  EXPECT_EQ(numbers_in(R"({"a\u0022b":1,"c":{"d.e":2}})", {"a\"b", "c.d.e"}),
            (Numbers{{"a\"b", 1}, {"c.d.e", 2}}));
}

TEST(AggregateFields, AStatusIsAStringOrANumber) {
  EXPECT_EQ(status_in(R"({"status":"filled"})"), "filled");
  EXPECT_EQ(status_in(R"({"status":200})"), "200");
  EXPECT_EQ(status_in(R"({"status":""})"), "");
  for (const char* none : {R"({"status":null})", R"({"status":{"a":1}})", R"({"a":1})", "{}"}) {
    EXPECT_EQ(status_in(none), std::nullopt) << none;
  }
  const auto long_status = [](std::size_t length) {
    return R"({"status":")" + std::string(length, 'x') + "\"}";
  };
  EXPECT_TRUE(status_in(long_status(KeySpan::kMaxLength)).has_value());
  EXPECT_FALSE(status_in(long_status(KeySpan::kMaxLength + 1)).has_value());
}

TEST(AggregateFields, PathsThatAreNoneAreRefused) {
  for (const char* bad : {"", ".a", "a.", "."}) {
    EXPECT_THROW(AggregateFields({bad}), std::invalid_argument) << bad;
  }
  EXPECT_THROW(AggregateFields({"a", "b", "a"}), std::invalid_argument);
  std::vector<std::string> many;
  for (std::size_t i = 0; i < AggregateFields::kMaxFields; ++i)
    many.push_back("f" + std::to_string(i));
  EXPECT_NO_THROW(AggregateFields{many});
  many.emplace_back("one_more");
  EXPECT_THROW(AggregateFields{many}, std::invalid_argument);
}

TEST(AggregateFields, AsManyFieldsAsThereMayBeAreAllFound) {
  std::vector<std::string> paths;
  std::string payload = "{";
  for (std::size_t i = 0; i < AggregateFields::kMaxFields; ++i) {
    paths.push_back("f" + std::to_string(i));
    payload += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":" + std::to_string(i);
  }
  const Numbers found = numbers_in(payload + "}", paths);
  EXPECT_EQ(found.size(), AggregateFields::kMaxFields);
  EXPECT_EQ(found.at("f63"), 63);
}

TEST(AggregateFields, TextThatIsNoObjectHasNothing) {
  for (const char* odd : {"", "{", "{}", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[1,2]", "null"}) {
    EXPECT_EQ(numbers_in(odd, {"a"}), Numbers{}) << odd;
  }
}

TEST(AggregateFields, DimensionsAreReadFromWhereFiltersReadThem) {
  Frames frames;
  const auto frame = frames("order_event", "09:15:00",
                            R"({"order_id":"1","symbol":"M&M","side":"BUY","status":"filled",)"
                            R"("strategy_name":"late"})",
                            R"({"host":"a1","engine_id":"e","mode":"paper"})");
  const auto value = [&](Dimension dimension) {
    const auto text = dimension_value(dimension, frame.bytes.data(), frame.index, "filled");
    return text ? std::string(*text) : "none";
  };
  EXPECT_EQ(value(Dimension::type), "order_event");
  EXPECT_EQ(value(Dimension::symbol), "M&M");
  EXPECT_EQ(value(Dimension::strategy), "late");
  EXPECT_EQ(value(Dimension::engine), "none");
  EXPECT_EQ(value(Dimension::engine_id), "e");
  EXPECT_EQ(value(Dimension::host), "a1");
  EXPECT_EQ(value(Dimension::account), "none");
  EXPECT_EQ(value(Dimension::mode), "paper");
  EXPECT_EQ(value(Dimension::status), "filled");
}

TEST(AggregateFields, AnEventCountsUnderItsStrategyBeforeItsStrategyName) {
  Frames frames;
  const auto frame =
      frames("t", "09:15:00", R"({"strategy_name":"by name","strategy":"by field"})");
  EXPECT_EQ(dimension_value(Dimension::strategy, frame.bytes.data(), frame.index, {}), "by field");
}

TEST(AggregateFields, DimensionsHaveTheNamesOfGroupBy) {
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    const auto dimension = static_cast<Dimension>(i);
    EXPECT_EQ(dimension_named(name_of(dimension)), dimension);
  }
  EXPECT_FALSE(dimension_named("run_id").has_value());
  EXPECT_NO_THROW(AggregateFields{default_value_fields()});
}

}  // namespace
}  // namespace tapedeck
