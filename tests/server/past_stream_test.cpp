// Streams that begin in, or fall back into, what only the history still has: store, then log, then
// live, each event once and in order.
#include <thread>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;
constexpr const char* kPath = "/api/telemetry/stream";

class PastStream : public ServerTest {
 protected:
  void publish_past_and_present(int past, int present, ServerOptions options = {}) {
    restart();
    for (int i = 1; i <= past; ++i) publish(i);
    history_.keep(*bus_);
    restart("e1", std::move(options));
    for (int i = past + 1; i <= past + present; ++i) publish(i);
    bus_->flush();
  }
  /// Numbered n, stamped n minutes after nine.
  void publish(int n) {
    bus_->publish(GenericEvent{n % 2 == 0 ? "even" : "odd", {{"n", n}}},
                  *parse_rfc3339("2025-11-18T09:00:00Z") + std::chrono::minutes(n));
  }
  HttpTestClient open(const std::string& query,
                      std::string_view headers = HttpTestClient::kEventSource) {
    HttpTestClient client = connect();
    EXPECT_EQ(client.open_stream(kPath + query, headers).status, 200);
    return client;
  }
  static int number(const SseFrame& frame) { return json::parse(frame.data)["payload"]["n"]; }
  static void expect_numbers(HttpTestClient& client, int first, int last, int step = 1) {
    for (int n = first; n <= last; n += step) ASSERT_EQ(number(client.read_message()), n);
  }
};

TEST_F(PastStream, ResumesInTheStoreAndGoesLiveWithoutAHoleOrARepeat) {
  publish_past_and_present(30, 5);
  HttpTestClient client = open("?last_event_id=e1-3");
  EXPECT_EQ(client.read_frame().id, "e1-3");  // connection
  expect_numbers(client, 4, 35);
  publish(36);
  expect_numbers(client, 36, 36);
}

TEST_F(PastStream, PlainClientsGetThePastAsDataLines) {
  publish_past_and_present(3, 1);
  HttpTestClient client = open("?since=e1-1", "");
  client.read_frame();
  for (int n = 2; n <= 4; ++n) {
    const SseFrame frame = client.read_frame();
    EXPECT_TRUE(frame.raw.starts_with("data: {"));
    EXPECT_EQ(number(frame), n);
  }
}

TEST_F(PastStream, SinceATimeBeginsAtTheOldestStoredEventFromThen) {
  publish_past_and_present(30, 5);
  HttpTestClient client = open("?since=2025-11-18T09:28:00Z&event_type=even");
  expect_numbers(client, 28, 34, 2);
  publish(36);
  expect_numbers(client, 36, 36);
}

TEST_F(PastStream, SinceBeforeWhatIsStoredIsToldByAGap) {
  publish_past_and_present(10, 2);
  history_.lose(1, 4);
  HttpTestClient client = open("?since=2025-11-18T09:02:00Z");
  EXPECT_EQ(client.read_frame().event, "connection");
  const SseFrame gap = client.read_frame();
  ASSERT_EQ(gap.event, "gap");
  EXPECT_EQ(json::parse(gap.data)["requested"], "2025-11-18T09:02:00Z");
  EXPECT_EQ(json::parse(gap.data)["oldest"], "e1-5");
  EXPECT_EQ(json::parse(gap.data)["missed"], nullptr);
  expect_numbers(client, 5, 12);
  HttpTestClient content = open("?since=2025-11-18T09:05:00Z");
  content.read_frame();
  EXPECT_EQ(number(content.read_frame()), 5);
}

TEST_F(PastStream, ReplayCountsBackIntoTheStore) {
  publish_past_and_present(30, 3);
  HttpTestClient all = open("?replay=10");
  expect_numbers(all, 24, 33);
  HttpTestClient even = open("?replay=10&event_type=even");
  const SseFrame connection = even.read_frame();
  EXPECT_EQ(connection.id, "");  // it is not known yet where the ten begin
  EXPECT_EQ(json::parse(connection.data)["last_id"], nullptr);
  expect_numbers(even, 14, 32, 2);
  HttpTestClient more_than_there_are = open("?replay=1000");
  expect_numbers(more_than_there_are, 1, 33);
  HttpTestClient in_memory = open("?replay=2");
  expect_numbers(in_memory, 32, 33);
}

TEST_F(PastStream, ReplayStopsAtWhatWasCleared) {
  publish_past_and_present(10, 3);
  bus_->clear_buffer();
  publish(14);
  HttpTestClient client = open("?replay=5");
  expect_numbers(client, 14, 14);
}

TEST_F(PastStream, AHoleInTheStoreIsToldWithItsSize) {
  publish_past_and_present(20, 2);
  history_.lose(8, 12);
  HttpTestClient client = open("?last_event_id=e1-5");
  client.read_frame();
  EXPECT_EQ(number(client.read_frame()), 6);
  EXPECT_EQ(number(client.read_frame()), 7);
  const SseFrame gap = client.read_frame();
  ASSERT_EQ(gap.event, "gap");
  EXPECT_EQ(json::parse(gap.data)["requested"], "e1-7");
  EXPECT_EQ(json::parse(gap.data)["oldest"], "e1-13");
  EXPECT_EQ(json::parse(gap.data)["missed"], 5);
  expect_numbers(client, 13, 22);
}

TEST_F(PastStream, IdsOfAnOlderEpochResumeAcrossTheBorder) {
  restart("e1");
  for (int i = 1; i <= 5; ++i) publish(i);
  history_.keep(*bus_);
  restart("e2");
  for (int i = 6; i <= 8; ++i) publish(i);
  bus_->flush();
  HttpTestClient client = open("?last_event_id=e1-4");
  EXPECT_EQ(client.read_frame().id, "e1-4");
  EXPECT_EQ(client.read_frame().id, "e1-5");
  EXPECT_EQ(client.read_frame().id, "e2-6");
  HttpTestClient beyond = open("?last_event_id=e1-900");  // streamed, never stored
  beyond.read_frame();
  const SseFrame gap = beyond.read_frame();
  ASSERT_EQ(gap.event, "gap");
  EXPECT_EQ(json::parse(gap.data)["missed"], nullptr);
  expect_numbers(beyond, 6, 8);
}

TEST_F(PastStream, AReaderThatFallsOffTheLogIsCaughtUpFromTheStore) {
  restart("e1", {}, {.log_bytes = std::size_t{4} << 20});
  HttpTestClient slow = connect(4096);
  slow.open_stream(kPath, HttpTestClient::kEventSource);
  wait_for_streams(1);
  const std::string filler(60'000, 'x');
  for (int i = 1; i <= 200; ++i) {
    bus_->publish(GenericEvent{"filler", {{"n", i}, {"text", filler}}});
    history_.keep(*bus_);
  }
  ASSERT_GT(BusAccess::log(*bus_).first_seq(), 100U);
  expect_numbers(slow, 1, 200);
  publish(201);
  expect_numbers(slow, 201, 201);
  EXPECT_EQ(server_->totals().gaps_total, 0U);
}

TEST_F(PastStream, WhileEventsArePublishedEachComesOnceAndInOrder) {
  restart("e1", {}, {.log_bytes = std::size_t{4} << 20});
  constexpr int kEvents = 2400;
  std::thread publisher([this] {
    const std::string filler(4'000, 'x');
    for (int i = 1; i <= kEvents; ++i) {
      bus_->publish(GenericEvent{i % 2 == 0 ? "even" : "odd", {{"n", i}, {"text", filler}}});
      if (i % 50 == 0) history_.keep(*bus_);
    }
  });
  ASSERT_TRUE(wait_until([this] { return history_.end_seq() > 1; }));
  HttpTestClient all = open("?last_event_id=e1-0"), plain = open("?since=e1-0", "");
  HttpTestClient even = open("?since=2000-01-01T00:00:00Z&event_type=even");
  expect_numbers(all, 1, kEvents);
  expect_numbers(even, 2, kEvents, 2);
  plain.read_frame();
  for (int n = 1; n <= kEvents; ++n) ASSERT_EQ(number(plain.read_frame()), n);
  publisher.join();
  EXPECT_EQ(server_->totals().gaps_total, 0U);
}

TEST_F(PastStream, ASlowStoreDelaysOnlyThoseWhoNeedIt) {
  ServerOptions options;
  options.io_threads = 1;
  options.read_threads = 1;
  publish_past_and_present(20, 2, options);
  history_.hold_reads();
  HttpTestClient catching_up = open("?last_event_id=e1-2&heartbeat=1");
  HttpTestClient live = open("");
  ASSERT_TRUE(wait_until([&] { return history_.waiting() == 1; }));
  publish(23);
  expect_numbers(live, 23, 23);
  catching_up.read_frame();
  const SseFrame heartbeat = catching_up.read_frame();
  EXPECT_EQ(heartbeat.event, "heartbeat");
  EXPECT_EQ(heartbeat.id, "e1-2");
  history_.let_go();
  expect_numbers(catching_up, 3, 23);
}

TEST_F(PastStream, ABrokenStoreIsToldByAGapAndTheStreamGoesOn) {
  publish_past_and_present(20, 2);
  history_.fail_with("The disk is gone.");
  HttpTestClient client = open("?last_event_id=e1-2");
  client.read_frame();
  const SseFrame gap = client.read_frame();
  ASSERT_EQ(gap.event, "gap");
  EXPECT_EQ(json::parse(gap.data)["missed"], 18);
  expect_numbers(client, 21, 22);
}

TEST_F(PastStream, AClientThatLeavesWhileItIsCaughtUpIsForgotten) {
  publish_past_and_present(20, 2);
  history_.hold_reads();
  {
    HttpTestClient client = open("?last_event_id=e1-2");
    ASSERT_TRUE(wait_until([&] { return history_.waiting() == 1; }));
  }
  wait_for_streams(0);
  history_.let_go();
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(PastStream, StoppingWhileCatchingUpSaysGoodbye) {
  publish_past_and_present(20, 2);
  history_.hold_reads();
  HttpTestClient client = open("?last_event_id=e1-2");
  ASSERT_TRUE(wait_until([&] { return history_.waiting() == 1; }));
  client.read_frame();
  std::thread stopper([this] { server_->stop(); });
  EXPECT_EQ(client.read_frame().event, "shutdown");
  EXPECT_TRUE(client.at_end());
  history_.let_go();
  stopper.join();
}

}  // namespace
}  // namespace tapedeck::testing
