// Compressed streams on real sockets: what they decode to is what others get, at once, however
// clients share compressors, come, go, stop reading and fall behind.
#include <memory>
#include <random>
#include <thread>

#include "server/grants.hpp"
#include "server/server_fixture.hpp"
#include "support/inflate.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;
constexpr const char* kPath = "/api/telemetry/stream";
const std::string kAccepts =
    std::string(HttpTestClient::kEventSource) + "Accept-Encoding: gzip\r\n";

/// A client that reads what its stream decodes to.
struct GzipClient {
  HttpTestClient http;
  TestResponse head;
  std::shared_ptr<Inflater> inflater = std::make_shared<Inflater>();

  SseFrame read_frame() { return http.read_frame(); }
  SseFrame read_message() { return http.read_message(); }
};

class StreamGzip : public ServerTest {
 protected:
  static ServerOptions one_worker() {
    ServerOptions options;
    options.io_threads = 1;
    return options;
  }
  TestResponse open_head(HttpTestClient& client, const std::string& query,
                         const std::string& headers = kAccepts) {
    return client.open_stream(kPath + query, headers);
  }
  bool is_compressed(HttpTestClient& client, const std::string& query,
                     const std::string& headers = kAccepts) {
    return open_head(client, query, headers).headers.count("content-encoding") > 0;
  }
  GzipClient open(const std::string& query = {}, int receive_buffer_bytes = 0,
                  const std::string& headers = kAccepts) {
    GzipClient client{connect(receive_buffer_bytes), {}};
    client.head = open_head(client.http, query, headers);
    EXPECT_EQ(client.head.headers["content-encoding"], "gzip");
    client.http.decode_with(
        [inflater = client.inflater](std::string_view bytes) { return inflater->decode(bytes); });
    return client;
  }
  static std::string symbol(const SseFrame& frame) {
    return json::parse(frame.data)["payload"]["symbol"];
  }
  /// An event that compresses to little less than its size.
  void publish_noise() {
    std::string noise(60'000, ' ');
    for (char& c : noise) c = static_cast<char>('#' + random_() % 57);
    bus_->publish(GenericEvent{"noise", {{"text", noise}}});
  }

  std::mt19937 random_{1};
};

TEST_F(StreamGzip, TheHeadAndAFirstFrameComeAtOnce) {
  start();
  GzipClient client = open();
  EXPECT_EQ(client.head.headers.at("vary"), "Accept-Encoding, Origin");
  EXPECT_EQ(client.head.headers.at("content-type"), "text/event-stream");
  const SseFrame first = client.read_frame();
  EXPECT_EQ(first.event, "connection");
  EXPECT_TRUE(first.raw.starts_with("retry: 2000\n"));
}

TEST_F(StreamGzip, OnlyThoseWhoAcceptItGetIt) {
  start();
  for (const std::string accepts :
       {"", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n",
        "Accept-Encoding: br, zstd, deflate\r\n"}) {
    HttpTestClient client = connect();
    EXPECT_FALSE(is_compressed(client, "", accepts)) << accepts;
    EXPECT_EQ(json::parse(client.read_frame().data)["type"], "connection");
  }
  HttpTestClient any = connect();
  EXPECT_TRUE(is_compressed(any, "", "Accept-Encoding: *\r\n"));
}

TEST_F(StreamGzip, ItCanBeTurnedOff) {
  ServerOptions options;
  options.compression = false;
  start(options);
  HttpTestClient client = connect();
  EXPECT_FALSE(is_compressed(client, ""));
}

TEST_F(StreamGzip, EachEventCanBeDecodedAsSoonAsItIsSent) {
  start();
  GzipClient eventsource = open(), filtered = open("?symbol=S7,S8");
  GzipClient plain = open("", 0, "Accept-Encoding: gzip\r\n");
  plain.read_frame();
  for (int i = 0; i < 200; ++i) {
    const std::string name = "S" + std::to_string(i % 10);
    publish_signal(name);
    EXPECT_EQ(symbol(eventsource.read_message()), name);
    EXPECT_EQ(symbol(plain.read_frame()), name);
    if (i % 10 == 7 || i % 10 == 8) {
      EXPECT_EQ(symbol(filtered.read_message()), name);
    }
  }
}

TEST_F(StreamGzip, StreamsThatAreTheSameShareACompressorAndOthersGoWithoutBeyondTheLimit) {
  ServerOptions options = one_worker();
  options.stream_compressors = 2;
  start(options);
  GzipClient first = open("?symbol=A,B"), same = open("?symbol=B,A"), second = open("?symbol=C");
  for (const char* other : {"?symbol=D", "?symbol=C&heartbeat=2", "?symbol=C&coalesce_ms=1",
                            "?symbol=C&dialect=plain", "?speed=0&since=2025-11-18T00:00:00Z"}) {
    HttpTestClient client = connect();
    EXPECT_FALSE(is_compressed(client, other)) << other;
    EXPECT_EQ(json::parse(client.read_frame().data)["type"], "connection");
  }
  publish_signal("A");
  EXPECT_EQ(symbol(first.read_message()), "A");
  EXPECT_EQ(symbol(same.read_message()), "A");
}

TEST_F(StreamGzip, ExpressionsAreTheSameWhenTheyAreWrittenTheSame) {
  ServerOptions options = one_worker();
  options.stream_compressors = 1;
  start(options);
  const std::string filter = "?filter=type%20==%20%22signal_event%22";
  GzipClient first = open(filter), same = open(filter);
  HttpTestClient other = connect();
  EXPECT_FALSE(is_compressed(other, "?filter=type%20==%20%22order_event%22"));
  publish_signal("A");
  EXPECT_EQ(symbol(first.read_message()), "A");
  EXPECT_EQ(symbol(same.read_message()), "A");
}

TEST_F(StreamGzip, WhoMaySeeLessSharesNothingWithWhoMaySeeMore) {
  TestGrants grants;
  auth::Grant narrow = grant_named("narrow", auth::Scope::read);
  narrow.narrowing.symbol = {"MINE"};
  grants.add(narrow);
  ServerOptions options = one_worker();
  options.listen_port = 0;
  bus_ = std::make_unique<TelemetryBus>(BusOptions{});
  server_ = std::make_unique<Server>(*bus_, options, nullptr, StoreHooks{}, grants.hooks());
  server_->start();
  GzipClient all = open(), narrowed = open("", 0, kAccepts + key_header("narrow"));
  for (int i = 0; i < 200; ++i) {
    const std::string name = i % 2 == 0 ? "THEIRS" : "MINE";
    publish_signal(name);
    ASSERT_EQ(symbol(all.read_message()), name);
    if (i % 2 == 1) {
      ASSERT_EQ(symbol(narrowed.read_message()), "MINE");
    }
  }
}

TEST_F(StreamGzip, TheCompressorGoesWithTheLastOfItsStreams) {
  ServerOptions options = one_worker();
  options.stream_compressors = 1;
  start(options);
  {
    GzipClient first = open("?symbol=A"), same = open("?symbol=A");
    wait_for_streams(2);
  }
  wait_for_streams(0);
  open("?symbol=B");
}

TEST_F(StreamGzip, EveryClientGetsEveryEventInOneOrderWheneverItCame) {
  start();
  constexpr int kThreads = 2, kEach = 4000, kTotal = kThreads * kEach;
  std::vector<std::thread> publishers;
  for (int t = 0; t < kThreads; ++t) {
    publishers.emplace_back([this, t] {
      const std::string name = "T" + std::to_string(t);
      for (int i = 0; i < kEach; ++i) {
        publish_signal(name);
        if (i % 50 == 0) std::this_thread::yield();
      }
    });
  }
  std::vector<GzipClient> clients;
  std::vector<std::uint64_t> begins;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(open(i % 3 == 0 ? "?replay=5" : ""));
    const std::string connected = clients.back().read_frame().id;
    begins.push_back(std::stoull(connected.substr(connected.rfind('-') + 1)) + 1);
    open();  // others come and leave at once
  }
  for (auto& publisher : publishers) publisher.join();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    for (std::uint64_t seq = begins[i]; seq <= kTotal; ++seq) {
      ASSERT_EQ(clients[i].read_message().id, id(seq)) << "client " << i;
    }
  }
}

TEST_F(StreamGzip, HeartbeatsComeToAllAndCarryTheIdLastLookedAt) {
  start(one_worker());
  GzipClient first = open("?heartbeat=1&symbol=RARE"), second = open("?heartbeat=1&symbol=RARE");
  first.read_frame();
  second.read_frame();
  publish_signal("COMMON");
  bus_->flush();
  for (int beat = 0; beat < 2; ++beat) {
    for (GzipClient* client : {&first, &second}) {
      const SseFrame heartbeat = client->read_frame();
      EXPECT_EQ(heartbeat.event, "heartbeat");
      EXPECT_EQ(heartbeat.id, id(1));
    }
  }
  publish_signal("RARE");
  EXPECT_EQ(symbol(first.read_message()), "RARE");
  EXPECT_EQ(symbol(second.read_message()), "RARE");
}

TEST_F(StreamGzip, CoalescedStreamsGetEverythingALittleLater) {
  start();
  GzipClient client = open("?coalesce_ms=20");
  for (int i = 0; i < 100; ++i) publish_signal("S" + std::to_string(i));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(symbol(client.read_message()), "S" + std::to_string(i));
}

TEST_F(StreamGzip, AReaderThatStopsCostsTheOthersNothingAndIsToldWhatItMissed) {
  start(one_worker(), {.log_bytes = std::size_t{4} << 20});
  GzipClient slow = open("", 4096), fast = open();
  wait_for_streams(2);
  for (int i = 0; i < 200; ++i) {
    publish_noise();
    ASSERT_EQ(json::parse(fast.read_message().data)["type"], "noise");
  }
  std::uint64_t expected = 1;
  bool told = false;
  while (expected <= 200) {
    const SseFrame frame = slow.read_frame();
    if (frame.event == "gap") {
      told = true;
      expected += json::parse(frame.data)["missed"].get<std::uint64_t>();
    } else if (frame.event.empty()) {
      ASSERT_EQ(frame.id, id(expected));
      ++expected;
    }
  }
  EXPECT_TRUE(told);
  publish_signal("BOTH");  // it is with the others again
  EXPECT_EQ(symbol(slow.read_message()), "BOTH");
  EXPECT_EQ(symbol(fast.read_message()), "BOTH");
}

TEST_F(StreamGzip, AReaderThatStopsForAMomentMissesNothing) {
  start(one_worker());
  GzipClient slow = open("", 4096), fast = open();
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 15; ++i) publish_noise();
    for (GzipClient* client : {&fast, &slow}) {
      for (int i = 1; i <= 15; ++i) {
        ASSERT_EQ(client->read_message().id, id(static_cast<std::uint64_t>(round * 15 + i)));
      }
    }
  }
}

TEST_F(StreamGzip, ThePastComesFromTheHistoryAndGoesOverIntoLive) {
  restart();
  for (int i = 1; i <= 300; ++i) publish_signal("S" + std::to_string(i));
  history_.keep(*bus_);
  restart("e1", one_worker());
  publish_signal("S301");
  GzipClient others = open(), client = open("?last_event_id=e1-2");
  for (int i = 3; i <= 301; ++i) EXPECT_EQ(symbol(client.read_message()), "S" + std::to_string(i));
  for (int i = 302; i <= 450; ++i) {
    publish_signal("S" + std::to_string(i));
    ASSERT_EQ(symbol(client.read_message()), "S" + std::to_string(i));
    ASSERT_EQ(symbol(others.read_message()), "S" + std::to_string(i));
  }
}

TEST_F(StreamGzip, APlayBackIsOneWholeGzipStream) {
  start();
  for (int i = 0; i < 50; ++i) publish_signal("S" + std::to_string(i));
  bus_->flush();
  GzipClient client = open("?speed=1000&since=" + id(0));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(symbol(client.read_message()), "S" + std::to_string(i));
  EXPECT_EQ(client.read_frame().event, "end");
  EXPECT_TRUE(client.http.at_end());
  EXPECT_TRUE(client.inflater->ended());
}

TEST_F(StreamGzip, StoppingSaysGoodbyeAndEndsTheGzipStream) {
  start();
  GzipClient early = open();
  for (int i = 0; i < 100; ++i) publish_signal("S" + std::to_string(i));
  for (int i = 0; i < 100; ++i) early.read_message();
  GzipClient late = open();
  publish_signal("LAST");
  server_->stop();
  for (GzipClient* client : {&early, &late}) {
    EXPECT_EQ(symbol(client->read_message()), "LAST");
    EXPECT_EQ(client->read_frame().event, "shutdown");
    EXPECT_TRUE(client->http.at_end());
    EXPECT_TRUE(client->inflater->ended());  // its trailer was right
  }
}

TEST_F(StreamGzip, AClientThatLeavesMidChunkIsForgotten) {
  start(one_worker());
  GzipClient other = open();
  {
    GzipClient client = open("", 4096);
    wait_for_streams(2);
    for (int i = 0; i < 20; ++i) publish_noise();
    bus_->flush();
    client.http.reset_on_close();
  }
  wait_for_streams(1);
  publish_signal("GOES ON");
  for (int i = 0; i < 20; ++i) other.read_message();
  EXPECT_EQ(symbol(other.read_message()), "GOES ON");
}

TEST_F(StreamGzip, OldClientsGetItToTheEndOfTheConnection) {
  start();
  HttpTestClient client = connect();
  client.send("GET " + std::string(kPath) + " HTTP/1.0\r\nHost: localhost\r\n" + kAccepts + "\r\n");
  EXPECT_EQ(client.read_head().headers.at("content-encoding"), "gzip");
  wait_for_streams(1);
  publish_signal("A");
  server_->stop();
  const std::string text = gunzip(client.read_to_end());
  EXPECT_NE(text.find("\"symbol\":\"A\""), std::string::npos);
  EXPECT_NE(text.find("event: shutdown"), std::string::npos);
}

TEST_F(StreamGzip, ManyClientsThatComeAndGoUnderLoadAllGetARunWithoutHoles) {
  start();
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    while (!stop.load()) {
      publish_signal("LOAD");
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([this, r] {
      for (int i = 0; i < 15; ++i) {
        GzipClient client = open(i % 2 == 0 ? "?symbol=LOAD" : "?replay=20", r == 0 ? 4096 : 0);
        std::string last = client.read_message().id;
        for (int n = 0; n < 300; ++n) {
          const std::string next = client.read_message().id;
          const std::size_t dash = next.rfind('-') + 1;
          ASSERT_EQ(std::stoull(next.substr(dash)), std::stoull(last.substr(dash)) + 1);
          last = next;
        }
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  stop.store(true);
  publisher.join();
}

}  // namespace
}  // namespace tapedeck::testing
