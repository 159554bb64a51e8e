#include "auth/key_file_format.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "auth/api_key.hpp"

namespace tapedeck::auth {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

StoredKey full_key() {
  StoredKey key;
  key.id = "0123abcd";
  key.name = "the \"desk\"\\ in Mumbai";
  key.secret = sha256("secret");
  key.scopes = 3;
  key.narrowing = {{"order_event"}, {"NIFTY", "M&M"}, {"momentum"}};
  key.engine_id = "paper-equity";
  key.account = "alias";
  key.quota = {10.5, 2000, 1e6, 4};
  key.created_ns = 1'763'452'541'345'678'000;
  key.expires_ns = key.created_ns + 1'000'000'000;
  key.revoked_ns = key.created_ns + 2'000'000'000;
  return key;
}

json file_with(const std::string& pointer, const json& value) {
  json file = json::parse(write_key_file({full_key()}));
  file[json::json_pointer(pointer)] = value;
  return file;
}

TEST(KeyFileFormat, WhatIsWrittenReadsBackEqual) {
  StoredKey plain;
  plain.id = "00000000";
  plain.name = "n";
  plain.scopes = 4;
  const std::vector<StoredKey> keys{full_key(), plain};
  const auto back = parse_key_file(write_key_file(keys));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, keys);
  EXPECT_TRUE(parse_key_file(write_key_file({}))->empty());
}

TEST(KeyFileFormat, TheFileIsJsonThatOthersCanRead) {
  const json file = json::parse(write_key_file({full_key()}));
  EXPECT_EQ(file["version"], 1);
  const json& key = file["keys"][0];
  EXPECT_EQ(key["name"], "the \"desk\"\\ in Mumbai");
  EXPECT_EQ(key["scopes"], json({"read", "publish"}));
  EXPECT_EQ(key["narrowing"]["symbol"], json({"NIFTY", "M&M"}));
  EXPECT_EQ(key["quota"]["connections"], 4);
  EXPECT_EQ(key["created"], "2025-11-18T07:55:41.345678Z");
}

TEST(KeyFileFormat, TheFormForPeopleHasNoSecretHash) {
  const std::string text = public_json_of(full_key());
  EXPECT_EQ(json::parse(text).count("secret_sha256"), 0U);
  EXPECT_EQ(json::parse(text)["id"], "0123abcd");
}

TEST(KeyFileFormat, AGrantSaysWhatTheKeySays) {
  const StoredKey key = full_key();
  const Grant grant = grant_of(key);
  EXPECT_EQ(grant.id, "key:0123abcd");
  EXPECT_TRUE(grant.has(Scope::publish));
  EXPECT_FALSE(grant.has(Scope::admin));
  EXPECT_EQ(grant.narrowing, key.narrowing);
  EXPECT_EQ(grant.quota, key.quota);
  EXPECT_EQ(grant.engine_id, key.engine_id);
  EXPECT_EQ(grant.account, key.account);
  EXPECT_EQ(grant.expires_ns, key.expires_ns);
}

TEST(KeyFileFormat, AMisspeltMemberIsAnErrorNotAWiderKey) {
  for (const char* pointer : {"/keys/0/narowing", "/keys/0/narrowing/symbols",
                              "/keys/0/quota/request_per_second", "/keyz"}) {
    EXPECT_FALSE(parse_key_file(file_with(pointer, json::array({"x"})).dump())) << pointer;
  }
}

TEST(KeyFileFormat, AnErrorNamesTheMember) {
  const auto wrong = parse_key_file(file_with("/keys/0/scopes", json::array({"write"})).dump());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "invalid_key_file");
  EXPECT_EQ(wrong.error().field, "/keys/0/scopes");
}

TEST(KeyFileFormat, WrongValuesAreRefused) {
  const std::pair<const char*, json> wrong[] = {{"/version", 2},
                                                {"/keys", 5},
                                                {"/keys/0", "key"},
                                                {"/keys/0/id", "0123ABCD"},
                                                {"/keys/0/id", "../../../etc"},
                                                {"/keys/0/name", ""},
                                                {"/keys/0/name", "a\nb"},
                                                {"/keys/0/name", std::string(129, 'n')},
                                                {"/keys/0/secret_sha256", "00"},
                                                {"/keys/0/scopes", json::array()},
                                                {"/keys/0/narrowing/symbol", json::array()},
                                                {"/keys/0/narrowing/symbol", json::array({""})},
                                                {"/keys/0/narrowing/symbol", json::array({1})},
                                                {"/keys/0/quota/requests_per_second", 0},
                                                {"/keys/0/quota/requests_per_second", -1},
                                                {"/keys/0/quota/requests_per_second", "10"},
                                                {"/keys/0/quota/connections", 0},
                                                {"/keys/0/quota/connections", 1.5},
                                                {"/keys/0/expires", "tomorrow"},
                                                {"/keys/0/expires", nullptr},
                                                {"/keys/0/created", 5}};
  for (const auto& [pointer, value] : wrong) {
    EXPECT_FALSE(parse_key_file(file_with(pointer, value).dump())) << pointer << " " << value;
  }
  EXPECT_TRUE(parse_key_file(file_with("/keys/0/name", std::string(128, 'n')).dump()));
}

TEST(KeyFileFormat, WhatAKeyMustHaveMayNotBeMissing) {
  for (const char* name : {"id", "name", "secret_sha256", "scopes", "created"}) {
    json file = json::parse(write_key_file({full_key()}));
    file["keys"][0].erase(name);
    const auto parsed = parse_key_file(file.dump());
    ASSERT_FALSE(parsed) << name;
    EXPECT_THAT(parsed.error().message, HasSubstr("is missing"));
  }
}

TEST(KeyFileFormat, TwoKeysOfOneIdAndANameTwiceAreRefused) {
  EXPECT_FALSE(parse_key_file(write_key_file({full_key(), full_key()})));
  std::string twice = write_key_file({full_key()});
  twice.replace(twice.find("\"scopes\""), 8, R"("scopes":["admin"],"scopes")");
  const auto parsed = parse_key_file(twice);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("\"scopes\" twice"));
}

TEST(KeyFileFormat, TheLimitIsTheLastNumberOfKeysThatIsRead) {
  std::vector<StoredKey> keys(kMaxKeys, full_key());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string id = "00000000" + std::to_string(i);
    keys[i].id = id.substr(id.size() - kApiKeyIdDigits);
  }
  EXPECT_TRUE(parse_key_file(write_key_file(keys)));
  keys.push_back(full_key());
  EXPECT_FALSE(parse_key_file(write_key_file(keys)));
}

}  // namespace
}  // namespace tapedeck::auth
