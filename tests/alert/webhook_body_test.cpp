// What targets are told, format by format.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "alert/delivery_fixture.hpp"
#include "alert/message.hpp"
#include "base/machine.hpp"

namespace tapedeck::alert::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'763'452'541'000'000'000;  // 2025-11-18T07:55:41Z

Notification example() {
  Notification n = notification("id-1", "hook", "feed_stale");
  n.summary = "NIFTY <b> & \"quotes\"";
  n.description = "no tick for 30s";
  n.at_ns = kNow;
  n.started_ns = kNow - 30'000'000'000;
  n.suppressed = 4;
  return n;
}

json body_of(const Notification& n, Format format) {
  Target target = target_at("hook", "https://e.com");
  target.format = format;
  target.chat_id = "-1001";
  target.repeat = std::chrono::seconds(60);
  Message message;
  message.notification = n;
  return json::parse(webhook_body(message, target, kNow));
}

TEST(WebhookBody, PlainJsonHasEverything) {
  Notification n = example();
  EXPECT_EQ(body_of(n, Format::json), json::parse(R"({
    "delivery":"id-1","alert_id":"alert-id-1","rule":"feed_stale","state":"firing",
    "severity":"critical","summary":"NIFTY <b> & \"quotes\"","description":"no tick for 30s",
    "group":{"symbol":"NIFTY"},"value":1.5,"event_id":"9f3c21-7",
    "event":{"type":"order_event","payload":{"price":100.10}},
    "at":"2025-11-18T07:55:41.000000Z","started_at":"2025-11-18T07:55:11.000000Z",
    "resolved_at":null,"suppressed":4})"));
  n.event_json.clear();
  n.value.reset();
  n.started_ns = 0;
  const json without = body_of(n, Format::json);
  EXPECT_TRUE(without.at("event").is_null());
  EXPECT_TRUE(without.at("value").is_null());
  EXPECT_TRUE(without.at("started_at").is_null());
}

TEST(WebhookBody, SlackTextIsEscapedAndColoured) {
  const json body = body_of(example(), Format::slack);
  EXPECT_EQ(body.at("text"), "[critical] NIFTY &lt;b&gt; &amp; \"quotes\"");
  const json attachment = body.at("attachments").at(0);
  EXPECT_EQ(attachment.at("color"), "#c62828");
  EXPECT_THAT(attachment.at("text").get<std::string>(), HasSubstr("symbol: NIFTY"));
  Notification over = example();
  over.state = "resolved";
  EXPECT_EQ(body_of(over, Format::slack).at("attachments").at(0).at("color"), "#2e7d32");
}

TEST(WebhookBody, WhatIsOverSaysSoOnce) {
  Notification n = example();
  n.state = "resolved";
  n.summary = "resolved: NIFTY";
  EXPECT_EQ(body_of(n, Format::slack).at("text"), "resolved: NIFTY");
  n.summary = "NIFTY ticks again";
  EXPECT_EQ(body_of(n, Format::slack).at("text"), "[resolved] NIFTY ticks again");
}

TEST(WebhookBody, TelegramGetsPlainTextForItsChat) {
  const json body = body_of(example(), Format::telegram);
  EXPECT_EQ(body.at("chat_id"), "-1001");
  EXPECT_EQ(body.at("disable_web_page_preview"), true);
  EXPECT_THAT(body.at("text").get<std::string>(),
              HasSubstr("[critical] NIFTY <b> & \"quotes\"\nno tick for 30s\nsymbol: NIFTY"));
}

/// UTF-16's units, as Telegram counts.
std::size_t units_of(const std::string& text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0) == 0x80 ? 0U : byte >= 0xF0 ? 2U : 1U;
  }
  return units;
}

TEST(WebhookBody, TelegramTextIsCutBetweenCharacters) {
  for (const char* character : {"a", "é", "₹", "😀"}) {
    for (std::size_t extra = 0; extra < 4; ++extra) {
      Notification n = example();
      n.summary = std::string(extra, '-');
      for (int i = 0; i < 5000; ++i) n.summary += character;
      const auto text = body_of(n, Format::telegram).at("text").get<std::string>();
      EXPECT_LE(units_of(text), 4096U);
      EXPECT_GE(units_of(text), 4095U);
      EXPECT_TRUE(text.ends_with(character)) << "whole";
    }
  }
}

TEST(WebhookBody, AlertmanagerGetsLabelsThatAreAlikeWhenItIsOver) {
  Notification n = example();
  n.group = {{"payload.product", "MIS"}, {"severity", "x"}, {"9", "y"}, {"empty", ""}};
  const json firing = body_of(n, Format::alertmanager).at(0);
  EXPECT_EQ(firing.at("labels"), json({{"alertname", "feed_stale"},
                                       {"severity", "critical"},
                                       {"tapedeck", machine_name()},
                                       {"payload_product", "MIS"},
                                       {"severity_", "x"},
                                       {"_9", "y"}}));
  EXPECT_EQ(firing.at("annotations"), json({{"summary", n.summary},
                                            {"description", n.description},
                                            {"value", "1.5"},
                                            {"event_id", n.event_id}}));
  EXPECT_EQ(firing.at("startsAt"), "2025-11-18T07:55:11.000000Z");
  EXPECT_EQ(firing.at("endsAt"), "2025-11-18T07:59:41.000000Z");
  n.state = "resolved";
  n.resolved_ns = kNow - 1'000'000'000;
  const json over = body_of(n, Format::alertmanager).at(0);
  EXPECT_EQ(over.at("labels"), firing.at("labels"));
  EXPECT_EQ(over.at("endsAt"), "2025-11-18T07:55:40.000000Z");
  n.resolved_ns = kNow + 1;
  EXPECT_EQ(body_of(n, Format::alertmanager).at(0).at("endsAt"), "2025-11-18T07:55:41.000000Z");
}

TEST(WebhookBody, ADigestCountsAndShowsTheFirst) {
  std::vector<Notification> parts;
  for (int i = 0; i < 25; ++i) {
    parts.push_back(notification("id-" + std::to_string(i), "hook", i % 5 == 0 ? "rare" : "often"));
    parts.back().severity = i == 3 ? Severity::warning : Severity::info;
  }
  const Message digest = make_bundle(parts, Format::json, "digest-1");
  Target target = target_at("hook", "https://e.com");
  const json body = json::parse(webhook_body(digest, target, kNow));
  EXPECT_EQ(body.at("delivery"), "digest-1");
  EXPECT_EQ(body.at("state"), "digest");
  EXPECT_EQ(body.at("messages"), 25);
  EXPECT_EQ(body.at("severity"), "warning");
  EXPECT_EQ(body.at("summary"), "25 alerts: often (20), rare (5)");
  EXPECT_EQ(body.at("rules"), json({{"often", 20}, {"rare", 5}}));
  EXPECT_EQ(body.at("severities"), json({{"info", 24}, {"warning", 1}}));
  EXPECT_EQ(body.at("alerts").size(), 20U);
  EXPECT_EQ(body.at("alerts").at(0).at("delivery"), "id-0");
  target.format = Format::slack;
  EXPECT_THAT(webhook_body(digest, target, kNow), HasSubstr("and 5 more"));
  target.format = Format::telegram;
  EXPECT_THAT(webhook_body(digest, target, kNow), HasSubstr("24 info, 1 warning"));
}

TEST(WebhookBody, AHeartbeatSaysWhatWaits) {
  EXPECT_EQ(heartbeat_body(kNow, 3, 2),
            R"({"state":"alive","at":"2025-11-18T07:55:41.000000Z","queued":3,"dead":2})");
}

}  // namespace
}  // namespace tapedeck::alert::testing
