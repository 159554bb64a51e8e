#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "event/json_writer.hpp"

namespace tapedeck {
namespace {

/// Writes from and into buffers of exactly the promised size.
std::string written(std::string_view text) {
  const std::unique_ptr<char[]> from(new char[text.size()]);
  std::copy(text.begin(), text.end(), from.get());
  const std::unique_ptr<char[]> out(new char[text.size() * json::kMaxStringGrowth + 2]);
  char* end = json::write_string(out.get(), {from.get(), text.size()});
  return {out.get(), end};
}

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(JsonString, QuotesAndBackslashesAreSpelledSoThatAShellKeepsThem) {
  EXPECT_EQ(written("\""), "\"\\u0022\"");
  EXPECT_EQ(written("\\"), "\"\\u005c\"");
  EXPECT_EQ(written("say \"hi\" \\ bye"), "\"say \\u0022hi\\u0022 \\u005c bye\"");
}

TEST(JsonString, ControlCharactersAreEscaped) {
  for (int c = 0; c < 0x20; ++c) {
    char expected[16];
    std::snprintf(expected, sizeof expected, "\"a\\u%04xb\"", static_cast<unsigned>(c));
    EXPECT_EQ(written(std::string("a") + static_cast<char>(c) + "b"), expected);
  }
  EXPECT_EQ(written("\x7F"), "\"\x7F\"");
}

TEST(JsonString, WellFormedUtf8IsKept) {
  for (const char* text :
       {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "₹ 19 755 – ठीक 📈"}) {
    EXPECT_EQ(written(text), "\"" + std::string(text) + "\"");
  }
}

TEST(JsonString, EachMaximalIllFormedPartBecomesOneReplacement) {
  const auto replaced = [](int n) {
    std::string out = "\"";
    for (int i = 0; i < n; ++i) out += kReplacement;
    return out + "\"";
  };
  EXPECT_EQ(written("\x80"), replaced(1));              // a continuation alone
  EXPECT_EQ(written("\xBF\x80"), replaced(2));          //
  EXPECT_EQ(written("\xC0\xAF"), replaced(2));          // overlong
  EXPECT_EQ(written("\xC1\xBF"), replaced(2));          //
  EXPECT_EQ(written("\xE0\x80\x80"), replaced(3));      //
  EXPECT_EQ(written("\xE0\x9F\xBF"), replaced(3));      //
  EXPECT_EQ(written("\xF0\x80\x80\x80"), replaced(4));  //
  EXPECT_EQ(written("\xF0\x8F\xBF\xBF"), replaced(4));  //
  EXPECT_EQ(written("\xED\xA0\x80"), replaced(3));      // surrogates
  EXPECT_EQ(written("\xED\xBF\xBF"), replaced(3));      //
  EXPECT_EQ(written("\xED\xA0\xBD\xED\xB8\x80"), replaced(6));
  EXPECT_EQ(written("\xF4\x90\x80\x80"), replaced(4));  // beyond U+10FFFF
  EXPECT_EQ(written("\xF5\x80\x80\x80"), replaced(4));  //
  EXPECT_EQ(written("\xFE"), replaced(1));              // never in UTF-8
  EXPECT_EQ(written("\xFF"), replaced(1));              //
  EXPECT_EQ(written("\xC2"), replaced(1));              // cut off
  EXPECT_EQ(written("\xE2\x82"), replaced(1));          //
  EXPECT_EQ(written("\xF0\x9F\x93"), replaced(1));      //
  EXPECT_EQ(written("\xF0\x9F"), replaced(1));          //
  // The Unicode Standard 15, table 3-11.
  EXPECT_EQ(written("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "\"a" + kReplacement + kReplacement + kReplacement + "b" + kReplacement + "c" +
                kReplacement + kReplacement + "d\"");
}

TEST(JsonString, SpecialsAreFoundAtEveryPositionOfEveryLength) {
  const std::pair<std::string, std::string> specials[] = {
      {"\"", "\\u0022"},     {"\\", "\\u005c"},   {std::string(1, '\0'), "\\u0000"},
      {"\n", "\\u000a"},     {"\x1F", "\\u001f"}, {"\xFF", kReplacement},
      {"\x80", kReplacement}};
  for (std::size_t length = 0; length <= 70; ++length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('#' + i % 40);
    ASSERT_EQ(written(text), "\"" + text + "\"") << "length " << length;
    for (std::size_t at = 0; at < length; ++at) {
      for (const auto& [special, spelled] : specials) {
        const std::string before = text.substr(0, at), after = text.substr(at + 1);
        ASSERT_EQ(written(before + special + after), "\"" + before + spelled + after + "\"")
            << "length " << length << " position " << at;
      }
    }
  }
}

TEST(JsonString, EveryPrintableAsciiByteIsPlainAtEveryLength) {
  for (std::size_t length = 1; length <= 40; ++length) {
    for (char c = 0x20; c < 0x7F; ++c) {
      if (c == '"' || c == '\\') continue;
      const std::string text(length, c);
      ASSERT_EQ(written(text), "\"" + text + "\"");
    }
  }
}

TEST(JsonString, AnyBytesBecomeValidJsonAndWellFormedTextComesBackEqual) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 50'000; ++i) {
    std::string text(random() % 80, '\0');
    const bool mostly_ascii = random() % 2 == 0;
    for (char& c : text) {
      c = static_cast<char>(mostly_ascii && random() % 16 != 0 ? 0x20 + random() % 0x5F : random());
    }
    const std::string out = written(text);
    ASSERT_TRUE(nlohmann::json::accept(out)) << out;
    const auto back = nlohmann::json::parse(out).get<std::string>();
    if (back.find(kReplacement) != std::string::npos) continue;
    ASSERT_EQ(back, text);
  }
}

TEST(JsonString, AppendAndQuotedWriteTheSame) {
  std::string out = "x";
  json::append_string(out, "a\"b");
  EXPECT_EQ(out, "x\"a\\u0022b\"");
  EXPECT_EQ(json::quoted("a\"b"), "\"a\\u0022b\"");
}

}  // namespace
}  // namespace tapedeck
