// Play-back of the past: its pace without a clock, and the streams that use it.
#include "server/playback.hpp"

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
constexpr const char* kPath = "/api/telemetry/stream";
constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Pacing, EventsAreDueAsTheyHappenedTimesTheFactor) {
  Pacing as_it_was(1, false), twice(2, false), half(0.5, false), at_once(0, false);
  for (Pacing* pacing : {&as_it_was, &twice, &half, &at_once}) {
    EXPECT_EQ(pacing->due(1000 * kSecond), 0ns);
  }
  EXPECT_EQ(as_it_was.due(1010 * kSecond), 10s);
  EXPECT_EQ(as_it_was.due(1010 * kSecond + 1), 10s + 1ns);
  EXPECT_EQ(twice.due(1010 * kSecond), 5s);
  EXPECT_EQ(half.due(1010 * kSecond), 20s);
  EXPECT_EQ(at_once.due(1010 * kSecond), 0s);
}

TEST(Pacing, ALongPauseIsShortenedToASecondUnlessKept) {
  Pacing shortened(1, false), kept(1, true);
  for (Pacing* pacing : {&shortened, &kept}) {
    pacing->due(0);
    EXPECT_EQ(pacing->due(60 * kSecond), 60s);  // not yet a long one
  }
  EXPECT_EQ(shortened.due(120 * kSecond + 1), 61s);
  EXPECT_EQ(kept.due(120 * kSecond + 1), 120s + 1ns);
  EXPECT_EQ(shortened.due(125 * kSecond + 1), 66s);
}

TEST(Pacing, TimeNeverRunsBackwards) {
  Pacing pacing(1, false);
  pacing.due(100 * kSecond);
  EXPECT_EQ(pacing.due(110 * kSecond), 10s);
  EXPECT_EQ(pacing.due(105 * kSecond), 10s);  // late by five: at once
  EXPECT_EQ(pacing.due(112 * kSecond), 12s);  // and the clock did not go back for it
}

TEST(Pacing, AnEventOfAnotherYearInBetweenDoesNotSpoilThePace) {
  constexpr std::int64_t kYear = 365 * 86400 * kSecond;
  Pacing pacing(1, false);
  pacing.due(100 * kSecond);
  EXPECT_EQ(pacing.due(kYear), 1s);
  EXPECT_EQ(pacing.due(101 * kSecond), 1s);
  EXPECT_EQ(pacing.due(105 * kSecond), 5s);
}

TEST(Pacing, TimesFarApartDoNotOverflow) {
  Pacing pacing(1e-9, true);
  pacing.due(INT64_MIN);
  EXPECT_GT(pacing.due(INT64_MAX), 24h);
  EXPECT_GT(pacing.due(0), 24h);
}

class PlayBack : public ServerTest {
 protected:
  /// Event n happened n * step after nine; the first `past` are in the history only.
  void publish_past_and_present(int past, int present, std::chrono::seconds step = 10s) {
    step_ = step;
    restart();
    for (int i = 1; i <= past; ++i) publish(i);
    history_.keep(*bus_);
    restart();
    for (int i = past + 1; i <= past + present; ++i) publish(i);
    bus_->flush();
  }
  void publish(int n) {
    bus_->publish(GenericEvent{n % 2 == 0 ? "even" : "odd", {{"n", n}}},
                  *parse_rfc3339("2025-11-18T09:00:00Z") + n * step_);
  }
  HttpTestClient open(const std::string& query, const std::string& headers = {}) {
    HttpTestClient client = connect();
    EXPECT_EQ(client.open_stream(kPath + query, std::string(HttpTestClient::kEventSource) + headers)
                  .status,
              200);
    client.read_frame();  // connection
    return client;
  }
  static int number(const SseFrame& frame) { return json::parse(frame.data)["payload"]["n"]; }
  static void expect_numbers(HttpTestClient& client, int first, int last, int step = 1) {
    for (int n = first; n <= last; n += step) ASSERT_EQ(number(client.read_frame()), n);
  }
  static void expect_end(HttpTestClient& client, const std::string& last_id) {
    const SseFrame end = client.read_frame();
    EXPECT_EQ(end.event, "end");
    EXPECT_EQ(end.id, last_id + "-end");
    EXPECT_EQ(json::parse(end.data)["type"], "end");
    EXPECT_EQ(json::parse(end.data)["last_id"], last_id);
    EXPECT_TRUE(client.at_end());
  }
  int status(const std::string& query, const std::string& headers = {}) {
    return get(kPath + query, headers).status;
  }

  std::chrono::seconds step_{10};
};

TEST_F(PlayBack, GivesThePastInOrderThenEnds) {
  publish_past_and_present(30, 5);
  HttpTestClient client = open("?speed=0&since=e1-3");
  expect_numbers(client, 4, 35);
  expect_end(client, "e1-35");
}

TEST_F(PlayBack, FiltersAndUntilNarrowIt) {
  publish_past_and_present(30, 5);
  HttpTestClient by_time =
      open("?speed=0&since=2025-11-18T09:01:00Z&until=2025-11-18T09:03:00Z&event_type=even");
  expect_numbers(by_time, 6, 18, 2);
  expect_end(by_time, "e1-35");
  HttpTestClient by_id = open("?speed=0&since=e1-10&until=e1-20");
  expect_numbers(by_id, 11, 19);
  expect_end(by_id, "e1-19");
}

TEST_F(PlayBack, AnEmptyRangeEndsAtOnce) {
  publish_past_and_present(5, 1);
  HttpTestClient client = open("?speed=1&since=2030-01-01T00:00:00Z");
  expect_end(client, "e1-6");
  HttpTestClient backwards = open("?speed=1&since=e1-5&until=e1-2");
  expect_end(backwards, "e1-5");
}

TEST_F(PlayBack, WhatIsPublishedMeanwhileIsNotPartOfIt) {
  publish_past_and_present(5, 1);
  history_.hold_reads();
  HttpTestClient client = open("?speed=0&since=e1-1");
  publish(7);
  bus_->flush();
  history_.let_go();
  expect_numbers(client, 2, 6);
  expect_end(client, "e1-6");
}

TEST_F(PlayBack, PausesOfTheEventsAreWaitedForAtTheFactor) {
  publish_past_and_present(20, 5);  // ten seconds apart, a thousandfold: ten milliseconds
  HttpTestClient client = open("?speed=1000&since=2025-11-18T09:00:00Z");
  expect_numbers(client, 1, 25);
  expect_end(client, "e1-25");
}

TEST_F(PlayBack, NightsAreShortened) {
  publish_past_and_present(4, 1, 12h);
  HttpTestClient client = open("?speed=1000&since=2025-11-18T09:00:00Z");
  expect_numbers(client, 1, 5);  // two days in four milliseconds, or this would not end
  expect_end(client, "e1-5");
}

TEST_F(PlayBack, HeartbeatsFillPausesThatAreKept) {
  publish_past_and_present(1, 1, 12h);
  HttpTestClient client = open("?speed=1&gaps=keep&heartbeat=1&since=2025-11-18T09:00:00Z");
  EXPECT_EQ(number(client.read_frame()), 1);
  const SseFrame heartbeat = client.read_frame();
  EXPECT_EQ(heartbeat.event, "heartbeat");
  EXPECT_EQ(heartbeat.id, "e1-1");
}

TEST_F(PlayBack, AReconnectGoesOnAfterTheLastIdAndStopsAtTheEnd) {
  publish_past_and_present(30, 5);
  const std::string query = "?speed=0&since=2025-11-18T09:01:00Z&until=2025-11-18T09:03:00Z";
  HttpTestClient client = open(query, "Last-Event-ID: e1-10\r\n");
  expect_numbers(client, 11, 18);
  expect_end(client, "e1-35");
  EXPECT_EQ(status(query, "Last-Event-ID: e1-18\r\n"), 204);
  EXPECT_EQ(status(query, "Last-Event-ID: e1-35\r\n"), 204);
  EXPECT_EQ(status(query, "Last-Event-ID: e1-35-end\r\n"), 204);
  EXPECT_EQ(status("?speed=1&since=e1-3&until=e1-20", "Last-Event-ID: e1-19\r\n"), 204);
}

TEST_F(PlayBack, WithoutUntilTheEndIsKnownByItsIdHoweverMuchHasComeSince) {
  publish_past_and_present(5, 1);
  publish(7);
  bus_->flush();
  EXPECT_EQ(status("?speed=1&since=e1-3", "Last-Event-ID: e1-6-end\r\n"), 204);
  // A live stream that goes on from there misses nothing.
  HttpTestClient live = open("", "Last-Event-ID: e1-6-end\r\n");
  EXPECT_EQ(number(live.read_frame()), 7);
}

TEST_F(PlayBack, AHoleIsTold) {
  publish_past_and_present(20, 1);
  history_.lose(8, 12);
  HttpTestClient client = open("?speed=0&since=e1-6");
  EXPECT_EQ(number(client.read_frame()), 7);
  const SseFrame gap = client.read_frame();
  EXPECT_EQ(gap.event, "gap");
  EXPECT_EQ(json::parse(gap.data)["missed"], 5);
  expect_numbers(client, 13, 21);
  expect_end(client, "e1-21");
}

TEST_F(PlayBack, MemoryAloneCanBePlayedToo) {
  start();
  for (int i = 1; i <= 5; ++i) publish(i);
  bus_->flush();
  HttpTestClient client = open("?speed=0&since=" + id(2));
  expect_numbers(client, 3, 5);
  expect_end(client, id(5));
}

TEST_F(PlayBack, ALongOneGoesThroughManySlices) {
  restart();
  const std::string filler(30'000, 'x');
  for (int i = 1; i <= 60; ++i) {
    bus_->publish(GenericEvent{"filler", {{"n", i}, {"text", filler}}});
  }
  history_.keep(*bus_);
  restart();
  HttpTestClient client = open("?speed=0&since=2000-01-01T00:00:00Z");
  expect_numbers(client, 1, 60);
  expect_end(client, "e1-60");
  EXPECT_GT(history_.reads(), 5);
}

TEST_F(PlayBack, ABrokenStoreEndsItAndTheReconnectIsTold) {
  publish_past_and_present(20, 1);
  history_.fail_with("The disk is gone.");
  HttpTestClient client = open("?speed=0&since=e1-6");
  EXPECT_TRUE(client.at_end());
  expect_error(get(std::string(kPath) + "?speed=0&since=e1-6", "Last-Event-ID: e1-8\r\n"), 503,
               "store_unreadable");
}

TEST_F(PlayBack, ItsParametersAreChecked) {
  publish_past_and_present(2, 1);
  const std::string path = kPath;
  expect_error(get(path + "?speed=1"), 400, "invalid_parameter", "speed");
  expect_error(get(path + "?speed=1&replay=5"), 400, "invalid_parameter", "speed");
  for (const char* bad : {"-1", "fast", "", "1000000.5", "nan", "inf"}) {
    expect_error(get(path + "?since=e1-1&speed=" + bad), 400, "invalid_parameter", "speed");
  }
  expect_error(get(path + "?since=e1-1&gaps=keep"), 400, "invalid_parameter", "gaps");
  expect_error(get(path + "?since=e1-1&speed=1&gaps=none"), 400, "invalid_parameter", "gaps");
  HttpTestClient fastest = open("?since=e1-1&speed=1000000&gaps=shorten");
  expect_numbers(fastest, 2, 3);
}

}  // namespace
}  // namespace tapedeck::testing
