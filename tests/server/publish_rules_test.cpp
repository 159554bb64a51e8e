// What a grant may publish: by itself, and over HTTP on both ways in.
#include "server/publish_rules.hpp"

#include "grants.hpp"
#include "server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using auth::Grant;
using auth::Scope;

std::string tick(const std::string& payload, const std::string& source = {}) {
  return R"({"type":"tick","payload":)" + payload +
         (source.empty() ? "" : ",\"source\":" + source) + "}";
}
constexpr std::string_view kCommand =
    R"({"type":"command_event","payload":{"command":"kill","target":"*","state":"requested"}})";

class PublishRules : public ::testing::Test {
 protected:
  /// What becomes of a batch; nothing: it is allowed.
  std::optional<Error> refusal(const Grant& grant, const std::string& body) {
    const auto decoded = decoder_.decode_copy(body, BatchFormat::json);
    EXPECT_TRUE(decoded.ok()) << decoded.error().message;
    const auto allowed = apply_publish_rules(grant, *decoded, stamped_);
    if (!allowed) return allowed.error();
    allowed_ = *allowed;
    return std::nullopt;
  }
  void expect_refused(const Grant& grant, const std::string& body, const std::string& field) {
    const auto error = refusal(grant, body);
    ASSERT_TRUE(error) << body;
    EXPECT_EQ(error->code, "forbidden");
    EXPECT_EQ(error->field, field);
    EXPECT_FALSE(error->message.empty());
  }
  void expect_allowed(const Grant& grant, const std::string& body) {
    const auto error = refusal(grant, body);
    EXPECT_FALSE(error) << body << ": " << error->message;
  }
  static std::string_view key_of(const DecodedEvent& event, Key key) {
    const KeySpan span = event.source_keys[static_cast<std::size_t>(key)];
    return event.source.substr(span.offset(), span.length());
  }

  EventDecoder decoder_;
  StampedEvents stamped_;
  std::span<const DecodedEvent> allowed_;
};

TEST_F(PublishRules, ACommandNeedsAdminAndRefusesTheWholeBatchWithItsIndex) {
  const Grant publisher = grant_named("p", Scope::publish), admin = grant_named("a");
  expect_refused(publisher, std::string(kCommand), "/type");
  expect_refused(publisher, "[" + tick("{}") + "," + std::string(kCommand) + "]", "/1/type");
  EXPECT_EQ(refusal(publisher, "[" + tick("{}") + "," + std::string(kCommand) + "]")
                ->message.substr(0, 9),
            "Event 1: ");
  expect_allowed(publisher, tick("{}"));
  expect_allowed(admin, "[" + tick("{}") + "," + std::string(kCommand) + "]");
  EXPECT_EQ(allowed_.size(), 2U);
  EXPECT_TRUE(stamped_.events.empty()) << "who has no rules is not copied";
}

TEST_F(PublishRules, ANarrowedGrantPublishesInsideItsNarrowingOnly) {
  Grant grant = grant_named("p", Scope::publish);
  grant.narrowing = {.event_type = {"tick"}, .symbol = {"A", "C \"q\""}, .strategy = {"m"}};
  expect_allowed(grant, tick(R"({"symbol":"A","strategy":"m"})"));
  expect_allowed(grant, tick(R"({"symbol":"C \"q\"","strategy_name":"m"})"));
  expect_allowed(grant, tick(R"({"symbol":"A","strategy":"m","strategy_name":"m"})"));
  expect_refused(grant, R"({"type":"note","payload":{"symbol":"A","strategy":"m"}})", "/type");
  expect_refused(grant, tick(R"({"symbol":"B","strategy":"m"})"), "/payload/symbol");
  expect_refused(grant, tick(R"({"strategy":"m"})"), "/payload/symbol");
  expect_refused(grant, tick(R"({"symbol":"A"})"), "/payload/strategy");
  expect_refused(grant, tick(R"({"symbol":["A"],"strategy":"m"})"), "/payload/symbol");
  expect_refused(grant, tick(R"({"inner":{"symbol":"A"},"strategy":"m"})"), "/payload/symbol");
}

TEST_F(PublishRules, OneAllowedNameDoesNotHideAnotherOne) {
  Grant grant = grant_named("p", Scope::publish);
  grant.narrowing = {{}, {"A"}, {"m"}};
  expect_refused(grant, tick(R"({"symbol":"B","symbol":"A","strategy":"m"})"), "/payload/symbol");
  expect_refused(grant, tick(R"({"symbol":"A","symbol":"B","strategy":"m"})"), "/payload/symbol");
  expect_refused(grant, tick(R"({"symbol":"A","strategy":"m","strategy_name":"x"})"),
                 "/payload/strategy_name");
  expect_refused(grant, tick(R"({"symbol":"A","strategy_name":"m","s\u0074rategy":"x"})"),
                 "/payload/strategy");
}

TEST_F(PublishRules, ABoundGrantStampsWhatNamesNoEngineAndRefusesOthers) {
  Grant grant = grant_named("p", Scope::publish);
  grant.engine_id = "paper \"1\"";
  grant.account = "acc";
  expect_allowed(grant, "[" + tick("{}") + "," + tick("{}", R"({"host":"h1"})") + "," +
                            tick("{}", R"({"engine_id":"paper \"1\"","mode":"live"})") + "," +
                            tick("{}") + "]");
  ASSERT_EQ(allowed_.size(), 4U);
  const std::string id = R"(paper \u00221\u0022)";
  EXPECT_EQ(allowed_[0].source, "{\"engine_id\":\"" + id + "\",\"account\":\"acc\"}");
  EXPECT_EQ(allowed_[1].source,
            "{\"host\":\"h1\",\"engine_id\":\"" + id + "\",\"account\":\"acc\"}");
  EXPECT_EQ(allowed_[2].source,
            "{\"engine_id\":\"" + id + "\",\"mode\":\"live\",\"account\":\"acc\"}");
  EXPECT_EQ(allowed_[3].source, allowed_[0].source);
  for (const DecodedEvent& event : allowed_) {
    EXPECT_EQ(key_of(event, Key::engine_id), id);
    EXPECT_EQ(key_of(event, Key::account), "acc");
  }
  EXPECT_EQ(key_of(allowed_[1], Key::host), "h1");
  EXPECT_EQ(key_of(allowed_[2], Key::mode), "live");
  expect_refused(grant, tick("{}", R"({"engine_id":"other"})"), "/source/engine_id");
  expect_refused(grant, tick("{}", R"({"account":"other"})"), "/source/account");
  expect_refused(grant, "[" + tick("{}") + "," + tick("{}", R"({"account":"other"})") + "]",
                 "/1/source/account");
}

TEST_F(PublishRules, ABoundMemberThatIsNoTextOrIsThereTwiceIsRefused) {
  Grant grant = grant_named("p", Scope::publish);
  grant.engine_id = "5";
  expect_refused(grant, tick("{}", R"({"engine_id":5})"), "/source/engine_id");
  expect_refused(grant, tick("{}", R"({"engine_id":null})"), "/source/engine_id");
  expect_refused(grant, tick("{}", R"({"engine_id":{}})"), "/source/engine_id");
  expect_refused(grant, tick("{}", R"({"engine_id":"6","engine_id":"5"})"), "/source/engine_id");
  expect_allowed(grant, tick("{}", R"({"inner":{"engine_id":"6"},"engine_id":"5"})"));
}

// --- over HTTP ---

class PublishRulesOverHttp : public ServerTest {
 protected:
  PublishRulesOverHttp() {
    grants_.add(grant_named("admin"));
    grants_.add(grant_named("publisher", Scope::publish));
    grants_.add(grant_named("other", Scope::publish));
    Grant narrow = grant_named("narrow", Scope::publish);
    narrow.narrowing.symbol = {"A"};
    grants_.add(narrow);
    Grant bound = grant_named("bound", Scope::publish);
    bound.engine_id = "engine-7";
    grants_.add(bound);
    Grant slow = grant_named("slow", Scope::publish);
    slow.quota.publish_events_per_second = 0.5;
    grants_.add(slow);
    bus_ = std::make_unique<TelemetryBus>(BusOptions{});
    ServerOptions options;
    options.listen_port = 0;
    options.io_threads = 1;
    server_ = std::make_unique<Server>(*bus_, options, nullptr, StoreHooks{}, grants_.hooks());
    server_->start();
  }
  TestResponse publish(const std::string& key, std::string_view body,
                       const std::string& headers = {},
                       std::string_view path = "/api/telemetry/events") {
    return connect().request("POST", path, body, key_header(key) + headers);
  }
  std::uint64_t published() { return bus_->get_stats().published_total; }

  TestGrants grants_;
};

TEST_F(PublishRulesOverHttp, CommandsAreForAdminsOnEitherPath) {
  constexpr std::string_view kKill = R"({"command":"kill"})";
  expect_error(publish("publisher", kCommand), 403, "forbidden", "/type");
  expect_error(publish("publisher", kKill, {}, "/api/telemetry/commands"), 403, "forbidden");
  EXPECT_EQ(published(), 0U);
  EXPECT_EQ(publish("admin", kCommand).status, 200);
  EXPECT_EQ(publish("admin", kKill, {}, "/api/telemetry/commands").status, 200);
  EXPECT_EQ(publish("", kCommand).status, 200) << "everybody, where there is no auth";
  EXPECT_EQ(published(), 3U);
}

TEST_F(PublishRulesOverHttp, ABatchWithOneForbiddenEventPublishesNothing) {
  const std::string a = tick(R"({"symbol":"A"})"), b = tick(R"({"symbol":"B"})");
  expect_error(publish("narrow", "[" + a + "," + b + "]"), 403, "forbidden", "/1/payload/symbol");
  EXPECT_EQ(published(), 0U);
  EXPECT_EQ(publish("narrow", "[" + a + "," + a + "]").status, 200);
  EXPECT_EQ(published(), 2U);
}

TEST_F(PublishRulesOverHttp, StampedEventsAreFoundByWhatTheyWereStampedWith) {
  EXPECT_EQ(publish("bound", tick(R"({"n":1})", R"({"host":"h"})")).status, 200);
  EXPECT_EQ(publish("", tick(R"({"n":2})")).status, 200);
  const json found = json::parse(get("/api/telemetry/events?engine_id=engine-7&host=h").body);
  ASSERT_EQ(found["count"], 1);
  EXPECT_EQ(found["events"][0]["payload"]["n"], 1);
  EXPECT_EQ(found["events"][0]["source"], json({{"host", "h"}, {"engine_id", "engine-7"}}));
}

TEST_F(PublishRulesOverHttp, OneCallerCannotReplayAnothersBatch) {
  const std::string key = "Idempotency-Key: batch-1\r\n", body = tick("{}");
  const auto first_id = [&](const std::string& caller) {
    return json::parse(publish(caller, body, key).body)["first_id"].get<std::string>();
  };
  const std::string one = first_id("publisher"), two = first_id("other"), all = first_id("");
  EXPECT_EQ(published(), 3U) << "three callers, three batches";
  EXPECT_EQ(first_id("publisher"), one);
  EXPECT_EQ(first_id("other"), two);
  EXPECT_EQ(first_id(""), all);
  EXPECT_EQ(published(), 3U);
  const TestResponse reused = publish("publisher", tick(R"({"n":1})"), key);
  expect_error(reused, 422, "idempotency_key_reused", "Idempotency-Key");
  EXPECT_EQ(reused.body.find("key:publisher"), std::string::npos) << reused.body;
}

TEST_F(PublishRulesOverHttp, WhoPublishesMoreThanHisQuotaIsToldWhenToComeBack) {
  EXPECT_EQ(publish("slow", tick("{}")).status, 200);  // the burst is one event
  const TestResponse response = publish("slow", tick("{}"));
  expect_error(response, 429, "rate_limited");
  const int seconds = std::stoi(response.headers.at("retry-after"));
  EXPECT_GE(seconds, 1);
  EXPECT_LE(seconds, 2);
  EXPECT_EQ(published(), 1U);
  EXPECT_EQ(publish("publisher", tick("{}")).status, 200) << "others are not held up";
}

TEST(IdempotencyKeysOfCallers, AKeyThatAnEarlierVersionStoredIsStillEverybodys) {
  IdempotencyKeys keys;
  keys.restore({"old", {{1, 1}, "e", 7}, to_ns(now())});
  const auto append = []() -> Result<IdempotencyKeys::Accepted> {
    return IdempotencyKeys::Accepted{{9, 9}, "e", 0};
  };
  EXPECT_TRUE(keys.accept_once(IdempotencyKeys::owned_by("", "old"), 7, append)->replayed);
  EXPECT_FALSE(keys.accept_once(IdempotencyKeys::owned_by("key:1", "old"), 7, append)->replayed);
}

}  // namespace
}  // namespace tapedeck::testing
