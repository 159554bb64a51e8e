#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "support/encode.hpp"

namespace tapedeck {
namespace {

using nlohmann::ordered_json;
using testing::encode;

// --- the examples of the telemetry layer's document, byte for byte ---

TEST(Encoder, SignalEventOfTheDocument) {
  const auto encoded = encode(SignalEvent{.symbol = "NIFTY",
                                          .strategy_name = "momentum",
                                          .signal = "BUY",
                                          .confidence = 0.85,
                                          .reason = "RSI oversold + EMA crossover",
                                          .timeframe = "5m"},
                              *parse_rfc3339("2025-11-18T07:55:41.123456Z"));
  const std::string json =
      R"({"type":"signal_event","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
      R"({"symbol":"NIFTY","strategy_name":"momentum","signal":"BUY","confidence":0.85,)"
      R"("reason":"RSI oversold + EMA crossover","timeframe":"5m"},"id":"9f3c21-184467"})";
  EXPECT_EQ(encoded.frame, "id: 9f3c21-184467\ndata: " + json + "\n\n");
  EXPECT_EQ(encoded.json(), json);
}

TEST(Encoder, IndicatorEventOfTheDocument) {
  EXPECT_EQ(
      encode(IndicatorEvent{.symbol = "NIFTY",
                            .timeframe = "5m",
                            .indicators = {{"rsi", 45.2}, {"ema_20", 19750.5}, {"ema_50", 19700.3}},
                            .strategy = "momentum"})
          .payload(),
      R"({"symbol":"NIFTY","timeframe":"5m","indicators":{"rsi":45.2,"ema_20":19750.5,)"
      R"("ema_50":19700.3},"strategy":"momentum"})");
}

TEST(Encoder, OrderEventOfTheDocument) {
  EXPECT_EQ(encode(OrderEvent{.order_id = "PAPER-20251118-0001",
                              .symbol = "NIFTY",
                              .side = "BUY",
                              .status = "filled",
                              .qty = 50,
                              .price = 19755.0,
                              .remaining_qty = 0,
                              .strategy = "momentum",
                              .order_type = "MARKET"})
                .payload(),
            R"({"order_id":"PAPER-20251118-0001","symbol":"NIFTY","side":"BUY","status":"filled",)"
            R"("qty":50,"price":19755.0,"remaining_qty":0,"strategy":"momentum",)"
            R"("order_type":"MARKET"})");
}

TEST(Encoder, PositionEventOfTheDocument) {
  EXPECT_EQ(encode(PositionEvent{.symbol = "NIFTY",
                                 .position_size = 50,
                                 .entry_price = 19755.0,
                                 .strategy = "momentum"})
                .payload(),
            R"({"symbol":"NIFTY","position_size":50,"entry_price":19755.0,"strategy":"momentum"})");
}

TEST(Encoder, EngineHealthOfTheDocumentNestsMaps) {
  EXPECT_EQ(
      encode(EngineHealth{.engine_name = "StrategyEngineV2",
                          .status = "active",
                          .metrics = {{"total_strategies", 3},
                                      {"avg_win_rate", 0.62},
                                      {"strategies", Map{{"momentum", Map{{"win_rate", 0.65},
                                                                          {"loss_streak", 1}}}}}}})
          .payload(),
      R"({"engine_name":"StrategyEngineV2","status":"active","metrics":{)"
      R"("total_strategies":3,"avg_win_rate":0.62,)"
      R"("strategies":{"momentum":{"win_rate":0.65,"loss_streak":1}}}})");
}

TEST(Encoder, DecisionTraceUniverseScanAndPerformanceUpdateOfTheDocument) {
  EXPECT_EQ(encode(DecisionTrace{.strategy_name = "momentum",
                                 .symbol = "NIFTY",
                                 .decision = "BUY",
                                 .trace_data = {{"confidence", 0.85}, {"close_price", 19755.0}}})
                .payload(),
            R"({"strategy_name":"momentum","symbol":"NIFTY","decision":"BUY",)"
            R"("trace_data":{"confidence":0.85,"close_price":19755.0}})");
  EXPECT_EQ(encode(UniverseScan{.scan_type = "equity",
                                .universe_size = 250,
                                .summary = {{"exchange", "NSE"}, {"instrument_types", List{"EQ"}}}})
                .payload(),
            R"({"scan_type":"equity","universe_size":250,)"
            R"("summary":{"exchange":"NSE","instrument_types":["EQ"]}})");
  EXPECT_EQ(
      encode(PerformanceUpdate{.metrics = {{"total_pnl", 12500.0}, {"win_rate", 0.68}}}).payload(),
      R"({"metrics":{"total_pnl":12500.0,"win_rate":0.68}})");
}

// --- every known type ---

const Instrument kInstrument{.exchange = "NFO", .strike = 19800.0, .lot_size = 50};

template <typename S>
void fill(S& event, ordered_json& expected) {
  S::fields::for_each([&]<typename F>(std::size_t index) {
    auto& value = event.*F::member;
    const std::string name(F::name.view());
    using T = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<T, std::string_view>) {
      value = F::name.view();
      expected[name] = name;
    } else if constexpr (std::is_same_v<T, Map>) {
      value = Map{{"own_" + name, name}, {"flag", true}};
      const ordered_json entries = {{"own_" + name, name}, {"flag", true}};
      if (name == "extra") {
        expected.update(entries);
      } else {
        expected[name] = entries;
      }
    } else if constexpr (std::is_same_v<T, List>) {
      value = List{1, "two", nullptr, Map{{"age_minutes", 61.5}}};
      expected[name] = {1, "two", nullptr, {{"age_minutes", 61.5}}};
    } else if constexpr (std::is_same_v<T, const Instrument*>) {
      value = &kInstrument;
      expected.update(ordered_json{{"exchange", "NFO"}, {"strike", 19800.0}, {"lot_size", 50}});
    } else if constexpr (std::is_same_v<T, Timestamp> ||
                         std::is_same_v<T, std::optional<Timestamp>>) {
      value = from_ns(1'763'452'541'000'001'999);
      expected[name] = "2025-11-18T07:55:41.000001Z";
    } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::optional<double>>) {
      value = static_cast<double>(index) + 0.25;
      expected[name] = static_cast<double>(index) + 0.25;
    } else {
      value = -static_cast<std::int64_t>(index);
      expected[name] = -static_cast<std::int64_t>(index);
    }
  });
}

template <typename S>
ordered_json emptiest() {
  ordered_json expected = ordered_json::object();
  S::fields::for_each([&]<typename F>(std::size_t) {
    if constexpr (F::required) {
      using T = std::remove_cvref_t<decltype(std::declval<const S&>().*F::member)>;
      const std::string name(F::name.view());
      if constexpr (std::is_same_v<T, std::string_view>) {
        expected[name] = "";
      } else if constexpr (std::is_same_v<T, Map>) {
        expected[name] = ordered_json::object();
      } else if constexpr (std::is_same_v<T, List>) {
        expected[name] = ordered_json::array();
      } else if constexpr (std::is_same_v<T, Timestamp>) {
        expected[name] = "1970-01-01T00:00:00.000000Z";
      } else if constexpr (std::is_same_v<T, double>) {
        expected[name] = 0.0;
      } else {
        expected[name] = 0;
      }
    }
  });
  return expected;
}

template <typename E>
class EveryKnownType : public ::testing::Test {};
template <typename>
struct AsTypes;
template <typename... E>
struct AsTypes<std::tuple<E...>> {
  using type = ::testing::Types<E...>;
};
TYPED_TEST_SUITE(EveryKnownType, AsTypes<detail::KnownEvents>::type);

TYPED_TEST(EveryKnownType, WithAllFieldsIsTheJsonOfTheirValuesInTheirOrder) {
  TypeParam event;
  ordered_json payload;
  fill(event, payload);
  const auto encoded = encode(event);
  const ordered_json expected = {{"type", TypeParam::type},
                                 {"timestamp", "2025-11-18T07:55:41.123456Z"},
                                 {"payload", payload},
                                 {"id", "9f3c21-184467"}};
  EXPECT_EQ(ordered_json::parse(encoded.json()), expected);
  EXPECT_EQ(encoded.payload(), payload.dump());
}

TYPED_TEST(EveryKnownType, WithNothingSetHasItsRequiredFieldsOnly) {
  EXPECT_EQ(encode(TypeParam{}).payload(), emptiest<TypeParam>().dump());
}

// --- the rest ---

TEST(Encoder, AGenericEventIsCarriedAsItIs) {
  const auto encoded = encode(GenericEvent{
      "risk.limit:v2-x_Y",
      {{"null", nullptr}, {"yes", true}, {"no", false}, {"min", INT64_MIN}, {"max", UINT64_MAX}}});
  EXPECT_EQ(encoded.payload(), R"({"null":null,"yes":true,"no":false,"min":-9223372036854775808,)"
                               R"("max":18446744073709551615})");
  EXPECT_EQ(ordered_json::parse(encoded.json())["type"], "risk.limit:v2-x_Y");
  EXPECT_EQ(encode(GenericEvent{"t", {}}).payload(), "{}");
}

TEST(Encoder, EmptyOptionalsInMapsAreNull) {
  EXPECT_EQ(encode(GenericEvent{"t", {{"a", std::optional<double>()}, {"b", std::optional(2)}}})
                .payload(),
            R"({"a":null,"b":2})");
}

TEST(Encoder, NumbersGivenAsTextKeepEveryDigit) {
  const Map payload{{"wide", NumberText{"18446744073709551616"}},
                    {"strategy", NumberText{"-340282366920938463463374607431768211456"}}};
  EXPECT_EQ(encode(GenericEvent{"t", payload}).payload(),
            R"({"wide":18446744073709551616,"strategy":-340282366920938463463374607431768211456})");
}

TEST(Encoder, NamesInMapsAreEscapedLikeValues) {
  EXPECT_EQ(encode(GenericEvent{"t", {{"a\"b\\c\n", "d\"e\\f\t"}}}).payload(),
            "{\"a\\u0022b\\u005cc\\u000a\":\"d\\u0022e\\u005cf\\u0009\"}");
}

TEST(Encoder, MapsLargerThanTheirInlineBufferAreCompleteAfterCopyAndMove) {
  Map map;
  ordered_json expected = ordered_json::object();
  for (int i = 0; i < 500; ++i) {
    const std::string name = "metric_" + std::to_string(i);
    map.set(name, i * 0.5);
    expected[name] = i * 0.5;
  }
  Map copy(map);
  Map moved(std::move(map));
  Map assigned{{"gone", 1}};
  assigned = copy;
  copy = std::move(moved);
  EXPECT_EQ(encode(GenericEvent{"t", copy}).payload(), expected.dump());
  EXPECT_EQ(encode(GenericEvent{"t", assigned}).payload(), expected.dump());
}

TEST(Encoder, SourceComesLastAndOnlyWithWhatIsGiven) {
  const EncodedSource source =
      encode_source({.host = "a1", .engine_id = "paper-\"x\"", .mode = "paper"});
  const auto encoded = encode(GenericEvent{"t", {}}, from_ns(1), source);
  EXPECT_EQ(encoded.json(),
            R"({"type":"t","timestamp":"1970-01-01T00:00:00.000000Z","payload":{},)"
            R"("id":"9f3c21-184467","source":{"host":"a1","engine_id":"paper-\u0022x\u0022",)"
            R"("mode":"paper"}})");
  EXPECT_EQ(encode_source({}).json, "");
}

TEST(Encoder, EventTimesAreWrittenAtBothEndsOfTheirRange) {
  EXPECT_EQ(
      ordered_json::parse(encode(GenericEvent{"t", {}}, Timestamp::min()).json())["timestamp"],
      "1677-09-21T00:12:43.145224Z");
  EXPECT_EQ(
      ordered_json::parse(encode(GenericEvent{"t", {}}, Timestamp::max()).json())["timestamp"],
      "2262-04-11T23:47:16.854775Z");
  EXPECT_EQ(ordered_json::parse(encode(GenericEvent{"t", {}}, from_ns(-1)).json())["timestamp"],
            "1969-12-31T23:59:59.999999Z");
}

TEST(Encoder, TheWorstGrowthOfEveryKindFitsTheBound) {
  const std::string worst(10'000, '"');
  Map numbers;
  for (int i = 0; i < 1000; ++i) numbers.set("", -std::numeric_limits<double>::max());
  List falses;
  for (int i = 0; i < 5000; ++i) falses.add(false);
  const Map map{{worst, worst}, {"n", numbers}, {"f", falses}};
  // encode() allocates the bound and no more; the sanitizers watch.
  const auto encoded = encode(OrderEvent{.order_id = worst,
                                         .symbol = worst,
                                         .side = worst,
                                         .status = worst,
                                         .charges = map,
                                         .extra = map});
  EXPECT_TRUE(ordered_json::accept(encoded.json()));
}

}  // namespace
}  // namespace tapedeck
