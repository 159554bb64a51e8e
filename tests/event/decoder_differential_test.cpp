// Mutated documents, judged by an independent parser as well.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "support/decode.hpp"

namespace tapedeck {
namespace {

using nlohmann::json;
using testing::decode;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> all = {
      R"({"type":"t","payload":{"a":[1,-2.5e-3,true,false,null,"x\u00e9\n\ud83d\ude00"],"b":{"c":{}}}})",
      R"([{"type":"t","payload":{"n":12345678901234567890123}},{"type":"u","payload":{"s":""}}])",
      R"( { "type" : "t" , "timestamp" : "2025-11-18T07:55:41Z" , "payload" : { "k" : [ [ ] , { } ] } } )",
      R"({"type":"signal_event","payload":{"symbol":"N","strategy_name":"s","signal":"BUY"},"source":{"host":"h"},"id":[0]})",
      "{\"type\":\"t\",\"payload\":{\"u\":\"\xE2\x82\xB9\xF0\x9F\x93\x88\"}}",
  };
  return all;
}

std::string mutated(std::mt19937_64& random) {
  static const std::string kAlphabet =
      "{}[]:,\"\\/ \t\n\r0123456789+-.eEtrufalsnbx\x01\x7F\x80\xC2\xED\xFF";
  std::string text = seeds()[random() % seeds().size()];
  for (std::size_t edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random() % text.size();
    switch (random() % 5) {
      case 0:
        text[at] = kAlphabet[random() % kAlphabet.size()];
        break;
      case 1:
        text.insert(at, 1, kAlphabet[random() % kAlphabet.size()]);
        break;
      case 2:
        text.erase(at, 1 + random() % 4);
        break;
      case 3:
        std::swap(text[at], text[random() % text.size()]);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 8));
        break;
    }
  }
  return text;
}

TEST(DecoderDifferential, AcceptsNothingThatIsNoJsonAndCallsNoJsonMalformed) {
  std::mt19937_64 random(6);
  EventDecoder decoder;
  int accepted = 0;
  for (int i = 0; i < 150'000; ++i) {
    const std::string text = mutated(random);
    const auto decoded = decode(decoder, text);
    if (json::accept(text)) {
      ASSERT_TRUE(decoded.ok() || (decoded.error.code != "malformed_json")) << text;
    } else {
      ASSERT_FALSE(decoded.ok()) << text;
    }
    if (!decoded.ok()) continue;
    ++accepted;
    json original = json::parse(text);
    if (original.is_object()) original = json::array({original});
    ASSERT_EQ(original.size(), decoded.events.size()) << text;
    for (std::size_t e = 0; e < decoded.events.size(); ++e) {
      ASSERT_EQ(json::parse(decoded.events[e].payload), original[e]["payload"]) << text;
      ASSERT_EQ(decoded.events[e].type, original[e]["type"]) << text;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(DecoderDifferential, NdjsonLinesAreJudgedAlike) {
  std::mt19937_64 random(7);
  EventDecoder decoder;
  for (int i = 0; i < 50'000; ++i) {
    std::string first = mutated(random), second = mutated(random);
    for (std::string* line : {&first, &second}) std::erase(*line, '\n');
    const auto together = decode(decoder, first + "\n" + second, BatchFormat::ndjson);
    const auto is_event_or_empty = [&](const std::string& line) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
      return line[line.find_first_not_of(" \t\r")] != '[' && decode(decoder, line).ok();
    };
    if (together.ok()) {
      ASSERT_TRUE(is_event_or_empty(first) && is_event_or_empty(second)) << first << '\n' << second;
    }
  }
}

}  // namespace
}  // namespace tapedeck
