#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/schema.hpp"
#include "support/decode.hpp"
#include "tapedeck/events.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

using testing::decode;
using ::testing::HasSubstr;
using testing::with_payload;

std::string payload_of(std::string_view payload) {
  const auto decoded = decode(with_payload(payload));
  return decoded.ok() ? decoded.events.at(0).payload : "error " + decoded.error.code;
}

// --- what is accepted, and its canonical form ---

TEST(Decoder, ReadsAnEvent) {
  const auto decoded =
      decode(R"({"type":"signal_event","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
             R"({"symbol":"NIFTY","strategy_name":"momentum","signal":"BUY","confidence":0.85},)"
             R"("source":{"host":"a1","engine_id":"e1","mode":"paper"},"id":"mine-1"})");
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  ASSERT_EQ(decoded.events.size(), 1U);
  const auto& event = decoded.events[0];
  EXPECT_EQ(event.type, "signal_event");
  EXPECT_TRUE(event.has_timestamp);
  EXPECT_EQ(format_rfc3339(from_ns(event.timestamp_ns)), "2025-11-18T07:55:41.123456Z");
  EXPECT_EQ(event.payload,
            R"({"symbol":"NIFTY","strategy_name":"momentum","signal":"BUY","confidence":0.85})");
  EXPECT_EQ(event.source, R"({"host":"a1","engine_id":"e1","mode":"paper"})");
  EXPECT_EQ(event.key(Key::symbol), "NIFTY");
  EXPECT_EQ(event.key(Key::strategy_name), "momentum");
  EXPECT_EQ(event.key(Key::host), "a1");
  EXPECT_EQ(event.key(Key::engine_id), "e1");
  EXPECT_EQ(event.key(Key::mode), "paper");
}

TEST(Decoder, FieldsOfAnEventMayComeInAnyOrder) {
  const auto decoded = decode(R"({"source":{},"payload":{"a":1},"timestamp":null,"type":"t"})");
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  EXPECT_EQ(decoded.events[0].payload, R"({"a":1})");
  EXPECT_EQ(decoded.events[0].source, "");
  EXPECT_FALSE(decoded.events[0].has_timestamp);
}

TEST(Decoder, WhiteSpaceIsRemovedBetweenTokensAndKeptInStrings) {
  EXPECT_EQ(payload_of(" { \"a b\" :\t[ 1 , 2 ,\r\n {} , [ ] ] , \"c\" : \" d \" } "),
            R"({"a b":[1,2,{},[]],"c":" d "})");
}

TEST(Decoder, NumbersKeepTheirText) {
  const std::string numbers =
      "[0,-0,0.0,-0.0,1.50,1e5,1E+5,1e-5,1.0e00,123456789012345678,-9223372036854775808,"
      "18446744073709551615,18446744073709551616,-9223372036854775809,"
      "123456789012345678901234567890123456789012345678901234567890,"
      "0.1000000000000000055511151231257827021181583404541015625,4.9e-324,1e-400,"
      "1.7976931348623157e308]";
  EXPECT_EQ(payload_of("{\"n\":" + numbers + "}"), "{\"n\":" + numbers + "}");
}

TEST(Decoder, NumbersKeepTheirTextBeforeWhiteSpaceToo) {
  EXPECT_EQ(payload_of("{\"n\": 1.50 , \"m\":[ 18446744073709551616\n,\t2 ] }"),
            R"({"n":1.50,"m":[18446744073709551616,2]})");
}

TEST(Decoder, KeyOrderAndUnknownFieldsAreKept) {
  EXPECT_EQ(payload_of(R"({"z":1,"a":{"y":null,"b":[true,false]},"m":"x"})"),
            R"({"z":1,"a":{"y":null,"b":[true,false]},"m":"x"})");
}

TEST(Decoder, EscapesHaveOneSpelling) {
  EXPECT_EQ(payload_of(R"({"e":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20b9\ud83d\ude00"})"),
            "{\"e\":\"\\u0022\\u005c/\\u0008\\u000c\\u000a\\u000d\\u0009A\xC3\xA9\xE2\x82\xB9"
            "\xF0\x9F\x98\x80\"}");
  EXPECT_EQ(payload_of(R"({"\u0061\"":1})"), R"({"a\u0022":1})");
  EXPECT_EQ(payload_of(R"({"nul":"\u0000"})"), R"({"nul":"\u0000"})");
}

TEST(Decoder, AnEscapedNameOfAKnownFieldIsThatField) {
  const auto decoded = decode(R"({"\u0074ype":"t","payload":{"\u0073ymbol":"N\u0049FTY"}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  EXPECT_EQ(decoded.events[0].key(Key::symbol), "NIFTY");
}

TEST(Decoder, TimestampsAreNormalisedToUtc) {
  const auto time_of = [](const std::string& text) {
    const auto decoded = decode(R"({"type":"t","payload":{},"timestamp":")" + text + "\"}");
    return decoded.ok() ? format_rfc3339(from_ns(decoded.events[0].timestamp_ns))
                        : decoded.error.field;
  };
  EXPECT_EQ(time_of("2025-11-18T13:25:41.5+05:30"), "2025-11-18T07:55:41.500000Z");
  EXPECT_EQ(time_of("2025-11-17T19:55:41-12:00"), "2025-11-18T07:55:41.000000Z");
  EXPECT_EQ(time_of("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(time_of("2025-11-18T07:55:41"), "/timestamp");
  EXPECT_EQ(time_of("yesterday"), "/timestamp");
}

TEST(Decoder, AnArrayIsABatch) {
  const auto decoded =
      decode(R"( [ {"type":"a","payload":{}} , {"type":"b","payload":{"n":1}} ] )");
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  ASSERT_EQ(decoded.events.size(), 2U);
  EXPECT_EQ(decoded.events[0].type, "a");
  EXPECT_EQ(decoded.events[1].type, "b");
  EXPECT_EQ(decoded.events[1].payload, R"({"n":1})");
}

TEST(Decoder, NdjsonIsAnEventALine) {
  const auto decoded = decode(
      "{\"type\":\"a\",\"payload\":{}}\r\n\n  \n{\"type\":\"b\",\"payload\":{}}\n"
      " {\"type\":\"c\",\"payload\":{\"s\":\"x\"}}",
      BatchFormat::ndjson);
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  ASSERT_EQ(decoded.events.size(), 3U);
  EXPECT_EQ(decoded.events[2].type, "c");
  EXPECT_EQ(decoded.events[2].payload, R"({"s":"x"})");
}

TEST(Decoder, NdjsonOfManyLinesKeepsThemApart) {
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    text += R"({"type":"t)" + std::to_string(i % 7) + R"(","payload":{"i":)" + std::to_string(i) +
            R"(,"s":")" + std::string(static_cast<std::size_t>(i % 90), 'x') + "\"}}\n";
  }
  const auto decoded = decode(text, BatchFormat::ndjson);
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  ASSERT_EQ(decoded.events.size(), 5000U);
  for (std::size_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(decoded.events[i].type, "t" + std::to_string(i % 7));
    ASSERT_EQ(decoded.events[i].payload,
              "{\"i\":" + std::to_string(i) + ",\"s\":\"" + std::string(i % 90, 'x') + "\"}");
  }
}

TEST(Decoder, ItsOwnOutputDecodesToItself) {
  const std::string payload = payload_of("{ \"a\\\"\" : [1.50, \"\\u00e9\\n\", {\"b\":null}] }");
  EXPECT_EQ(payload_of(payload), payload);
}

TEST(Decoder, OneDecoderServesManyCallsOfAllSizes) {
  EventDecoder decoder;
  const std::string big = with_payload("{\"s\":\"" + std::string(60'000, 'x') + "\"}");
  std::string batch = "[";
  for (int i = 0; i < 300; ++i) batch += (i == 0 ? "" : ",") + big;
  batch += "]";
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(decode(decoder, with_payload("{}")).ok());
    ASSERT_FALSE(decode(decoder, "{").ok());
    ASSERT_TRUE(decode(decoder, batch).ok());
    ASSERT_EQ(decode(decoder, big).events.at(0).payload.size(), 60'008U);
  }
}

TEST(Decoder, DecodeCopyNeedsNoPadding) {
  EventDecoder decoder;
  const auto result = decoder.decode_copy(with_payload(R"({"a":1})"), BatchFormat::json);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)[0].payload, R"({"a":1})");
}

// --- what is refused ---

TEST(Decoder, WhatIsNoJsonIsMalformed) {
  for (const char* text : {
           R"({"type":"t","payload":{}}})",   // trailing
           R"({"type":"t","payload":{}} x)",  //
           R"({"type":"t","payload":{}},)",   //
           R"({"type":"t","payload":{}}{"type":"t","payload":{}})",
           R"({"type":"t","payload":{}}[])",   //
           R"([{"type":"t","payload":{}}]])",  //
           R"([{"type":"t","payload":{}}],)",  //
           R"([{"type":"t","payload":{}},])",  //
           R"([,{"type":"t","payload":{}}])",  //
           R"([{"type":"t","payload":{}}{"type":"t","payload":{}}])",
           R"({"type":"t","payload":{},})",         //
           R"({,"type":"t","payload":{}})",         //
           R"({"type":"t" "payload":{}})",          //
           R"({"type":"t","payload":{"a"}})",       //
           R"({"type":"t","payload":{"a":}})",      //
           R"({"type":"t","payload":{"a":1,}})",    //
           R"({"type":"t","payload":{"a":[1,]}})",  //
           R"({"type":"t","payload":{"a":[1 2]}})",
           R"({"type":"t","payload":{"a":01}})",    //
           R"({"type":"t","payload":{"a":1.}})",    //
           R"({"type":"t","payload":{"a":.5}})",    //
           R"({"type":"t","payload":{"a":+1}})",    //
           R"({"type":"t","payload":{"a":1e}})",    //
           R"({"type":"t","payload":{"a":0x10}})",  //
           R"({"type":"t","payload":{"a":-}})",     //
           R"({"type":"t","payload":{"a":NaN}})",   //
           R"({"type":"t","payload":{"a":Infinity}})",
           R"({"type":"t","payload":{"a":1e400}})",
           R"({"type":"t","payload":{"a":-1e400}})",
           R"({"type":"t","payload":{"a":1e99999999999}})",
           R"({"type":"t","payload":{"a":18446744073709551616x}})",
           R"({"type":"t","payload":{"a":018446744073709551616}})",
           R"({"type":"t","payload":{"a":tru}})",  //
           R"({"type":"t","payload":{"a":truee}})",
           R"({"type":"t","payload":{"a":nul}})",  //
           R"({"type":"t","payload":{"a":nulll}})",
           R"({"type":"t","payload":{"a":falsy}})",
           R"({"type":"t","payload":{"a":'x'}})",   //
           R"({"type":"t","payload":{a:1}})",       //
           R"({"type":"t","payload":{1:1}})",       //
           R"({"type":"t","payload":{"a":"\x"}})",  //
           R"({"type":"t","payload":{"a":"\u12"}})",
           R"({"type":"t","payload":{"a":"\u12G4"}})",
           R"({"type":"t","payload":{"a":"\ud800"}})",        // lone surrogates
           R"({"type":"t","payload":{"a":"\udc00"}})",        //
           R"({"type":"t","payload":{"a":"\ud800\ud800"}})",  //
           R"({"type":"t","payload":{"a":"\ud800x"}})",       //
           R"({"type":"t","payload":{"\ud800":1}})",          //
           R"({"type":"t","payload":{/**/}})",                //
           "{\"type\":\"t\",\"payload\":{\"a\":\"line\nfeed\"}}",
           "{\"type\":\"t\",\"payload\":{\"a\":\"tab\there\"}}",
           "{\"type\":\"t\",\"payload\":{\"a\":\"\xFF\"}}",  // not UTF-8
           "{\"type\":\"t\",\"payload\":{\"a\":\"\xC0\xAF\"}}",
           "{\"type\":\"t\",\"payload\":{\"a\":\"\xED\xA0\x80\"}}",
           "{\"type\":\"t\",\"payload\":{\"a\":\"\xE2\x82\"}}",
           "{\"type\":\"t\",\"payload\":{\"a\":1\v}}",
           "{\"type\":\"t\",\"payload\":{}}\xA0",
           "}",
           "]",
           ",",
           "\"",
           "{",
           "[",
           "[{",
           "{]",
           "[}",
       }) {
    const auto decoded = decode(text);
    EXPECT_TRUE(decoded.error.code == "malformed_json") << text << " -> " << decoded.error.code;
  }
}

TEST(Decoder, AnIgnoredIdMustStillBeJson) {
  EXPECT_TRUE(decode(R"({"type":"t","id":["any",{"thing":1}],"payload":{}})").ok());
  EXPECT_EQ(decode(R"({"type":"t","id":[1,],"payload":{}})").error.code, "malformed_json");
  EXPECT_EQ(decode(R"({"type":"t","id":"\ud800","payload":{}})").error.code, "malformed_json");
}

TEST(Decoder, NoTextHoldsNoEvent) {
  for (const char* text : {"", " ", "\n\t"}) {
    EXPECT_FALSE(decode(text).ok());
    EXPECT_EQ(decode(text, BatchFormat::ndjson).error.code, "empty_batch");
  }
  EXPECT_EQ(decode("[]").error.code, "empty_batch");
  EXPECT_EQ(decode(" [ ] ").error.code, "empty_batch");
}

TEST(Decoder, SomethingElseThanAnEventIsRefused) {
  for (const char* text : {"1", "\"text\"", "true", "null", "[1]", "[[]]", "[null]", "[\"x\"]"}) {
    const auto decoded = decode(text);
    EXPECT_FALSE(decoded.ok()) << text;
  }
  EXPECT_EQ(decode(R"([{"type":"t","payload":{}}])", BatchFormat::ndjson).error.code,
            "invalid_event");
}

struct BadEvent {
  const char* text;
  const char* field;
};

TEST(Decoder, AWellFormedButWrongEventSaysWhichField) {
  for (const BadEvent& bad : std::initializer_list<BadEvent>{
           {R"({})", "/type"},
           {R"({"payload":{}})", "/type"},
           {R"({"type":"t"})", "/payload"},
           {R"({"type":1,"payload":{}})", "/type"},
           {R"({"type":null,"payload":{}})", "/type"},
           {R"({"type":"","payload":{}})", "/type"},
           {R"({"type":"a b","payload":{}})", "/type"},
           {R"({"type":"é","payload":{}})", "/type"},
           {R"({"type":"t","payload":[]})", "/payload"},
           {R"({"type":"t","payload":null})", "/payload"},
           {R"({"type":"t","payload":"{}"})", "/payload"},
           {R"({"type":"t","payload":{},"timestamp":1763452541})", "/timestamp"},
           {R"({"type":"t","payload":{},"timestamp":""})", "/timestamp"},
           {R"({"type":"t","payload":{},"timestamp":{}})", "/timestamp"},
           {R"({"type":"t","payload":{},"source":"a1"})", "/source"},
           {R"({"type":"t","payload":{},"source":null})", "/source"},
           {R"({"type":"t","type":"t","payload":{}})", "/type"},
           {R"({"type":"t","payload":{},"payload":{}})", "/payload"},
           {R"({"type":"t","payload":{},"id":1,"id":1})", "/id"},
           {R"({"type":"t","payload":{},"source":{},"source":{}})", "/source"},
           {R"({"type":"t","payload":{},"timestamp":null,"timestamp":null})", "/timestamp"},
           {R"({"type":"t","payload":{},"extra":1})", ""},
           {R"({"type":"t","payload":{},"Type":"t"})", ""}}) {
    const auto decoded = decode(bad.text);
    EXPECT_EQ(decoded.error.code, "invalid_event") << bad.text;
    EXPECT_EQ(decoded.error.field, bad.field) << bad.text;
    EXPECT_FALSE(decoded.error.message.empty());
  }
}

TEST(Decoder, TypesAreOneTo64Characters) {
  EXPECT_TRUE(decode(R"({"type":")" + std::string(64, 'x') + R"(","payload":{}})").ok());
  EXPECT_FALSE(decode(R"({"type":")" + std::string(65, 'x') + R"(","payload":{}})").ok());
  EXPECT_TRUE(decode(R"({"type":"AZaz09_.:-","payload":{}})").ok());
}

TEST(Decoder, AMistypedFieldOfTheEventIsNamedInTheMessage) {
  EXPECT_THAT(decode(R"({"type":"t","payload":{},"timestmap":"x"})").error.message,
              HasSubstr("timestmap"));
}

TEST(Decoder, ABatchIsAllOrNothingAndNamesTheBadOne) {
  const auto array =
      decode(R"([{"type":"t","payload":{}},{"type":"t","payload":{}},{"type":"t","payload":7}])");
  EXPECT_TRUE(array.events.empty());
  EXPECT_EQ(array.error.field, "/2/payload");
  EXPECT_THAT(array.error.message, HasSubstr("Event 2"));

  const auto lines =
      decode("{\"type\":\"t\",\"payload\":{}}\n{\"type\":\"t\"}\n", BatchFormat::ndjson);
  EXPECT_TRUE(lines.events.empty());
  EXPECT_EQ(lines.error.field, "/1/payload");
  EXPECT_EQ(lines.error.code, "invalid_event");

  const auto malformed =
      decode("{\"type\":\"t\",\"payload\":{}}\n{\"type\":\n", BatchFormat::ndjson);
  EXPECT_EQ(malformed.error.code, "malformed_json");
  EXPECT_EQ(malformed.error.field, "/1");
}

TEST(Decoder, ASingleEventsErrorHasNoIndex) {
  EXPECT_EQ(decode(R"({"type":"t","payload":7})").error.field, "/payload");
}

TEST(Decoder, NoBrokenOffDocumentIsAccepted) {
  const std::string text =
      R"([{"type":"order_event","timestamp":"2025-11-18T13:25:41.345678+05:30","payload":)"
      R"({"order_id":"PAPER-\u00221","symbol":"NIFTY","side":"BUY","status":"filled","qty":50,)"
      R"("price":19755.05,"nested":[true,null,{"deep":[-1.5e-3]}]},"source":{"host":"a1"}}])";
  ASSERT_TRUE(decode(text).ok());
  EventDecoder decoder;
  const std::string event = text.substr(1, text.size() - 2);
  ASSERT_TRUE(decode(event, BatchFormat::ndjson).ok());
  for (std::size_t n = 0; n < text.size(); ++n) {
    ASSERT_FALSE(decode(decoder, text.substr(0, n)).ok()) << text.substr(0, n);
    if (n >= event.size()) continue;
    ASSERT_FALSE(decode(decoder, event.substr(0, n)).ok()) << event.substr(0, n);
    ASSERT_FALSE(decode(decoder, event.substr(0, n), BatchFormat::ndjson).ok());
  }
}

// --- fields of known types ---

std::string example_of(JsonType type) {
  switch (type) {
    case JsonType::string:
      return "\"x\"";
    case JsonType::number:
      return "1";
    case JsonType::object:
      return "{}";
    case JsonType::array:
      return "[]";
    case JsonType::boolean:
      return "true";
    case JsonType::null:
      return "null";
  }
  return "";
}

/// A payload of a known type with its required fields, one of them as told.
std::string event_with(std::string_view type, std::string_view changed, const std::string& value) {
  std::string payload;
  for (const FieldSchema& field : fields_of_type(type)) {
    if (!field.required) continue;
    const bool is_changed = field.name == changed;
    if (is_changed && value.empty()) continue;
    payload += (payload.empty() ? "\"" : ",\"") + std::string(field.name) +
               "\":" + (is_changed ? value : example_of(field.type));
  }
  return "{\"type\":\"" + std::string(type) + "\",\"payload\":{" + payload + "}}";
}

template <typename... E>
std::vector<std::string_view> type_names(const std::tuple<E...>*) {
  return {E::type...};
}

TEST(Decoder, RequiredFieldsOfEveryKnownTypeMustBeThereAndOfTheirType) {
  for (const std::string_view type : type_names(static_cast<detail::KnownEvents*>(nullptr))) {
    ASSERT_TRUE(decode(event_with(type, "", "")).ok()) << type;
    for (const FieldSchema& field : fields_of_type(type)) {
      if (!field.required) continue;
      const std::string pointer = "/payload/" + std::string(field.name);
      const auto missing = decode(event_with(type, field.name, ""));
      EXPECT_EQ(missing.error.code, "invalid_event") << type << ' ' << field.name;
      EXPECT_EQ(missing.error.field, pointer);
      for (const JsonType other : {JsonType::string, JsonType::number, JsonType::object,
                                   JsonType::array, JsonType::boolean, JsonType::null}) {
        const auto decoded = decode(event_with(type, field.name, example_of(other)));
        EXPECT_EQ(decoded.ok(), other == field.type) << type << ' ' << field.name;
        EXPECT_EQ(decoded.error.field, other == field.type ? "" : pointer);
      }
    }
  }
}

TEST(Decoder, OptionalFieldsAndOtherWordsAreCarriedAsTheyAre) {
  const auto decoded = decode(
      R"({"type":"signal_event","payload":{"symbol":"N","strategy_name":"s","signal":"LONG",)"
      R"("confidence":"high","price":null}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error.message;
  EXPECT_EQ(
      decoded.events[0].payload,
      R"({"symbol":"N","strategy_name":"s","signal":"LONG","confidence":"high","price":null})");
}

TEST(Decoder, ADuplicateNameCountsByItsLastValue) {
  EXPECT_EQ(decode(R"({"type":"mde_lookup_failure","payload":)"
                   R"({"symbol":"A","exchange_tried":"NSE","symbol":7}})")
                .error.field,
            "/payload/symbol");
  const auto decoded = decode(
      R"({"type":"mde_lookup_failure","payload":{"symbol":"A","exchange_tried":"NSE","symbol":"B"}})");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.events[0].key(Key::symbol), "B");
}

TEST(Decoder, NestedMembersAndContainersAreNoKeys) {
  const auto decoded = decode(
      R"({"type":"t","payload":{"in":{"symbol":"X"},"strategy":["s"],"order_id":7,"host":"p"}})");
  ASSERT_TRUE(decoded.ok());
  const auto& keys = decoded.events[0].payload_keys;
  EXPECT_EQ(keys[static_cast<std::size_t>(Key::symbol)].packed, 0U);
  EXPECT_EQ(keys[static_cast<std::size_t>(Key::strategy)].packed, 0U);
  EXPECT_EQ(keys[static_cast<std::size_t>(Key::host)].packed, 0U);
  EXPECT_EQ(decoded.events[0].key(Key::order_id), "7");
}

}  // namespace
}  // namespace tapedeck
