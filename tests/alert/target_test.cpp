// Targets and options of the delivery as they are written.
#include "alert/target.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "alert/dispatcher.hpp"
#include "auth/temp_folder.hpp"

namespace tapedeck::alert {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Target, IsReadWithItsDefaults) {
  const auto target = parse_target("desk", R"({"url":"https://example.com/hook"})");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->name, "desk");
  EXPECT_EQ(target->url, "https://example.com/hook");
  EXPECT_EQ(target->format, Format::json);
  EXPECT_EQ(target->max_per_minute, 30U);
  EXPECT_EQ(target->repeat.count(), 0);
  EXPECT_TRUE(target->send_resolved);
}

TEST(Target, IsReadWithEverything) {
  const auto target = parse_target(
      "desk", R"({"url":"https://example.com/x","format":"slack","secret":"s","ca_file":"/ca.pem",)"
              R"("max_per_minute":0,"repeat":"4h","send_resolved":false})");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->format, Format::slack);
  EXPECT_EQ(target->secret, "s");
  EXPECT_EQ(target->ca_file, "/ca.pem");
  EXPECT_EQ(target->max_per_minute, 0U);
  EXPECT_EQ(target->repeat, std::chrono::hours(4));
  EXPECT_FALSE(target->send_resolved);
}

TEST(Target, OfAUrlTheSchemeOrAKnownHostNamesTheFormat) {
  const auto format = [](const char* url) { return target_of_url(url, "")->format; };
  EXPECT_EQ(format("https://example.com/"), Format::json);
  EXPECT_EQ(format("json+https://hooks.slack.com/services/T/B/X"), Format::json);
  EXPECT_EQ(format("https://hooks.slack.com/services/T/B/X"), Format::slack);
  EXPECT_EQ(format("slack+https://chat.example.com/hooks/x"), Format::slack);
  const auto manager = target_of_url("alertmanager+http://host:9093/prefix/", "s");
  EXPECT_EQ(manager->url, "http://host:9093/prefix/api/v2/alerts");
  EXPECT_EQ(manager->repeat, std::chrono::minutes(1));
  EXPECT_EQ(manager->secret, "s");
  const auto telegram =
      target_of_url("https://api.telegram.org/bot1:TOKEN/sendMessage?a=b&chat_id=-100123", "");
  EXPECT_EQ(telegram->format, Format::telegram);
  EXPECT_EQ(telegram->chat_id, "-100123");
  EXPECT_EQ(telegram->url, "https://api.telegram.org/bot1:TOKEN/sendMessage?a=b");
  const auto short_one =
      target_of_url("telegram+https://api.telegram.org/bot1:TOKEN?chat_id=%40desk", "");
  EXPECT_EQ(short_one->chat_id, "@desk");
  EXPECT_EQ(short_one->url, "https://api.telegram.org/bot1:TOKEN/sendMessage");
  const auto basic = target_of_url("alertmanager+https://anna:pw@host", "");
  EXPECT_EQ(basic->url, "https://anna:pw@host/api/v2/alerts");
}

TEST(Target, WhatCannotBeIsAnErrorThatSaysWhatMayBeWritten) {
  const auto error = [](const char* json) {
    const auto target = parse_target("desk", json);
    EXPECT_FALSE(target) << json;
    return target ? std::string()
                  : target.error().code + target.error().field + target.error().message;
  };
  EXPECT_THAT(error("["), HasSubstr("malformed_json"));
  EXPECT_THAT(error("{}"), HasSubstr("invalid_target/url"));
  EXPECT_THAT(error(R"({"url":"example.com"})"), HasSubstr("/url"));
  EXPECT_THAT(error(R"({"url":"ftp://example.com"})"), HasSubstr("neither http nor https"));
  EXPECT_THAT(error(R"({"url":"smtp+https://example.com"})"), HasSubstr("alertmanager"));
  EXPECT_THAT(error(R"({"url":"slack+https://e.com","format":"json"})"), HasSubstr("/format"));
  EXPECT_THAT(error(R"({"url":"https://e.com","format":"teams"})"), HasSubstr("slack, telegram"));
  EXPECT_THAT(error(R"({"url":"https://e.com","format":"telegram"})"), HasSubstr("/chat_id"));
  EXPECT_THAT(error(R"({"url":"https://e.com","chat_id":"1"})"), HasSubstr("/chat_id"));
  EXPECT_THAT(error(R"({"url":"https://e.com","max_per_minute":-1})"), HasSubstr("0 to 60000"));
  EXPECT_THAT(error(R"({"url":"https://e.com","max_per_minute":60001})"), HasSubstr("0 to 60000"));
  EXPECT_THAT(error(R"({"url":"https://e.com","repeat":"soon"})"), HasSubstr("/repeat"));
  EXPECT_THAT(error(R"({"url":"https://e.com","repeat":"1500ms"})"), HasSubstr("whole seconds"));
  EXPECT_THAT(error(R"({"url":"https://e.com","secret":"a","secret_env":"HOME"})"),
              HasSubstr("one of secret"));
  EXPECT_THAT(error(R"({"url":"https://e.com","secret_file":"/nowhere"})"), HasSubstr("/nowhere"));
  EXPECT_THAT(error(R"({"url":"https://e.com","secret_env":"TD_NOT_SET"})"),
              HasSubstr("TD_NOT_SET"));
  EXPECT_THAT(error(R"({"url":"https://e.com","retries":3})"), HasSubstr("max_per_minute"));
  EXPECT_FALSE(parse_target("a b", R"({"url":"https://e.com"})"));
}

TEST(Target, ErrorsAndWhatIsShownNeverHoldTheUrl) {
  for (const char* url : {"https://anna:secret@e.com:99999/secret", "ftp://secret@x/secret",
                          "https://e.com/secret\x01", "secret+https://e.com/secret"}) {
    const auto target = target_of_url(url, "");
    ASSERT_FALSE(target) << url;
    EXPECT_THAT(target.error().message, Not(HasSubstr("secret"))) << url;
    EXPECT_THAT(shown_target(url), Not(HasSubstr("secret"))) << url;
  }
  EXPECT_EQ(shown_target("desk"), "desk");
  EXPECT_EQ(shown_target("https://anna:pw@example.com/x?y"), "https://example.com");
  EXPECT_EQ(shown_target("slack+http://[::1]:80/x"), "slack+http://[::1]:80");
  EXPECT_FALSE(target_of_url("https://e.com/" + std::string(2048, 'x'), ""));
  for (const char* odd : {"https:/e.com/x", "https:///e.com/x", "https:e.com", "https://e.com/ x",
                          "https://é.com/", "https://e.com/%0d%0a\n", "https://:80/", "://e.com"}) {
    EXPECT_FALSE(target_of_url(odd, "")) << odd;
  }
}

TEST(Target, SecretsComeFromFilesAndTheEnvironmentToo) {
  const auth::testing::TempFolder folder;
  const std::string file = folder.write("secret", "from file\n").string();
  EXPECT_EQ(parse_target("d", R"({"url":"https://e.com","secret_file":")" + file + "\"}")->secret,
            "from file");
  ::setenv("TD_TEST_SECRET", "from environment", 1);
  EXPECT_EQ(parse_target("d", R"({"url":"https://e.com","secret_env":"TD_TEST_SECRET"})")->secret,
            "from environment");
  ::unsetenv("TD_TEST_SECRET");
}

TEST(DeliveryOptions, AreReadWithEverything) {
  const auto options = parse_delivery_options(
      R"({"secret":"s","allow_addresses":["10.0.0.0/8"],"proxy":"http://p:3128",)"
      R"("connect_timeout":"1s","request_timeout":"2s","retry_first":"100ms","retry_longest":"5m",)"
      R"("retry_for":"2h","max_queued_per_target":5,"max_dead_letters":6,)"
      R"("max_connections_per_target":7,"heartbeat":{"url":"https://hc.example/x","interval":"30s"}})");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->secret, "s");
  EXPECT_EQ(options->addresses.allowed, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(options->proxy, "http://p:3128");
  EXPECT_EQ(options->connect_timeout.count(), 1000);
  EXPECT_EQ(options->request_timeout.count(), 2000);
  EXPECT_EQ(options->retry_first.count(), 100);
  EXPECT_EQ(options->retry_longest.count(), 300'000);
  EXPECT_EQ(options->retry_for.count(), 7200);
  EXPECT_EQ(options->max_queued_per_target, 5U);
  EXPECT_EQ(options->max_dead_letters, 6U);
  EXPECT_EQ(options->max_connections_per_target, 7U);
  EXPECT_EQ(options->heartbeat_url, "https://hc.example/x");
  EXPECT_EQ(options->heartbeat_interval.count(), 30);
  EXPECT_EQ(parse_delivery_options("{}")->retry_for.count(), 3600);
}

TEST(DeliveryOptions, WhatCannotBeIsAnErrorAtItsPlace) {
  const auto field = [](const char* json) {
    const auto options = parse_delivery_options(json);
    EXPECT_FALSE(options) << json;
    return options ? std::string() : options.error().field;
  };
  EXPECT_EQ(field(R"({"allow_addresses":["10.0.0.1/8"]})"), "/allow_addresses");
  EXPECT_EQ(field(R"({"allow_addresses":"10.0.0.1"})"), "/allow_addresses");
  EXPECT_EQ(field(R"({"retry_first":"2m"})"), "/retry_first");
  EXPECT_EQ(field(R"({"request_timeout":"9ms"})"), "/request_timeout");
  EXPECT_EQ(field(R"({"max_connections_per_target":0})"), "/max_connections_per_target");
  EXPECT_EQ(field(R"({"max_connections_per_target":65})"), "/max_connections_per_target");
  EXPECT_EQ(field(R"({"heartbeat":{}})"), "/heartbeat/url");
  EXPECT_EQ(field(R"({"heartbeat":{"url":"x"}})"), "/heartbeat/url");
  EXPECT_EQ(field(R"({"heartbeat":{"url":"https://e.com","every":"1s"}})"), "/heartbeat/every");
  EXPECT_EQ(field(R"({"max_queue":1})"), "/max_queue");
}

}  // namespace
}  // namespace tapedeck::alert
