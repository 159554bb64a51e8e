#include "event/schema.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "tapedeck/events.hpp"

namespace tapedeck {
namespace {

using nlohmann::json;
using Names = std::set<std::string>;

/// The contract's table, section 1.
const std::map<std::string, Names> kRequired = {
    {"signal_event", {"symbol", "strategy_name", "signal"}},
    {"indicator_event", {"symbol", "timeframe", "indicators"}},
    {"order_event", {"order_id", "symbol", "side", "status"}},
    {"position_event", {"symbol", "position_size"}},
    {"engine_health", {"engine_name", "status", "metrics"}},
    {"decision_trace", {"strategy_name", "symbol", "decision", "trace_data"}},
    {"universe_scan", {"scan_type", "universe_size", "summary"}},
    {"performance_update", {"metrics"}},
    {"candle_event", {"symbol", "timeframe", "start", "open", "high", "low", "close", "volume"}},
    {"session_event", {"exchange", "segment", "phase"}},
    {"command_event", {"command", "target", "state"}},
    {"mde_lookup_failure", {"symbol", "exchange_tried"}},
    {"mde_stale_symbols", {"count", "symbols"}},
    {"mde_status", {"mde_name", "status", "metrics"}},
    {"universe_summary", {"universe_type", "summary"}},
    {"feed_gap", {"symbol", "from", "to"}},
    {"alert_event", {"rule", "state"}},
};

TEST(Schema, ListsEveryKnownTypeWithItsRequiredFields) {
  const json schema = json::parse(json_schema());
  std::map<std::string, Names> listed;
  for (const auto& [type, definition] : schema["$defs"].items()) {
    listed[type] = definition["required"].get<Names>();
    EXPECT_EQ(definition["additionalProperties"], true) << type;
    for (const std::string& name : listed[type]) {
      EXPECT_TRUE(definition["properties"].contains(name)) << type << ' ' << name;
    }
  }
  EXPECT_EQ(listed, kRequired);
  EXPECT_EQ(listed.size(), detail::kKnownEventCount);
}

TEST(Schema, PointsFromEveryTypeToItsDefinition) {
  const json schema = json::parse(json_schema());
  Names pointed;
  for (const json& rule : schema["allOf"]) {
    const std::string type = rule["if"]["properties"]["type"]["const"];
    EXPECT_EQ(rule["then"]["properties"]["payload"]["$ref"], "#/$defs/" + type);
    EXPECT_TRUE(schema["$defs"].contains(type));
    pointed.insert(type);
  }
  EXPECT_EQ(pointed.size(), detail::kKnownEventCount);
  EXPECT_EQ(schema["required"].get<Names>(), (Names{"type", "timestamp", "payload"}));
}

TEST(Schema, TypesWithASymbolListTheInstrumentsFields) {
  const json schema = json::parse(json_schema());
  for (const char* type : {"signal_event", "indicator_event", "order_event", "position_event",
                           "decision_trace", "candle_event", "feed_gap"}) {
    const json& properties = schema["$defs"][type]["properties"];
    for (const char* name : {"exchange", "instrument_token", "segment", "underlying", "expiry",
                             "strike", "option_type", "lot_size", "tick_size", "currency"}) {
      EXPECT_TRUE(properties.contains(name)) << type << ' ' << name;
    }
    EXPECT_FALSE(properties.contains("extra"));
    EXPECT_FALSE(properties.contains("instrument"));
  }
}

TEST(Schema, OptionalFieldsMayBeNullAndRequiredOnesMayNot) {
  const json properties = json::parse(json_schema())["$defs"]["signal_event"]["properties"];
  EXPECT_EQ(properties["symbol"]["type"], "string");
  EXPECT_EQ(properties["confidence"]["type"], json::array({"number", "null"}));
}

TEST(Schema, FieldsOfATypeAreThoseOfTheSchema) {
  const json schema = json::parse(json_schema());
  for (const auto& [type, required] : kRequired) {
    Names names, needed;
    for (const FieldSchema& field : fields_of_type(type)) {
      EXPECT_TRUE(names.emplace(field.name).second) << type << " has " << field.name << " twice";
      if (field.required) needed.emplace(field.name);
    }
    EXPECT_EQ(needed, required) << type;
    EXPECT_EQ(names.size(), schema["$defs"][type]["properties"].size()) << type;
  }
  EXPECT_TRUE(fields_of_type("my_own_type").empty());
  EXPECT_TRUE(fields_of_type("").empty());
}

}  // namespace
}  // namespace tapedeck
