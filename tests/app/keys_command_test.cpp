#include "app/keys_command.hpp"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "auth/api_key.hpp"
#include "auth/temp_folder.hpp"

namespace tapedeck::app {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::int64_t kDay_ns = 86'400'000'000'000;
constexpr std::int64_t kNow = 1'763'452'541'000'000'000;  // 2025-11-18T07:55:41Z

/// A run of `tapedeck keys ...` with what it says.
struct Said {
  int code = -1;
  std::string out, err;
};

class KeysCommandTest : public ::testing::Test {
 protected:
  Said keys(std::vector<std::string> words, const std::string& input = "") {
    CLI::App app("tapedeck");
    KeysCommand command(app);
    words.insert(words.begin(), "keys");
    words.insert(words.end(), {"--data-dir", folder_.path().string()});
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    std::istringstream in(input);
    std::streambuf* const before = std::cin.rdbuf(in.rdbuf());
    Said said;
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    try {
      app.parse(words);
      said.code = command.run().value_or(-1);
    } catch (const CLI::ParseError& error) {
      said = {2, "", error.what()};
    } catch (const std::invalid_argument& error) {
      said = {2, "", error.what()};
    }
    std::fflush(stdout);
    said.out = ::testing::internal::GetCapturedStdout();
    said.err += ::testing::internal::GetCapturedStderr();
    std::cin.rdbuf(before);
    return said;
  }
  json audit() const {
    json lines = json::array();
    std::istringstream text(auth::testing::read_text(folder_ / "audit.log"));
    for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
    return lines;
  }

  const auth::testing::TempFolder folder_;
};

TEST_F(KeysCommandTest, CreatePrintsTheKeyAloneSoThatAScriptCanTakeIt) {
  const Said said = keys({"create", "--name", "grafana", "--scope", "read"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, MatchesRegex("tdk_[0-9a-f]{8}_[-_A-Za-z0-9]{43}\n"));
  EXPECT_THAT(said.err, HasSubstr("\"grafana\" is active; scopes: read; not narrowed"));
  EXPECT_THAT(said.err, Not(HasSubstr(said.out.substr(13, 43))));
}

TEST_F(KeysCommandTest, EveryOptionOfCreateIsKept) {
  const Said said = keys({"create",
                          "--name",
                          "desk",
                          "--scope",
                          "read,publish",
                          "--event-type",
                          "order_event,signal_event",
                          "--symbol",
                          "NIFTY",
                          "--strategy",
                          "momentum",
                          "--engine-id",
                          "e1",
                          "--account",
                          "a1",
                          "--expires",
                          "90d",
                          "--requests-per-second",
                          "10.5",
                          "--publish-events-per-second",
                          "100",
                          "--publish-bytes-per-second",
                          "1e6",
                          "--connections",
                          "4",
                          "--json"});
  ASSERT_EQ(said.code, 0) << said.err;
  const json answer = json::parse(said.out);
  EXPECT_TRUE(auth::parse_api_key(answer["api_key"].get<std::string>()));
  const json listed = json::parse(keys({"list", "--json"}).out)["keys"][0];
  EXPECT_EQ(listed, answer["key"]);
  EXPECT_EQ(listed["name"], "desk");
  EXPECT_EQ(listed["state"], "active");
  EXPECT_EQ(listed["scopes"], json({"read", "publish"}));
  EXPECT_EQ(listed["narrowing"], json({{"event_type", {"order_event", "signal_event"}},
                                       {"symbol", {"NIFTY"}},
                                       {"strategy", {"momentum"}}}));
  EXPECT_EQ(listed["engine_id"], "e1");
  EXPECT_EQ(listed["account"], "a1");
  EXPECT_EQ(listed["quota"], json({{"requests_per_second", 10.5},
                                   {"publish_events_per_second", 100.0},
                                   {"publish_bytes_per_second", 1e6},
                                   {"connections", 4}}));
  EXPECT_TRUE(listed.contains("expires"));
  EXPECT_FALSE(listed.contains("secret_sha256"));
}

TEST_F(KeysCommandTest, ListShowsWhatIsInForceAndNoSecret) {
  const std::string key = keys({"create", "--name", "old", "--scope", "admin"}).out;
  keys({"create", "--name", "new", "--scope", "read", "--symbol", "NIFTY"});
  ASSERT_EQ(keys({"revoke", key.substr(4, 8)}).code, 0);
  const Said said = keys({"list"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, HasSubstr(key.substr(4, 8) + "  revoked  admin   old"));
  EXPECT_THAT(said.out, HasSubstr("active   read    new"));
  EXPECT_THAT(said.out, HasSubstr("NIFTY"));
  EXPECT_THAT(said.out, Not(HasSubstr(key.substr(13, 43))));
}

TEST_F(KeysCommandTest, RevokeNamesTheKeyAndFailsForAnUnknownOne) {
  EXPECT_EQ(keys({"revoke", "00000000"}).code, 1);
  const std::string id = keys({"create", "--name", "n", "--scope", "read"}).out.substr(4, 8);
  EXPECT_EQ(keys({"revoke", id}).out, "key " + id + " \"n\" is revoked\n");
  const Said unknown = keys({"revoke", "00000000"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("There is no key 00000000"));
}

TEST_F(KeysCommandTest, CheckSaysWhatAKeyMayDo) {
  const std::string key = keys({"create", "--name", "n", "--scope", "read"}).out;
  const Said good = keys({"check"}, key);
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("\"n\" is active; scopes: read"));
  std::string wrong = key;
  wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(keys({"check"}, wrong).code, 1);
  EXPECT_EQ(keys({"check"}, "").code, 1);
  keys({"revoke", key.substr(4, 8)});
  const Said revoked = keys({"check", "--json"}, key);
  EXPECT_EQ(revoked.code, 1);
  EXPECT_EQ(json::parse(revoked.out)["key"]["state"], "revoked");
}

TEST_F(KeysCommandTest, ChangesAreInTheAuditLogByTheirIds) {
  const std::string key = keys({"create", "--name", "n", "--scope", "read"}).out;
  const std::string id = key.substr(4, 8);
  keys({"revoke", id});
  const json lines = audit();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["action"], "key_created");
  EXPECT_EQ(lines[1]["action"], "key_revoked");
  EXPECT_EQ(lines[1]["detail"], "key:" + id + " n");
  EXPECT_THAT(lines.dump(), Not(HasSubstr(key.substr(13, 43))));
}

TEST_F(KeysCommandTest, WrongUsageIsExitTwoAndMakesNoFile) {
  EXPECT_EQ(keys({}).code, 2);
  EXPECT_EQ(keys({"create", "--name", "n"}).code, 2);
  EXPECT_EQ(keys({"create", "--scope", "read"}).code, 2);
  EXPECT_EQ(keys({"create", "--name", "n", "--scope", "write"}).code, 2);
  EXPECT_EQ(keys({"create", "--name", "n", "--scope", "read", "--expires", "soon"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "keys.json"));
  const Said quota =
      keys({"create", "--name", "n", "--scope", "read", "--requests-per-second", "0"});
  EXPECT_EQ(quota.code, 2);
  EXPECT_EQ(quota.err, "The key's quota must be above zero; leave out what is not limited");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "keys.json"));
  EXPECT_EQ(keys({"list"}).code, 1);
}

TEST(KeyExpiry, IsASpanOrAMomentInTheFuture) {
  EXPECT_EQ(parse_expiry("90d", kNow), kNow + 90 * kDay_ns);
  EXPECT_EQ(parse_expiry("12h", kNow), kNow + kDay_ns / 2);
  EXPECT_EQ(parse_expiry("4w", kNow), kNow + 28 * kDay_ns);
  EXPECT_EQ(parse_expiry("30m", kNow), kNow + kDay_ns / 48);
  EXPECT_EQ(parse_expiry("2025-11-18T13:25:42+05:30", kNow), kNow + 1'000'000'000);
  for (const char* text : {"", "d", "0d", "-1d", "1.5d", "90", "90D", "9999999w", "tomorrow",
                           "90 d", "99999999999999999999d", "2025-11-18T07:55:41Z", "2025-11-18"}) {
    EXPECT_THROW(parse_expiry(text, kNow), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace tapedeck::app
