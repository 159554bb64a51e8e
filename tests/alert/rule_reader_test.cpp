#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "alert/rule.hpp"

namespace tapedeck::alert {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Rule read(std::string_view text) {
  auto parsed = parse_rule("rule", text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return std::move(parsed).value();
}

TEST(RuleReader, ReadsAllOfARule) {
  const Rule rule = read(R"({
    "name":"rule", "description":"fills that take long", "enabled":false,
    "when":{"event_type":["order_event","fill"],"strategy":"momentum,mean_reversion",
            "filter":"payload.qty > 50"},
    "threshold":"p99(payload.latency_ms) >= 250", "window":"5m", "min_count":20,
    "severity":"critical", "for":"30s", "cooldown":"10m", "max_age":"5s",
    "group_by":"symbol,type,payload.product,source.host", "market_hours":true, "exchange":"NFO",
    "hours":"09:20-15:10",
    "while":{"event_type":"engine_health","engine":"ExecutionEngine","within":"15s","by":["symbol"]},
    "forget":"payload.status == \"stopped\"", "message":"{{payload.symbol}} is slow",
    "notify":["phone","https://example.org/hook"]})");
  EXPECT_EQ(rule.name, "rule");
  EXPECT_EQ(rule.description, "fills that take long");
  EXPECT_FALSE(rule.enabled);
  EXPECT_EQ(rule.when.event_type, (std::vector<std::string>{"order_event", "fill"}));
  EXPECT_EQ(rule.when.strategy, (std::vector<std::string>{"momentum", "mean_reversion"}));
  EXPECT_EQ(rule.when.expression, "payload.qty > 50");
  const Threshold threshold{
      Aggregate::p99, "payload.latency_ms", Comparison::at_least, 250, 5min, 20};
  EXPECT_EQ(rule.condition, Condition(threshold));
  EXPECT_EQ(rule.severity, Severity::critical);
  EXPECT_EQ(rule.hold, Duration(30s));
  EXPECT_EQ(rule.cooldown, Duration(10min));
  EXPECT_EQ(rule.max_age, Duration(5s));
  EXPECT_EQ(rule.group_by,
            (std::vector<std::string>{"symbol", "type", "payload.product", "source.host"}));
  EXPECT_TRUE(rule.market_hours);
  EXPECT_EQ(rule.exchange, "NFO");
  EXPECT_EQ(rule.hours, (TimeOfDay{9h + 20min, 15h + 10min}));
  ASSERT_TRUE(rule.only_while);
  EXPECT_EQ(rule.only_while->when.event_type, std::vector<std::string>{"engine_health"});
  EXPECT_EQ(rule.only_while->when.engine, std::vector<std::string>{"ExecutionEngine"});
  EXPECT_EQ(rule.only_while->within, Duration(15s));
  EXPECT_EQ(rule.only_while->by, std::vector<std::string>{"symbol"});
  EXPECT_EQ(rule.forget, "payload.status == \"stopped\"");
  EXPECT_EQ(rule.message, "{{payload.symbol}} is slow");
  EXPECT_EQ(rule.notify, (std::vector<std::string>{"phone", "https://example.org/hook"}));
}

TEST(RuleReader, NeedsLittle) {
  const Rule rule = read(R"({"when":{},"every":true})");
  EXPECT_EQ(rule.condition, Condition(Every{}));
  EXPECT_EQ(rule.severity, Severity::warning);
  EXPECT_EQ(rule.resolve_after, Duration(5min));
  EXPECT_EQ(rule.max_age, Duration(60s));
  EXPECT_EQ(rule.exchange, "NSE");
  EXPECT_TRUE(rule.enabled && rule.notify.empty() && rule.group_by.empty() && !rule.hours &&
              !rule.only_while);
}

TEST(RuleReader, TakesAnExpressionAloneAsWhen) {
  EXPECT_EQ(read(R"({"when":"payload.qty > 1","every":true})").when.expression, "payload.qty > 1");
}

TEST(RuleReader, TakesEachKindOfCondition) {
  EXPECT_EQ(read(R"({"when":{},"count":5,"window":"1m"})").condition, Condition(Count{5, 1min}));
  EXPECT_EQ(read(R"({"when":{},"absence":"30s"})").condition, Condition(Absence{30s}));
  EXPECT_EQ(read(R"({"when":{},"threshold":"last(payload.a) > 0"})").condition,
            Condition(Threshold{Aggregate::last, "payload.a", Comparison::greater, 0, {}, 1}));
}

TEST(RuleReader, TakesWhatIsAtItsLimits) {
  const json usual = {{"when", json::object()}, {"every", true}};
  const auto with = [&](json members) {
    json rule = usual;
    rule.update(members);
    return rule.dump();
  };
  EXPECT_EQ(read(with({{"cooldown", "365d"}})).cooldown, kMaxDuration);
  EXPECT_EQ(read(with({{"cooldown", "0s"}})).cooldown, Duration::zero());
  EXPECT_EQ(read(with({{"resolve_after", "1ms"}})).resolve_after, Duration(1ms));
  EXPECT_EQ(read(with({{"hours", "00:00-24:00"}})).hours, (TimeOfDay{0h, 24h}));
  EXPECT_EQ(read(with({{"description", std::string(1000, 'x')}})).description.size(), 1000U);
  EXPECT_EQ(read(with({{"notify", std::string(2048, 'x')}})).notify.size(), 1U);
  json targets = json::array();
  for (int i = 0; i < 16; ++i) targets.push_back("t" + std::to_string(i));
  EXPECT_EQ(read(with({{"notify", targets}})).notify.size(), 16U);
  const char* const groups = "type,symbol,engine,host,mode,account,run_id,payload.a";
  EXPECT_EQ(read(with({{"group_by", groups}})).group_by.size(), 8U);
  EXPECT_EQ(read(R"({"when":{},"count":10000,"window":"7d"})").condition,
            Condition(Count{10'000, kMaxWindow}));
}

TEST(RuleReader, TakesNoMoreThanARulesBytes) {
  std::string text = R"({"when":{},"every":true)";
  text.resize(kMaxRuleBytes - 1, ' ');
  text += '}';
  EXPECT_TRUE(parse_rule("rule", text).ok());
  text += ' ';
  const auto parsed = parse_rule("rule", text);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message, "A rule has at most 16384 bytes, not 16385.");
}

TEST(RuleReader, TakesNoRuleThatWouldBeTooLongWhenItIsWritten) {
  json rule = {{"when", json::object()}, {"every", true}, {"notify", json::array()}};
  for (int i = 0; i < 5; ++i) {
    rule["notify"].push_back(std::to_string(i) + std::string(1000, '"'));  // written as \\u0022
  }
  ASSERT_LT(rule.dump().size(), kMaxRuleBytes);
  const auto parsed = parse_rule("rule", rule.dump());
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, "invalid_rule");
  EXPECT_NE(parsed.error().message.find("at most 16384 bytes, not 30"), std::string::npos)
      << parsed.error().message;
}

TEST(RuleReader, TellsWhatIsNoJson) {
  for (const char* text : {"", "{", "[]", "5", "{\"when\":{}", "{\"when\":{}} {}", "\xff"}) {
    const auto parsed = parse_rule("rule", text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, "malformed_json") << text;
  }
  const auto twice = parse_rule("rule", R"({"when":{},"every":true,"\u0077hen":{}})");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().message, "The rule has \"when\" twice.");
}

TEST(RuleReader, TakesGoodNamesOnly) {
  EXPECT_TRUE(parse_rule(std::string(64, 'a'), R"({"when":{},"every":true})").ok());
  EXPECT_TRUE(parse_rule("a-b_c.9", R"({"when":{},"every":true})").ok());
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a b"),
                                  std::string("a/b"), std::string("ä"), std::string("a\0b", 3)}) {
    const auto parsed = parse_rule(name, R"({"when":{},"every":true})");
    ASSERT_FALSE(parsed.ok()) << name;
    EXPECT_EQ(parsed.error().field, "/name");
  }
}

TEST(RuleReader, NeverShowsTargetsInErrors) {
  for (const char* notify :
       {R"(["https://hook/SECRET","https://hook/SECRET"])", R"("https://hook/SECRET\u0001")",
        R"([["SECRET"]])", R"({"url":"SECRET"})"}) {
    const auto parsed =
        parse_rule("rule", R"({"when":{},"every":true,"notify":)" + std::string(notify) + "}");
    ASSERT_FALSE(parsed.ok()) << notify;
    EXPECT_EQ(parsed.error().message.find("SECRET"), std::string::npos) << parsed.error().message;
  }
}

/// Members that are put into a rule that is right without them, or take the place of others.
struct Wrong {
  const char* members;
  const char* field;
  const char* says;
};
void PrintTo(const Wrong& value, std::ostream* out) {
  *out << value.members;
}
class RuleThatIsWrong : public ::testing::TestWithParam<Wrong> {};

TEST_P(RuleThatIsWrong, IsAnsweredWithTheFieldAndASentence) {
  json rule = {{"when", json::object()}, {"threshold", "avg(payload.a) > 1"}, {"window", "1m"}};
  rule.merge_patch(json::parse(GetParam().members));
  const auto parsed = parse_rule("rule", rule.dump());
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, "invalid_rule");
  EXPECT_EQ(parsed.error().field, GetParam().field);
  EXPECT_NE(parsed.error().message.find(GetParam().says), std::string::npos)
      << parsed.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Keys, RuleThatIsWrong,
    ::testing::Values(
        Wrong{R"({"cooldwn":"1m"})", "/cooldwn",
              "There is no key \"cooldwn\" in a rule; did you mean cooldown?"},
        Wrong{R"({"frobnicate":1})", "/frobnicate", "there are when, every, count"},
        Wrong{R"({"a/b~":1})", "/a~1b~0", "There is no key \"a/b~\""},
        Wrong{R"({"name":"other"})", "/name", "is \"other\" here, but the rule is called rule"},
        Wrong{R"({"name":5})", "/name", "must be a text, not 5"},
        Wrong{R"({"enabled":"yes"})", "/enabled", "must be true or false, not \"yes\"."},
        Wrong{R"({"market_hours":1})", "/market_hours", "must be true or false, not 1."},
        Wrong{R"({"severity":"urgent"})", "/severity", "must be info, warning or critical"},
        Wrong{R"({"exchange":"nse"})", "/exchange", "there are NSE, BSE, NFO"},
        Wrong{R"({"message":["a"]})", "/message", "must be a text, not a list."},
        Wrong{R"({"message":"{{symbol}}"})", "/message", "message, column 3: there is no symbol"},
        Wrong{R"({"forget":"payload.a * 2.5"})", "/forget", "forget, column 11"},
        Wrong{R"({"forget":"stopped"})", "/forget", "forget, column 1: there is no stopped"}));

INSTANTIATE_TEST_SUITE_P(
    When, RuleThatIsWrong,
    ::testing::Values(
        Wrong{R"({"when":null})", "/when", "a rule needs it"},
        Wrong{R"({"when":5})", "/when", "must be an object of filters"},
        Wrong{R"({"when":""})", "/when", "when, column 1"},
        Wrong{R"({"when":"payload.a +"})", "/when", "when, column 12: expected a value"},
        Wrong{R"({"when":{"filter":"a > 1"}})", "/when/filter", "when.filter, column 1: there is"},
        Wrong{R"({"when":{"filter":""}})", "/when/filter", "when.filter, column 1"},
        Wrong{R"({"when":{"filter":["a"]}})", "/when/filter", "must be a text"},
        Wrong{R"({"when":{"symbl":"A"}})", "/when/symbl", "in when; did you mean symbol?"},
        Wrong{R"({"when":{"since":"-1h"}})", "/when/since", "There is no key \"since\""},
        Wrong{R"({"when":{"symbol":""}})", "/when/symbol", "an empty value matches nothing"},
        Wrong{R"({"when":{"symbol":"A,"}})", "/when/symbol", "an empty value"},
        Wrong{R"({"when":{"symbol":[]}})", "/when/symbol", "an empty list"},
        Wrong{R"({"when":{"symbol":["A,B"]}})", "/when/symbol", "commas"},
        Wrong{R"({"when":{"symbol":"A, B"}})", "/when/symbol", "\" B\" has blanks"},
        Wrong{R"({"when":{"symbol":"A,B,A"}})", "/when/symbol", "\"A\" is there twice"},
        Wrong{R"({"when":{"symbol":["A",5]}})", "/when/symbol", "one of them is, not 5."},
        Wrong{R"({"when":{"symbol":5}})", "/when/symbol", "must be a text or a list of texts"}));

INSTANTIATE_TEST_SUITE_P(
    Conditions, RuleThatIsWrong,
    ::testing::Values(
        Wrong{R"({"threshold":null,"window":null})", "", "one of every, count, absence"},
        Wrong{R"({"every":true})", "/threshold", "there is every already"},
        Wrong{R"({"count":5})", "/threshold", "there is count already"},
        Wrong{R"({"threshold":null,"window":null,"every":false})", "/every", "must be true"},
        Wrong{R"({"threshold":null,"window":null,"every":1})", "/every", "must be true or false"},
        Wrong{R"({"threshold":null,"every":true})", "/window", "goes with count and threshold"},
        Wrong{R"({"threshold":null,"count":0})", "/count", "from 1 to 10000, not 0."},
        Wrong{R"({"threshold":null,"count":10001})", "/count", "from 1 to 10000"},
        Wrong{R"({"threshold":null,"count":2.5})", "/count", "a whole number"},
        Wrong{R"({"threshold":null,"count":"5"})", "/count", "not \"5\"."},
        Wrong{R"({"threshold":null,"count":5,"window":null})", "/window", "over which time"},
        Wrong{R"({"threshold":null,"count":5,"min_count":5})", "/min_count", "threshold only"},
        Wrong{R"({"threshold":null,"window":null,"absence":"0s"})", "/absence", "from 1ms to 365d"},
        Wrong{R"({"threshold":null,"window":null,"absence":30})", "/absence", "not 30."},
        Wrong{R"({"threshold":null,"window":null,"absence":"366d"})", "/absence", "to 365d"},
        Wrong{R"({"threshold":5})", "/threshold", "must be a text"},
        Wrong{R"({"threshold":"avg(payload.a) > x"})", "/threshold", "must be a number"},
        Wrong{R"({"window":null})", "/window", "over which time"},
        Wrong{R"({"window":"0s"})", "/window", "from 1ms to 7d"},
        Wrong{R"({"window":"169h"})", "/window", "to 7d, not \"169h\"."},
        Wrong{R"({"min_count":0})", "/min_count", "from 1 to 1000000"},
        Wrong{R"({"min_count":1000001})", "/min_count", "from 1 to 1000000"},
        Wrong{R"({"threshold":"last(payload.a) > 0","min_count":2})", "/min_count", "last()"},
        Wrong{R"({"threshold":null,"window":null,"every":true,"for":"5s"})", "/for",
              "goes with count, absence and threshold only, and this rule has every."},
        Wrong{R"({"resolve_after":"5s"})", "/resolve_after", "goes with every only"}));

INSTANTIATE_TEST_SUITE_P(
    Rest, RuleThatIsWrong,
    ::testing::Values(
        Wrong{R"({"for":"-5s"})", "/for", "must be a duration such as"},
        Wrong{R"({"cooldown":true})", "/cooldown", "not true."},
        Wrong{R"({"max_age":"0s"})", "/max_age", "from 1ms"},
        Wrong{R"({"hours":"09:15"})", "/hours", "such as \"09:15-15:30\""},
        Wrong{R"({"hours":"15:30-09:15"})", "/hours", "the earlier one first"},
        Wrong{R"({"hours":"09:15-09:15"})", "/hours", "the earlier one first"},
        Wrong{R"({"hours":"9:15-15:30"})", "/hours", "two times"},
        Wrong{R"({"hours":"09:60-15:30"})", "/hours", "two times"},
        Wrong{R"({"hours":"09:15-24:01"})", "/hours", "two times"},
        Wrong{R"({"hours":"-1:15-15:30"})", "/hours", "two times"},
        Wrong{R"({"group_by":"symbol,colour"})", "/group_by", "\"colour\" is none of type,"},
        Wrong{R"({"group_by":"payload"})", "/group_by", "\"payload\" is none"},
        Wrong{R"({"group_by":"payload.a + 1"})", "/group_by", "is none"},
        Wrong{R"({"group_by":"timestamp"})", "/group_by", "is none"},
        Wrong{R"({"group_by":"symbol,symbol"})", "/group_by", "is there twice"},
        Wrong{R"({"group_by":"type,symbol,engine,host,mode,account,run_id,order_id,exchange"})",
              "/group_by", "at most 8 of them, not 9."},
        Wrong{R"({"while":true})", "/while", "must be an object of filters and `within`"},
        Wrong{R"({"while":{"when":{}}})", "/while/when", "in while; there are event_type"},
        Wrong{R"({"while":{"within":"8d"}})", "/while/within", "while.within: must be a duration"},
        Wrong{R"({"while":{"filter":"x"}})", "/while/filter", "while.filter, column 1"},
        Wrong{R"({"group_by":"symbol","while":{"by":"engine"}})", "/while/by", "\"engine\" is not"},
        Wrong{R"({"notify":""})", "/notify", "of 1 to 2048 bytes"},
        Wrong{R"({"notify":["a","a"]})", "/notify", "entry 2 was there already"},
        Wrong{R"({"notify":5})", "/notify", "a text or a list of at most 16"}));

TEST(RuleReader, CountsTargetsAndTheirBytes) {
  const auto problem = [](const json& notify) {
    const json rule = {{"when", json::object()}, {"every", true}, {"notify", notify}};
    const auto parsed = parse_rule("rule", rule.dump());
    return parsed.ok() ? "" : parsed.error().field;
  };
  json many = json::array();
  for (int i = 0; i < 17; ++i) many.push_back("t" + std::to_string(i));
  EXPECT_EQ(problem(many), "/notify");
  EXPECT_EQ(problem(std::string(2049, 'x')), "/notify");
}

TEST(RuleReader, TellsHowLongADescriptionMayBe) {
  const json rule = {
      {"when", json::object()}, {"every", true}, {"description", std::string(1001, 'x')}};
  const auto parsed = parse_rule("rule", rule.dump());
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message, "description: must be a text of at most 1000 bytes, not 1001.");
}

}  // namespace
}  // namespace tapedeck::alert
