#include "auth/text_coding.hpp"

#include <gtest/gtest.h>

namespace tapedeck::auth {
namespace {

// RFC 4648 §10, in the alphabet for URLs and without padding.
TEST(TextCoding, Base64UrlOfTheRfcsExamples) {
  const std::pair<const char*, const char*> examples[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(base64url(bytes), text);
    EXPECT_EQ(decode_base64url(text), bytes);
  }
  EXPECT_EQ(base64url("\xfb\xff\xbf"), "-_-_");
}

TEST(TextCoding, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(decode_base64url(base64url(bytes)), bytes);
  }
}

TEST(TextCoding, ASecondSpellingOfTheSameBytesIsRefused) {
  EXPECT_EQ(decode_base64url("Zg"), "f");
  for (const char* text : {"Zg==", "Zh", "Zm9", "Z", "Zm9vZ", "Zm 9", "Zm9v\n", "Zm+v", "Zm/v"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
  EXPECT_EQ(decode_base64url(std::string_view("Zm\0v", 4)), std::nullopt);
}

TEST(TextCoding, ADigestInHexadecimalComesBackInLowerCaseOnly) {
  const Digest digest = sha256("abc");  // FIPS 180-4's example
  const std::string text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(hex(digest), text);
  EXPECT_EQ(decode_hex_digest(text), digest);
  std::string upper = text;
  upper[0] = 'B';
  EXPECT_EQ(decode_hex_digest(upper), std::nullopt);
  EXPECT_EQ(decode_hex_digest(text.substr(1)), std::nullopt);
  EXPECT_EQ(decode_hex_digest(text + "0"), std::nullopt);
}

}  // namespace
}  // namespace tapedeck::auth
