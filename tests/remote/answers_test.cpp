// Servers that fail in every way, on real sockets.
#include <gmock/gmock.h>

#include <fstream>

#include "raw_server.hpp"
#include "remote/answer.hpp"
#include "remote/backoff.hpp"
#include "remote/batch.hpp"
#include "remote_fixture.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Then = RawReply::Then;

RawServer::Act always(const std::string& status, const std::string& body,
                      const std::string& headers = {}, Then then = Then::keep) {
  return [=](const RawRequest&) -> RawReply { return {answer_text(status, body, headers), then}; };
}
RawServer::Act silent(Then then) {
  return [=](const RawRequest&) -> RawReply { return {"", then}; };
}

/// All of 1..end arrived, once for each accepted key, in order.
void expect_in_order(const std::vector<RawRequest>& accepted, std::int64_t end) {
  std::vector<std::int64_t> numbers;
  for (const RawRequest& request : accepted) {
    for (std::size_t at = 0; at < request.body.size(); at = request.body.find('\n', at) + 1) {
      numbers.push_back(number_in(request.body.substr(at), "n"));
    }
  }
  EXPECT_EQ(numbers, numbers_from(1, end));
}

TEST(Answers, AnUnknownOutcomeIsTriedAgainWithTheSameKeyAndBody) {
  const std::vector<RawServer::Act> failures{
      silent(Then::close),
      silent(Then::reset),
      silent(Then::hang),
      always("500 Internal Server Error", "oops"),
      [](const RawRequest&) -> RawReply {  // the end of the answer never comes
        return {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":tr", Then::close};
      },
      [](const RawRequest&) -> RawReply {
        return {"HTTP/1.1 200 O", Then::reset};
      },
      [](const RawRequest&) -> RawReply {
        return {"gibberish\r\n\r\n", Then::close};
      },
      always("502 Bad Gateway", "<html>")};
  RawServer server(failures);
  const TempFolder spool;
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.request_timeout = 200ms;
  Engine engine(options);
  engine.publish(1, 11);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  const auto requests = server.requests();
  ASSERT_GE(requests.size(), failures.size() + 1);
  for (std::size_t i = 1; i <= failures.size(); ++i) {
    EXPECT_EQ(requests[i].key, requests[0].key) << i;
    EXPECT_EQ(requests[i].body, requests[0].body) << i;
  }
  expect_in_order({requests.begin() + static_cast<std::ptrdiff_t>(failures.size()), requests.end()},
                  11);
  EXPECT_GE(engine.remote.stats().retries, failures.size() - 1) << "curl may retry one by itself";
  EXPECT_TRUE(engine.remote.stats().connected);
  EXPECT_EQ(engine.remote.stats().last_error, "");
  EXPECT_TRUE(wait_until([&] { return spools_in(spool.path()).empty(); }));
}

TEST(Answers, RetryAfterIsHeededAndBounded) {
  PostResult result;
  result.status = 429;
  result.retry_after = 7s;
  EXPECT_EQ(judge(result, 1).verdict, Verdict::retry);
  EXPECT_EQ(judge(result, 1).retry_after, 7s);
  RawServer server({always("429 Too Many Requests", "", "Retry-After: 1\r\n"),
                    always("503 Service Unavailable", "", "Retry-After: 1\r\n")});
  const TempFolder spool;
  Engine engine(quick_options(url_of(server.port()), spool.path()));
  const auto begun = std::chrono::steady_clock::now();
  engine.publish(1, 11);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 2s) << "it was asked to wait twice";
  EXPECT_EQ(engine.remote.stats().retries, 2U);
}

TEST(Answers, FlushDoesNotCallBeforeAServerWantsToBeCalled) {
  RawServer server({always("503 Service Unavailable", "", "Retry-After: 3600\r\n")});
  const TempFolder spool;
  Engine engine(quick_options(url_of(server.port()), spool.path()));
  engine.publish(1, 11);
  ASSERT_TRUE(wait_until([&] { return engine.remote.stats().retries == 1; }));
  EXPECT_FALSE(engine.remote.flush(100ms));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Answers, AWrongKeyOrServerLosesNothingAndIsTold) {
  for (const char* status :
       {"401 Unauthorized", "403 Forbidden", "404 Not Found", "405 Method Not Allowed",
        "418 I am a teapot", "302 Found", "400 Bad Request"}) {
    const std::string sentence = "The key is not known.";
    RawServer server(
        {always(status, R"({"ok":false,"code":"unauthorized","error":")" + sentence + "\"}")});
    const TempFolder spool;
    Engine engine(quick_options(url_of(server.port()), spool.path()));
    engine.publish(1, 11);
    ASSERT_TRUE(wait_until([&] { return engine.remote.stats().retries >= 1; })) << status;
    ASSERT_TRUE(engine.remote.flush(kPatience)) << status;
    const auto requests = server.requests();
    ASSERT_GE(requests.size(), 2U);
    EXPECT_EQ(requests[0].key, requests[1].key);
    EXPECT_EQ(engine.remote.stats().rejected, 0U);
  }
}

TEST(Answers, TheErrorNamesServerStatusAndSentence) {
  RawServer server({always("401 Unauthorized", R"({"ok":false,"error":"The key is not known."})"),
                    silent(Then::hang)});
  const TempFolder spool;
  Sayings sayings;
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.log = sayings.log();
  options.backoff_min = options.backoff_max = 24h;
  Engine engine(options);
  engine.publish(1, 11);
  ASSERT_TRUE(wait_until([&] { return engine.remote.stats().retries == 1; }));
  ASSERT_TRUE(wait_until([&] { return !engine.remote.stats().last_error.empty(); }));
  const RemoteStats stats = engine.remote.stats();
  EXPECT_FALSE(stats.connected);
  EXPECT_EQ(stats.last_error,
            url_of(server.port()) + ": the server answered with status 401: The key is not known.");
  EXPECT_THAT(sayings.all(), HasSubstr(stats.last_error));
}

TEST(Answers, ASiteThatAnswersEverythingWith200IsNoServer) {
  RawServer server({always("200 OK", "<html>Welcome</html>"), always("200 OK", R"({"ok":true})"),
                    always("200 OK", R"({"ok":true,"accepted":3})")});
  const TempFolder spool;
  Engine engine(quick_options(url_of(server.port()), spool.path()));
  engine.publish(1, 11);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(engine.remote.stats().retries, 3U);
  EXPECT_EQ(engine.remote.stats().sent, 10U);
}

TEST(Answers, AServerWithoutAHistoryIsNotAskedForItsDisk) {
  MemoryServer server;
  const TempFolder spool;
  RemoteOptions options = quick_options(server.url(), spool.path());
  options.batch_events = 1;
  Engine engine(options);
  engine.publish(1, 11);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(engine.remote.stats().retries, 0U);
  EXPECT_EQ(engine.remote.stats().batches, 10U);
}

TEST(Answers, AServerThatMayBeAnotherIsAskedForItsDiskAgain) {
  const auto then_close = [](const RawRequest& request) -> RawReply {
    return {accept_all(request).bytes, Then::close};
  };
  RawServer server({always("400 Bad Request", R"({"ok":false,"field":"ack"})"), then_close});
  const TempFolder spool;
  Engine engine(quick_options(url_of(server.port()), spool.path()));
  for (int n = 1; n <= 3; ++n) {
    engine.publish(n, n + 1);
    ASSERT_TRUE(engine.remote.flush(kPatience));
  }
  std::vector<bool> asked;
  for (const RawRequest& request : server.requests()) {
    asked.push_back(request.head.find("ack=durable") != std::string::npos);
  }
  EXPECT_THAT(asked, ::testing::ElementsAre(true, false, false, true));
  EXPECT_EQ(engine.remote.stats().retries, 0U);
}

TEST(Answers, ADiskThatFailsAtTheServerDoesNotHoldUpTheStream) {
  const auto degraded = [](const RawRequest& request) -> RawReply {
    return {answer_text("503 Service Unavailable",
                        R"({"ok":false,"code":"store_degraded","error":"The disk is full.",)"
                        R"("first_id":"e-1","last_id":"e-9","accepted":)" +
                            std::to_string(request.events()) + "}")};
  };
  RawServer server({degraded});
  const TempFolder spool;
  Engine engine(quick_options(url_of(server.port()), spool.path()));
  engine.publish(1, 11);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(engine.remote.stats().sent, 10U);
  EXPECT_THAT(engine.remote.stats().last_error, HasSubstr("The disk is full."));
  engine.publish(11, 21);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_THAT(server.requests().back().head, ::testing::Not(HasSubstr("durable")));
}

// --- events that are refused ---

TEST(Answers, ABadEventAloneIsLeftOutAndToldOfOnce) {
  const TempFolder spool;
  MemoryServer server;
  Sayings sayings;
  RemoteOptions options = quick_options(server.url(), spool.path());
  options.log = sayings.log();
  options.linger = 24h;  // one batch
  Engine engine(options);
  std::vector<std::int64_t> good;
  for (std::int64_t n = 1; n <= 1000; ++n) {
    if (n % 100 == 1) {  // an order_event without what an order_event needs
      engine.bus.publish(GenericEvent{"order_event", {{"n", n}}});
    } else {
      engine.bus.publish(GenericEvent{"n", {{"n", n}}});
      good.push_back(n);
    }
  }
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(numbers_at(server.server.port()), good);
  const RemoteStats stats = engine.remote.stats();
  EXPECT_EQ(stats.rejected, 10U);
  EXPECT_EQ(stats.sent, 990U);
  EXPECT_EQ(stats.dropped + stats.retries, 0U);
  EXPECT_EQ(sayings.count("order_id"), 1U) << sayings.all();
}

TEST(Answers, ABatchOfNothingButBadEventsEnds) {
  const TempFolder spool;
  MemoryServer server;
  RemoteOptions options = quick_options(server.url(), spool.path());
  options.linger = 24h;
  Engine engine(options);
  for (int n = 0; n < 600; ++n) engine.bus.publish(GenericEvent{"order_event", {{"n", n}}});
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(engine.remote.stats().rejected, 600U);
  EXPECT_EQ(server.bus.get_stats().total_events, 0U);
}

TEST(Answers, BadEventsInTheSpoolAreLeftOutToo) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  Engine engine(quick_options(url_of(port), spool.path()));
  engine.publish(1, 11);
  engine.bus.publish(GenericEvent{"order_event", {{"n", 11}}});
  engine.publish(12, 21);
  ASSERT_TRUE(engine.wait_for_spooled(20));
  MemoryServer server(port);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  auto expected = numbers_from(1, 21);
  expected.erase(expected.begin() + 10);
  EXPECT_EQ(numbers_at(port), expected);
  EXPECT_EQ(engine.remote.stats().rejected, 1U);
  EXPECT_TRUE(wait_until([&] { return spools_in(spool.path()).empty(); }));
}

TEST(Answers, WhatTheKeyMayNotPublishIsLeftOutButAMissingScopeIsWaitedFor) {
  const auto answer_to = [](const std::string& field, std::size_t events) {
    PostResult result;
    result.status = 403;
    result.body = R"({"ok":false,"error":"No.","code":"forbidden","field":")" + field + "\"}";
    return judge(result, events);
  };
  EXPECT_EQ(answer_to("/2/type", 3).verdict, Verdict::bad_event);
  EXPECT_EQ(answer_to("/2/type", 3).bad_index, 2U);
  EXPECT_EQ(answer_to("/payload/symbol", 1).verdict, Verdict::bad_event);
  EXPECT_EQ(answer_to("/payload/symbol", 1).bad_index, 0U);
  EXPECT_EQ(answer_to("/3/type", 3).verdict, Verdict::misconfigured) << "there is no such event";
  EXPECT_EQ(answer_to("", 3).verdict, Verdict::misconfigured) << "a person may give the key more";
}

TEST(Answers, WhatAServerTakesInSmallerPiecesIsCut) {
  const TempFolder spool;
  ServerOptions small;
  small.body_bytes = 20'000;
  small.decoder.batch_events = 50;
  MemoryServer server(0, small);
  RemoteOptions options = quick_options(server.url(), spool.path());
  options.linger = 24h;
  Engine engine(options);
  engine.publish(1, 501, std::string(100, 'x'));
  engine.publish(501, 502, std::string(30'000, 'x'));  // never
  engine.publish(502, 602, std::string(100, 'x'));
  ASSERT_TRUE(engine.remote.flush(kPatience));
  auto expected = numbers_from(1, 602);
  expected.erase(expected.begin() + 500);
  EXPECT_EQ(numbers_at(server.server.port()), expected);
  EXPECT_EQ(engine.remote.stats().rejected, 1U);
}

TEST(Answers, AProxysPageAboutTheSizeCutsTheBatchButA400LosesNothing) {
  const auto too_large = always("413 Request Entity Too Large", "<html>nginx</html>");
  RawServer server({too_large, too_large, always("400 Bad Request", "<html>nginx</html>")});
  const TempFolder spool;
  RemoteOptions options = quick_options(url_of(server.port()), spool.path());
  options.linger = 24h;
  Engine engine(options);
  engine.publish(1, 101);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_EQ(engine.remote.stats().rejected, 0U);
  EXPECT_EQ(engine.remote.stats().sent, 100U);
  const auto requests = server.requests();
  std::set<std::string> keys;
  for (std::size_t i = 0; i < 3; ++i) keys.insert(requests[i].key);
  EXPECT_EQ(keys.size(), 3U) << "what is cut has keys of its own";
  EXPECT_EQ(requests[3].key, requests[2].key);
}

TEST(Answers, WhatIsLeftOfABatchHasTheSameKeyAgainInAnyProcess) {
  const Batch batch{"publisher", 7, 4, 3, "{1}\n{2}\n{3}\n"};
  const auto [first, second] = split(batch, 1);
  const Batch again = batch;
  EXPECT_EQ(split(again, 1).second.key(), second.key());
  EXPECT_EQ(first.body, "{1}\n");
  EXPECT_EQ(second.body, "{2}\n{3}\n");
  EXPECT_EQ(second.events, 2U);
  EXPECT_NE(first.key(), second.key());
  EXPECT_NE(batch.key(), second.key());
  EXPECT_LE(batch.key().size(), 128U);
}

TEST(Backoff, IsRandomBetweenItsBoundsOfWhichTheUpperDoubles) {
  Backoff backoff(10ms, 1000ms);
  auto bound = 20ms;
  for (int i = 0; i < 20; ++i, bound = std::min(bound * 2, 1000ms)) {
    const auto wait = backoff.next();
    EXPECT_GE(wait, 10ms);
    EXPECT_LE(wait, bound);
  }
  std::set<Backoff::Ms> different;
  for (int i = 0; i < 100; ++i) different.insert(backoff.next());
  EXPECT_GT(different.size(), 10U);
  backoff.reset();
  EXPECT_LE(backoff.next(), 20ms);
  for (int i = 0; i < 100; ++i) EXPECT_GE(backoff.long_one(), 500ms);
}

}  // namespace
}  // namespace tapedeck::remote
