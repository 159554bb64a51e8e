// POST with ack=durable and with an Idempotency-Key, and routes with a parameter in their path.
#include <thread>

#include "query/idempotency_keys.hpp"
#include "server/io_worker.hpp"
#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kEvent = R"({"type":"t","payload":{"n":1}})";
constexpr const char* kPath = "/api/telemetry/events";

/// Takes wishes, grants them when told.
class FakeDisk {
 public:
  StoreHooks hooks(IdempotencyKeys* keys = nullptr) {
    StoreHooks out;
    out.when_durable = [this](std::uint64_t seq, std::function<void(std::optional<Error>)> done) {
      const std::lock_guard lock(mutex_);
      if (refusing_) return false;
      wishes_.emplace_back(seq, std::move(done));
      return true;
    };
    out.idempotency = keys;
    return out;
  }
  bool asked_for(std::uint64_t seq) {
    const std::lock_guard lock(mutex_);
    return !wishes_.empty() && wishes_.back().first == seq;
  }
  void answer_all(const std::optional<Error>& error) {
    std::vector<std::pair<std::uint64_t, std::function<void(std::optional<Error>)>>> taken;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(wishes_);
    }
    for (auto& [seq, done] : taken) done(error);
  }
  void refuse() {
    const std::lock_guard lock(mutex_);
    refusing_ = true;
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, std::function<void(std::optional<Error>)>>> wishes_;
  bool refusing_ = false;
};

class Durable : public ServerTest {
 protected:
  TestResponse publish(const std::string& query, std::string_view body = kEvent,
                       const std::string& headers = {}) {
    return connect().request("POST", kPath + query, body, headers);
  }
  static std::string key(const std::string& value) { return "Idempotency-Key: " + value + "\r\n"; }
  void TearDown() override { server_.reset(); }  // before the disk goes

  FakeDisk disk_;
};

TEST_F(Durable, IsAnsweredWhenTheDiskHasTheEvents) {
  restart("e1", {}, {}, disk_.hooks());
  HttpTestClient client = connect();
  const std::string body = "[" + std::string(kEvent) + "," + kEvent + "]";
  client.send(
      "POST /api/telemetry/events?ack=durable HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(wait_until([&] { return disk_.asked_for(2); }));
  EXPECT_EQ(bus_->get_stats().total_events, 2U);  // streamed meanwhile
  EXPECT_EQ(get("/healthz").status, 200);
  disk_.answer_all(std::nullopt);
  const TestResponse answer = client.read_response();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body),
            json({{"ok", true}, {"accepted", 2}, {"first_id", "e1-1"}, {"last_id", "e1-2"}}));
  EXPECT_EQ(publish("?ack=memory").status, 200);
}

TEST_F(Durable, AFailedDiskIsToldWithTheIdsThatAreInMemory) {
  restart("e1", {}, {}, disk_.hooks());
  std::thread writer([this] {
    wait_until([&] { return disk_.asked_for(1); });
    disk_.answer_all(Error{"disk_full", "The disk is full.", ""});
  });
  const TestResponse answer = publish("?ack=durable");
  writer.join();
  expect_error(answer, 503, "store_degraded");
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["first_id"], "e1-1");
  EXPECT_EQ(body["last_id"], "e1-1");
  EXPECT_TRUE(body["error"].get<std::string>().starts_with("The disk is full. The events were"));
  EXPECT_EQ(bus_->get_stats().total_events, 1U);
  disk_.refuse();
  expect_error(publish("?ack=durable"), 503, "store_degraded");
}

TEST_F(Durable, ADiskThatIsTooSlowIsToldAndItsLateAnswerIsIgnored) {
  ServerOptions options;
  options.durable_timeout = 20ms;
  restart("e1", options, {}, disk_.hooks());
  const TestResponse answer = publish("?ack=durable");
  expect_error(answer, 503, "store_slow");
  EXPECT_EQ(json::parse(answer.body)["last_id"], "e1-1");
  disk_.answer_all(std::nullopt);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(Durable, AnAnswerAfterTheServerHasGoneIsHarmless) {
  ServerOptions options;
  options.drain_timeout = 20ms;
  restart("e1", options, {}, disk_.hooks());
  HttpTestClient client = connect();
  client.send(
      "POST /api/telemetry/events?ack=durable HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Length: " +
      std::to_string(std::string(kEvent).size()) + "\r\n\r\n" + kEvent);
  ASSERT_TRUE(wait_until([&] { return disk_.asked_for(1); }));
  server_.reset();
  EXPECT_EQ(client.read_to_end(), "");
  disk_.answer_all(std::nullopt);
}

TEST_F(Durable, WithoutAStoreItIsRefused) {
  start();
  expect_error(publish("?ack=durable"), 400, "invalid_parameter", "ack");
  expect_error(publish("?ack=sometimes"), 400, "invalid_parameter", "ack");
  EXPECT_EQ(bus_->get_stats().total_events, 0U);
}

TEST_F(Durable, ARepeatedKeyAnswersTheSameAndPublishesOnce) {
  start();
  const TestResponse first = publish("", kEvent, key("batch-1"));
  EXPECT_EQ(first.headers.count("idempotency-replayed"), 0U);
  const TestResponse second = publish("", kEvent, key("batch-1"));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.headers.at("idempotency-replayed"), "true");
  EXPECT_EQ(bus_->get_stats().total_events, 1U);
  EXPECT_EQ(publish("", kEvent, key("batch-2")).headers.count("idempotency-replayed"), 0U);
  EXPECT_EQ(bus_->get_stats().total_events, 2U);
}

TEST_F(Durable, AKeyWithAnotherBodyAndAKeyThatIsNoneAreRefused) {
  start();
  publish("", kEvent, key("batch-1"));
  expect_error(publish("", R"({"type":"t","payload":{"n":2}})", key("batch-1")), 422,
               "idempotency_key_reused", "Idempotency-Key");
  expect_error(publish("", kEvent, "Content-Type: application/x-ndjson\r\n" + key("batch-1")), 422,
               "idempotency_key_reused", "Idempotency-Key");
  for (const std::string& bad : {std::string("a b"), std::string(129, 'k'), std::string()}) {
    expect_error(publish("", kEvent, key(bad)), 400, "invalid_parameter", "Idempotency-Key");
  }
  EXPECT_EQ(publish("", kEvent, key(std::string(128, 'k'))).status, 200);
  EXPECT_EQ(bus_->get_stats().total_events, 2U);
}

TEST_F(Durable, ABatchThatWasRefusedMayComeAgainUnderItsKey) {
  start();
  EXPECT_EQ(publish("", R"({"type":"x y","payload":{}})", key("k")).status, 422);
  EXPECT_EQ(publish("", kEvent, key("k")).headers.count("idempotency-replayed"), 0U);
}

TEST_F(Durable, KeysGoOverRestartsWithTheStore) {
  IdempotencyKeys first_run, second_run;
  restart("e1", {}, {}, disk_.hooks(&first_run));
  const TestResponse accepted = publish("", kEvent, key("k"));
  for (const auto& record : first_run.take_new()) second_run.restore(record);
  history_.keep(*bus_);
  restart("e2", {}, {}, disk_.hooks(&second_run));
  // It was on disk, or its key would not have been: no need to ask the disk again.
  const TestResponse again = publish("?ack=durable", kEvent, key("k"));
  EXPECT_EQ(again.body, accepted.body);
  EXPECT_EQ(again.headers.at("idempotency-replayed"), "true");
  EXPECT_EQ(bus_->get_stats().total_events, 0U);
  server_.reset();
}

TEST_F(Durable, ConcurrentRetriesPublishOnce) {
  start();
  std::vector<std::thread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([this] {
      HttpTestClient client = connect();
      for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.request("POST", kPath, kEvent, key("k" + std::to_string(i))).status, 200);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(bus_->get_stats().total_events, 50U);
}

/// Asks a router that has no server around it.
class PathParameter : public ::testing::Test {
 protected:
  HttpResponse ask(std::string_view method, std::string_view target) {
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.parsed = parse_target(target).value();
    return router_.dispatch(request, worker_);
  }

  TelemetryBus bus_;
  const ServerOptions options_;
  const AccessRules access_{options_};
  const Router router_{{
      {"GET", "/trades", [](const HttpRequest&, IoWorker&) { return json_response("all"); }},
      {"GET", "/trades/open", [](const HttpRequest&, IoWorker&) { return json_response("open"); }},
      {"GET", "/trades/{id}",
       [](const HttpRequest& request, IoWorker&) {
         return json_response("one:" + std::string(request.path_parameter()));
       }},
      {"POST", "/trades/{id}/close",
       [](const HttpRequest& request, IoWorker&) {
         return json_response("close:" + std::string(request.path_parameter()));
       }},
  }};
  ReadPool pool_{1, 1};
  const ServerHooks hooks_;
  const TrustedProxies proxies_;
  Limits limits_{options_};
  MemoryBudget memory_{options_.max_request_bytes_in_flight};
  IoWorker worker_{
      Tape(bus_, nullptr), options_, access_, router_, pool_, hooks_, proxies_, limits_, memory_};
};

TEST_F(PathParameter, StandsForTheLastPartOfThePath) {
  EXPECT_EQ(ask("GET", "/trades/abc-1").body, "one:abc-1");
  EXPECT_EQ(ask("GET", "/trades/a%20b%26c?x=1").body, "one:a b&c");
  EXPECT_EQ(ask("GET", "/trades").body, "all");
  EXPECT_EQ(ask("GET", "/trades/open").body, "open");
}

TEST_F(PathParameter, MayBeFollowedByMoreOfThePath) {
  EXPECT_EQ(ask("POST", "/trades/abc-1/close").body, "close:abc-1");
  EXPECT_EQ(ask("POST", "/trades/a%2Fb/close").body, "close:a/b");
  EXPECT_EQ(ask("POST", "/trades/close/close").body, "close:close");
  for (const char* none : {"/trades//close", "/trades/a/close/", "/trades/a/open"}) {
    EXPECT_EQ(ask("POST", none).status, 404) << none;
  }
}

TEST_F(PathParameter, IsEmptyWhereTheRouteHasNone) {
  HttpRequest request;
  request.method = "GET";
  request.parsed = parse_target("/trades/open").value();
  router_.dispatch(request, worker_);
  EXPECT_EQ(request.path_parameter(), "");
}

TEST_F(PathParameter, MayHoldASlashThatIsEncoded) {
  EXPECT_EQ(ask("GET", "/trades/a%2Fb").body, "one:a/b");
  EXPECT_EQ(ask("GET", "/trades/%2f").body, "one:/");
  EXPECT_EQ(ask("GET", "/trades/%2E%2E").body, "one:..");
  EXPECT_EQ(ask("GET", "/trades/a%252Fb").body, "one:a%2Fb");
}

TEST_F(PathParameter, IsOneSegmentAndNotEmpty) {
  for (const char* none : {"/trades/", "/trades/a/b", "/trades/a/", "/trades//", "//trades/a",
                           "/trades%2Fa", "/%2Ftrades", "/trade/a", "/tradesx", "/"}) {
    EXPECT_EQ(ask("GET", none).status, 404) << none;
  }
}

TEST_F(PathParameter, WrongMethodsAreToldWhatThereIs) {
  const HttpResponse response = ask("POST", "/trades/7");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers, "Allow: GET, HEAD, OPTIONS\r\n");
}

}  // namespace
}  // namespace tapedeck::testing
