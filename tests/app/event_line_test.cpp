#include "app/event_line.hpp"

#include <gtest/gtest.h>

namespace tapedeck::app {
namespace {

TEST(EventLine, ShowsTheTimeInIstAndTheTellingFieldsFirst) {
  EXPECT_EQ(event_line(
                R"({"type":"signal_event","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
                R"({"reason":"cross","symbol":"NIFTY","strategy_name":"momentum","signal":"BUY"}})",
                false),
            "13:25:41.123 signal_event       NIFTY momentum BUY  reason=cross");
}

TEST(EventLine, ColoursSidesOnlyWhenAsked) {
  const std::string event =
      R"({"type":"order_event","timestamp":"2025-11-18T07:55:41.1Z","payload":{"side":"SELL"}})";
  EXPECT_NE(event_line(event, true).find("\x1b[31mSELL\x1b[0m"), std::string::npos);
  EXPECT_EQ(event_line(event, false).find('\x1b'), std::string::npos);
}

TEST(EventLine, DoesNotLetAnEventControlTheTerminal) {
  const std::string line = event_line(
      R"({"type":"x","timestamp":"2025-11-18T07:55:41.1Z","payload":{"symbol":"a\u001b[2Jb\nc"}})",
      false);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(EventLine, CutsTheDetailsToTheTerminal) {
  const std::string event =
      R"({"type":"x","timestamp":"2025-11-18T07:55:41.1Z","payload":{"symbol":"N","note":"₹₹₹₹₹₹₹₹₹₹"}})";
  EXPECT_LE(event_line(event, false, 34).size(), 34U);
  for (std::size_t width = 36; width < 60; ++width) {
    const std::string line = event_line(event, false, width);
    EXPECT_LE(line.size(), width);
    EXPECT_TRUE(line.ends_with("...")) << line;
    EXPECT_NE(static_cast<unsigned char>(line[line.size() - 4]) & 0xC0, 0xC0) << "half a character";
  }
}

TEST(EventLine, PassesOnWhatItCannotRead) {
  EXPECT_EQ(event_line("nonsense", false), "nonsense");
}

}  // namespace
}  // namespace tapedeck::app
