#include "app/event_line.hpp"

#include <gtest/gtest.h>

#include "app/terminal_text.hpp"

namespace tapedeck::app {
namespace {

TEST(EventLine, ShowsTheTimeInIstAndTheTellingFieldsFirst) {
  EXPECT_EQ(event_line(
                R"({"type":"signal_event","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
                R"({"reason":"cross","symbol":"NIFTY","strategy_name":"momentum","signal":"BUY"}})",
                false),
            "13:25:41.123 signal_event       NIFTY momentum BUY  reason=cross");
}

TEST(EventLine, SaysOfAnAlertHowItIsAndWhatItMeansBeforeTheRest) {
  EXPECT_EQ(
      event_line(R"({"type":"alert_event","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
                 R"({"rule":"rejects","state":"firing","value":6.0,"severity":"critical",)"
                 R"("summary":"6 orders rejected"}})",
                 false),
      "13:25:41.123 alert_event        firing critical rejects 6 orders rejected  value=6.0");
  EXPECT_EQ(
      event_line(R"({"type":"alert_action","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
                 R"({"rule":"rejects","action":"acknowledge","by":"asha","group":{"a":"b"}}})",
                 false),
      "13:25:41.123 alert_action       acknowledge rejects asha  group={\"a\":\"b\"}");
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
  const std::string name = event_line(
      R"({"type":"x","timestamp":"2025-11-18T07:55:41.1Z","payload":{"\u001b[2J":{"a":"\u009b"}}})",
      false);
  EXPECT_EQ(name.find('\x1b'), std::string::npos);
  EXPECT_EQ(name.find("\xC2\x9B"), std::string::npos);
}

TEST(EventLine, CutsTheDetailsToTheTerminal) {
  const std::string event =
      R"({"type":"x","timestamp":"2025-11-18T07:55:41.1Z","payload":{"symbol":"N","note":"₹₹₹₹₹₹₹₹₹₹"}})";
  EXPECT_LE(shown_width(event_line(event, false, 34)), 34U);
  const std::size_t whole = shown_width(event_line(event, false));
  EXPECT_EQ(event_line(event, false, whole), event_line(event, false));
  for (std::size_t width = 37; width < whole; ++width) {
    const std::string line = event_line(event, false, width);
    EXPECT_EQ(shown_width(line), width);
    EXPECT_TRUE(line.ends_with("...")) << line;
    EXPECT_NE(static_cast<unsigned char>(line[line.size() - 4]) & 0xC0, 0xC0) << "half a character";
  }
}

TEST(EventLine, PassesOnWhatItCannotRead) {
  EXPECT_EQ(event_line("nonsense", false), "nonsense");
}

TEST(EventLines, SayWhichDayItIsWhereItIsNotTheDayBefore) {
  const auto event = [](const char* timestamp) {
    return std::string(R"({"type":"x","timestamp":")") + timestamp + R"(","payload":{"a":1}})";
  };
  EventLines lines(*parse_rfc3339("2025-11-18T10:00:00Z"), false);
  EXPECT_EQ(lines.next(event("2025-11-18T03:45:00Z"), 0), "09:15:00.000 x                   a=1\n");
  EXPECT_EQ(lines.next(event("2025-11-16T18:29:59Z"), 0),
            "-- 2025-11-16 IST --\n23:59:59.000 x                   a=1\n");
  EXPECT_EQ(lines.next(event("2025-11-16T18:30:00Z"), 0),
            "-- 2025-11-17 IST --\n00:00:00.000 x                   a=1\n");
  EXPECT_EQ(lines.next(event("2025-11-17T01:00:00Z"), 0), "06:30:00.000 x                   a=1\n");
  EXPECT_EQ(lines.next("nonsense", 0), "nonsense\n");
}

}  // namespace
}  // namespace tapedeck::app
