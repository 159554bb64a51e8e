#include "alert/message_template.hpp"

#include <gtest/gtest.h>

#include "alert/event_frame.hpp"

namespace tapedeck::alert {
namespace {

using testing::EventFrame;

Rule rule_of(std::string_view json, std::string_view name = "rule") {
  auto parsed = parse_rule(name, json);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return std::move(parsed).value();
}

/// What is known when an alert fires.
struct Moment {
  std::string_view state = "firing";
  Group group{};
  std::optional<double> value{};
  std::uint64_t count = 1;
  std::uint64_t suppressed = 0;
};

std::string said(const Rule& rule, const Moment& moment, const EventFrame* event = nullptr) {
  const auto compiled = MessageTemplate::compile(rule);
  if (!compiled) return compiled.error().message;
  return (*compiled)->render({rule, moment.state, moment.group, moment.value, moment.count,
                              moment.suppressed, event == nullptr ? nullptr : event->data(),
                              event == nullptr ? nullptr : &event->index()});
}

const EventFrame& order() {
  static const EventFrame event(
      R"({"type":"order_event","timestamp":"2025-11-18T07:55:41.345678Z","payload":{)"
      R"("order_id":"P-1","symbol":"NIFTY","side":"SELL","status":"rejected","qty":75,)"
      R"("price":19755.50,"share":0.30000000000000004,"note":"1.10","flag":true,"none":null,)"
      R"("reason":"RMS:\nmargin","list":[1,"a"]},"source":{"host":"a1"}})");
  return event;
}

std::string message(const std::string& text, const Moment& moment = {},
                    const EventFrame* event = &order()) {
  Rule rule = rule_of(R"({"when":{},"threshold":"avg(payload.a) > 2","window":"5m",
                          "severity":"critical","group_by":"symbol,payload.product"})",
                      "slow");
  rule.message = text;
  return said(rule, moment, event);
}

TEST(MessageTemplate, ShowsWhatIsKnownOfTheRuleAndTheGroup) {
  const Moment moment{"firing", {{"symbol", "NIFTY"}, {"payload.product", "MIS"}}, 2.5, 7, 3};
  EXPECT_EQ(message("{{rule}} {{severity}} {{state}} {{value}} {{count}} {{window}} "
                    "{{suppressed}}",
                    moment),
            "slow critical firing 2.5 7 5m 3");
  EXPECT_EQ(message("{{group}} / {{ group.symbol }} / {{group.payload.product}}", moment),
            "symbol NIFTY, product MIS / NIFTY / MIS");
}

TEST(MessageTemplate, ShowsWhatTheEventSays) {
  EXPECT_EQ(message("{{type}} {{payload.symbol}} {{payload.qty}} {{source.host}}"),
            "order_event NIFTY 75 a1");
  EXPECT_EQ(message("{{payload.qty * payload.price}}"), "1481662.5");
  EXPECT_EQ(message("{{payload.qty > 50}} {{payload.flag}} {{payload.none}} {{payload.list}}"),
            "true true null [1,\"a\"]");
  EXPECT_EQ(message("{{timestamp}}"), "2025-11-18T07:55:41.345678Z");
}

TEST(MessageTemplate, WritesNumbersShortlyAndTextsAsTheyAre) {
  EXPECT_EQ(message("{{payload.share}} {{payload.price}} {{payload.note}}"), "0.3 19755.5 1.10");
  EXPECT_EQ(message("{{value}}", {"firing", {}, 1.0 / 3, 1, 0}), "0.333333");
  EXPECT_EQ(message("{{value}}", {"firing", {}, 250.0, 1, 0}), "250");
  EXPECT_EQ(message("{{value}}", {"firing", {}, -0.0000001, 1, 0}), "0");
  EXPECT_EQ(message("{{value}}", {"firing", {}, 1e300, 1, 0}), "1e+300");
}

TEST(MessageTemplate, SaysWhatIsNotThere) {
  EXPECT_EQ(message("{{payload.nothing}} {{payload.symbol * 2}} {{payload.qty / 0}} {{value}}"),
            "n/a n/a n/a n/a");
  EXPECT_EQ(message("{{type}} {{payload.qty}}", {}, nullptr), "n/a n/a");
  EXPECT_EQ(message("{{group}} {{group.symbol}}"), "n/a n/a");
  EXPECT_EQ(message("{{group}} {{group.symbol}}", {"firing", {{"symbol", ""}}, {}, 1, 0}),
            "symbol n/a n/a");
}

TEST(MessageTemplate, KeepsTextThatIsNoPlaceholder) {
  EXPECT_EQ(message("a } b }} c { d"), "a } b }} c { d");
  EXPECT_EQ(message("Größe {{payload.qty}} 世界"), "Größe 75 世界");
}

TEST(MessageTemplate, IsOneLine) {
  EXPECT_EQ(message("a\nb\t{{payload.reason}}\x7f"), "a b RMS: margin ");
}

TEST(MessageTemplate, IsCutBetweenCharacters) {
  EXPECT_EQ(message(std::string(1000, 'x')).size(), 1000U);
  const std::string cut = message("x" + std::string(500, '.') + std::string(400, 'y') + "ßßßßß" +
                                  std::string(200, 'z'));
  EXPECT_LE(cut.size(), MessageTemplate::kMaxBytes);
  EXPECT_TRUE(cut.ends_with("z…"));
  std::string umlauts;
  for (int i = 0; i < 600; ++i) umlauts += "ß";
  const std::string even = message(umlauts), odd = message("x" + umlauts);
  EXPECT_EQ(even.size(), 999U);  // 498 of two bytes each, and the ellipsis
  EXPECT_EQ(odd.size(), 1000U);
  EXPECT_TRUE(odd.ends_with("ß…"));
}

TEST(MessageTemplate, SaysFirstThatAnAlertIsOverOrATest) {
  EXPECT_EQ(message("slow fills", {"resolved", {}, {}, 0, 0}), "resolved: slow fills");
  EXPECT_EQ(message("slow fills", {"test", {}, {}, 0, 0}), "test: slow fills");
  EXPECT_EQ(message("{{ state }} slow fills", {"resolved", {}, {}, 0, 0}), "resolved slow fills");
}

TEST(MessageTemplate, NamesTheColumnOfWhatIsWrong) {
  EXPECT_EQ(message("ß {{symbol}}"),
            "message, column 5: there is no symbol; an event has type, timestamp, source and "
            "payload (write payload.symbol).");
  EXPECT_EQ(message("ab {{payload.qty"), "message, column 4: {{ without }} behind it.");
  EXPECT_EQ(message("ab {{ }}"),
            "message, column 6: say between {{ and }} what is to stand there.");
  EXPECT_EQ(message("{{group.host}}"),
            "message, column 3: there is no group.host; group_by has symbol, payload.product.");
}

TEST(MessageTemplate, HasALimit) {
  EXPECT_EQ(message(std::string(2000, '.')).find("at most"), std::string::npos);
  EXPECT_EQ(message(std::string(2001, '.')), "message: at most 2000 bytes, not 2001.");
}

// --- without a message ---

TEST(DefaultSentence, OfEveryMatchTellsTheEvent) {
  const Rule rule =
      rule_of(R"({"when":"payload.status == \"rejected\"","every":true})", "rejected");
  EXPECT_EQ(said(rule, {}, &order()), "rejected: order_event NIFTY SELL 75 rejected: RMS: margin");
  EXPECT_EQ(said(rule, {"firing", {}, {}, 4, 3}, &order()),
            "rejected: order_event NIFTY SELL 75 rejected: RMS: margin (3 more not told)");
  EXPECT_EQ(said(rule, {"firing", {{"symbol", "NIFTY"}}, {}, 1, 0}, &order()),
            "rejected (symbol NIFTY): order_event SELL 75 rejected: RMS: margin");
  EXPECT_EQ(said(rule, {"resolved", {{"symbol", "NIFTY"}}, {}, 1, 0}, &order()),
            "resolved: rejected (symbol NIFTY)");
  EXPECT_EQ(said(rule, {"test", {}, {}, 0, 0}), "test: rejected is told here");
}

TEST(DefaultSentence, OfACountTellsHowMany) {
  const Rule rule = rule_of(
      R"({"when":{"event_type":"order_event"},"count":5,"window":"1m","for":"30s"})", "rejects");
  EXPECT_EQ(said(rule, {"firing", {{"strategy", "momentum"}}, {}, 7, 0}),
            "rejects (strategy momentum): 7 order_event within 1m, at least 5 for 30s");
}

TEST(DefaultSentence, OfAbsenceTellsHowLong) {
  const Rule rule =
      rule_of(R"({"when":{"event_type":"tick_event"},"absence":"30s"})", "feed_stale");
  EXPECT_EQ(said(rule, {"firing", {{"symbol", "NIFTY"}}, {}, 0, 0}),
            "feed_stale (symbol NIFTY): no tick_event for 30s");
  EXPECT_EQ(said(rule_of(R"({"when":{},"absence":"30s","for":"15s"})", "silent"), {}),
            "silent: no events for 45s");
}

TEST(DefaultSentence, OfAThresholdTellsTheValueAndTheLimit) {
  const Rule rule =
      rule_of(R"({"when":{},"threshold":"p99(payload.latency_ms) > 250","window":"1m","for":"5m"})",
              "slow");
  EXPECT_EQ(said(rule, {"firing", {{"engine", "X"}}, 312.4, 9, 0}),
            "slow (engine X): p99 latency_ms within 1m is 312.4, over 250 for 5m");
  EXPECT_EQ(said(rule, {"resolved", {{"engine", "X"}}, 120, 9, 0}),
            "resolved: slow (engine X): p99 latency_ms within 1m is 120, no longer over 250");
  EXPECT_EQ(said(rule, {"resolved", {}, 312.4, 9, 0}), "resolved: slow");
  EXPECT_EQ(said(rule_of(R"({"when":{},"threshold":"last(payload.streak) >= 5"})", "losses"),
                 {"firing", {}, 6, 1, 0}),
            "losses: streak is 6, at least 5");
  EXPECT_EQ(said(rule_of(R"({"when":{},"threshold":"count() < 3","window":"1m"})", "few"),
                 {"firing", {}, 2, 1, 0}),
            "few: count within 1m is 2, under 3");
}

TEST(DefaultSentence, OfAConditionOfTheNewestEventTellsTheCondition) {
  const Rule rule = rule_of(
      R"({"when":{},"threshold":"last(payload.status == \"unknown\") > 0","for":"5s"})", "unknown");
  EXPECT_EQ(said(rule, {"firing", {{"order_id", "P-1"}}, 1, 1, 0}),
            "unknown (order_id P-1): payload.status == \"unknown\" for 5s");
  EXPECT_EQ(said(rule, {"resolved", {{"order_id", "P-1"}}, 0, 1, 0}),
            "resolved: unknown (order_id P-1)");
}

}  // namespace
}  // namespace tapedeck::alert
