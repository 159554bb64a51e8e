// What is kept of a delivery, read back.
#include "alert/delivery_entry.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "alert/delivery_fixture.hpp"
#include "alert/signature.hpp"

namespace tapedeck::alert::testing {
namespace {

TEST(Notification, ComesBackEqualWhateverItsTextsHold) {
  Notification n = notification("id", "https://u:p@example.com/x?y", "rule");
  n.summary = "\"quotes\" \\ \n \x01 ₹ 😀";
  n.description = "d";
  n.group = {{"payload.product", "MIS"}, {"symbol", ""}};
  n.value = 0.1;
  n.resolved_ns = 5;
  n.suppressed = std::numeric_limits<std::uint64_t>::max();
  const std::string json = notification_json(n);
  EXPECT_TRUE(nlohmann::json::accept(json));
  EXPECT_EQ(json.find('\n'), std::string::npos);
  const auto again = parse_notification(json);
  ASSERT_TRUE(again);
  EXPECT_EQ(notification_json(*again), json);
  EXPECT_EQ(again->event_json, n.event_json);
  EXPECT_EQ(again->group, n.group);
  EXPECT_EQ(again->summary, n.summary);
}

TEST(Notification, WhatIsNoneIsRefused) {
  for (const char* bad :
       {"", "[]", "{}", R"({"id":"a"})", R"({"target":"a"})", R"({"id":1,"target":"t"})",
        R"({"id":"a","target":"t","group":[]})", R"({"id":"a","target":"t","severity":"loud"})",
        R"({"id":"a","target":"t","value":"1"})", R"({"id":"a","target":"t","at_ns":1.5})",
        R"({"id":"a","target":"t","suppressed":-1})", R"({"id":"a\n","target":"t"})",
        R"({"id":"a","id":"b","target":"t"})"}) {
    const auto parsed = parse_notification(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, "malformed_json");
  }
  const std::string id(100, 'i');
  EXPECT_TRUE(parse_notification(R"({"id":")" + id + R"(","target":"t"})"));
  EXPECT_FALSE(parse_notification(R"({"id":")" + id + R"(i","target":"t"})"));
}

TEST(DeliveryEntry, ComesBackEqualAloneAndAsABundle) {
  DeliveryEntry entry;
  entry.number = 7;
  entry.attempts = 3;
  entry.queued_ns = 1'700'000'000'123'456'789;
  entry.last_error = "why";
  entry.message.notification = notification("id", "hook");
  EXPECT_EQ(entry_json(parse_entry(entry_json(entry)).value()), entry_json(entry));
  EXPECT_EQ(entry.stored_name(), "00000000000000000007-id");
  entry.message = make_bundle({notification("a", "hook", "r1"), notification("b", "hook", "r2")},
                              Format::json, "digest-1");
  const auto again = parse_entry(entry_json(entry));
  ASSERT_TRUE(again);
  EXPECT_EQ(entry_json(*again), entry_json(entry));
  EXPECT_TRUE(again->is_about("r2"));
  EXPECT_FALSE(again->is_about("rule"));
}

TEST(Signature, IsAnHmacThatOthersComputeToo) {
  // RFC 4231's second case has key "Jefe"; this one is of `openssl dgst -sha256 -hmac Jefe`.
  EXPECT_EQ(signature_of("Jefe", 1700000000, R"({"a":1})"),
            "v1=fa5f6481efc59da48b19c9dc10196c9953e5651f8304b3a318b6b87d70272e0a");
}

}  // namespace
}  // namespace tapedeck::alert::testing
