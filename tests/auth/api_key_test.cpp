#include "auth/api_key.hpp"

#include <gtest/gtest.h>

#include <set>

#include "auth/text_coding.hpp"

namespace tapedeck::auth {
namespace {

TEST(ApiKey, ANewKeyReadsBackAsItsIdAndTheDigestThatIsKept) {
  const NewApiKey key = make_api_key();
  EXPECT_EQ(key.text.size(), 4 + 8 + 1 + 43U);
  const auto presented = parse_api_key(key.text);
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->id, key.id);
  EXPECT_TRUE(same_digest(presented->secret, key.secret));
}

TEST(ApiKey, NoTwoKeysAreAlike) {
  std::set<std::string> texts, ids;
  for (int i = 0; i < 100; ++i) {
    const NewApiKey key = make_api_key();
    texts.insert(key.text.substr(13));
    ids.insert(key.id);
  }
  EXPECT_EQ(texts.size(), 100U);
  EXPECT_GT(ids.size(), 98U);  // 32 bits: a pair among 100 in a million runs
}

TEST(ApiKey, KeptIsTheDigestOfTheSecretBytes) {
  const std::string secret(32, '\x5a');
  const std::string text = "tdk_01234abc_" + base64url(secret);
  const auto presented = parse_api_key(text);
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->id, "01234abc");
  EXPECT_EQ(presented->secret, sha256(secret));
}

TEST(ApiKey, AnyOtherFormIsNoKey) {
  const std::string good = "tdk_01234abc_" + base64url(std::string(32, '\x5a'));
  ASSERT_TRUE(parse_api_key(good));
  EXPECT_FALSE(parse_api_key(""));
  EXPECT_FALSE(parse_api_key("tdk_"));
  EXPECT_FALSE(parse_api_key(good + "A"));
  EXPECT_FALSE(parse_api_key(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(parse_api_key(good + "\n"));
  const auto with = [&](std::size_t at, char c) {
    std::string text = good;
    text[at] = c;
    return text;
  };
  EXPECT_FALSE(parse_api_key(with(0, 'T')));
  EXPECT_FALSE(parse_api_key(with(9, 'A')));
  EXPECT_FALSE(parse_api_key(with(9, 'g')));
  EXPECT_FALSE(parse_api_key(with(12, '-')));
  EXPECT_FALSE(parse_api_key(with(20, '+')));
  EXPECT_FALSE(parse_api_key(with(good.size() - 1, 'p')));  // bits of the last sextet left over
}

}  // namespace
}  // namespace tapedeck::auth
