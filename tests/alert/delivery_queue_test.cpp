// The queue alone, with a clock of the test's: limits, digests, waits, lanes.
#include "alert/delivery_queue.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "alert/delivery_fixture.hpp"

namespace tapedeck::alert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Time = DeliveryQueue::Time;

HttpAnswer answered(long status) {
  HttpAnswer answer;
  answer.kind = HttpAnswer::Kind::answered;
  answer.status = status;
  return answer;
}
HttpAnswer unreachable() {
  HttpAnswer answer;
  answer.kind = HttpAnswer::Kind::unreachable;
  answer.problem = "Connection refused";
  return answer;
}

class DeliveryQueueTest : public ::testing::Test {
 protected:
  void make(unsigned max_per_minute = 0, Format format = Format::json) {
    Target target = target_at("hook", "https://example.com/hook");
    target.max_per_minute = max_per_minute;
    target.format = format;
    options_.targets = {target};
    make_queue();
  }
  void make_queue() { queue_ = std::make_unique<DeliveryQueue>(options_, store_.get(), now_); }
  void keep() { store_ = std::make_unique<ValueStore>(folder_ / "alerts.db"); }
  void add(const std::string& id, const std::string& rule = "rule") {
    queue_->add({notification(id, "hook", rule)}, now_);
  }
  /// Ids of what starts now.
  std::vector<std::string> start() {
    std::vector<std::string> ids;
    for (const auto& [entry, target] : queue_->start(now_)) {
      ids.push_back(entry->id());
      numbers_[entry->id()] = entry->number;
      last_ = entry->message;
    }
    return ids;
  }
  void finish(const std::string& id, const HttpAnswer& answer) {
    queue_->finished(numbers_.at(id), answer, now_);
  }
  /// Starts and delivers until nothing may start any more. @return in which order
  std::vector<std::string> deliver_all() {
    std::vector<std::string> order;
    for (auto ids = start(); !ids.empty(); ids = start()) {
      for (const std::string& id : ids) {
        order.push_back(id);
        finish(id, answered(200));
      }
    }
    return order;
  }
  std::vector<Delivery> list(std::optional<bool> dead) const {
    Dispatcher::ListQuery query;
    query.dead = dead;
    return queue_->list(query);
  }

  DeliveryOptions options_;
  TempFolder folder_;
  std::unique_ptr<ValueStore> store_;
  Time now_ = Time{} + 24h;
  std::unique_ptr<DeliveryQueue> queue_;
  std::map<std::string, std::uint64_t> numbers_;
  Message last_;
};

TEST_F(DeliveryQueueTest, AStormBecomesADigestWhenTheNextMessageMayGo) {
  make(20);  // a burst of 5, then one in 3 s
  for (int i = 0; i < 30; ++i) add("id-" + std::to_string(i), "rule-" + std::to_string(i % 3));
  EXPECT_THAT(deliver_all(), SizeIs(5));
  EXPECT_EQ(queue_->due(now_), now_ + 3s);
  now_ += 2999ms;
  EXPECT_THAT(start(), IsEmpty());
  now_ += 1ms;
  const auto digest = start();
  ASSERT_THAT(digest, SizeIs(1));
  EXPECT_TRUE(digest[0].starts_with("digest-"));
  EXPECT_EQ(last_.messages, 25U);
  EXPECT_THAT(last_.parts, SizeIs(20));
  EXPECT_THAT(last_.part_ids, SizeIs(25));
  EXPECT_EQ(last_.rules.at("rule-0") + last_.rules.at("rule-1") + last_.rules.at("rule-2"), 25U);
  EXPECT_EQ(last_.severities.at("critical"), 25U);
  EXPECT_EQ(list(false).at(0).messages, 25U);
  add("later", "rule-0");
  now_ += 1min;
  EXPECT_THAT(start(), IsEmpty()) << "its rule is in the digest that is under way";
  finish(digest[0], answered(200));
  EXPECT_THAT(start(), ElementsAre("later"));
  add("id-29");
  EXPECT_THAT(list(false), SizeIs(1)) << "what was in a digest is known";
  EXPECT_EQ(queue_->targets().at(0).digests_total, 1U);
  EXPECT_EQ(queue_->targets().at(0).delivered_total, 30U);
}

TEST_F(DeliveryQueueTest, OneThatHadToWaitIsSentAsItIs) {
  make(4);
  add("a");
  EXPECT_THAT(deliver_all(), ElementsAre("a"));
  add("b");
  EXPECT_THAT(start(), IsEmpty());
  now_ += 15s;
  EXPECT_THAT(start(), ElementsAre("b"));
  EXPECT_EQ(queue_->targets().at(0).digests_total, 0U);
}

TEST_F(DeliveryQueueTest, WhatIsBehindAnAttemptedMessageStaysOutOfTheDigest) {
  make(8);  // a burst of 2
  add("failing-1", "failing");
  EXPECT_THAT(start(), ElementsAre("failing-1"));
  finish("failing-1", answered(500));
  add("failing-2", "failing");
  add("first", "other");
  EXPECT_THAT(start(), ElementsAre("first"));
  finish("first", answered(200));
  for (const char* id : {"a", "b", "c"}) add(id, "other");
  EXPECT_THAT(start(), IsEmpty());
  now_ += 7500ms;
  EXPECT_THAT(start(), ElementsAre("failing-1")) << "the oldest goes first";
  now_ += 7500ms;
  EXPECT_THAT(start(), SizeIs(1));
  EXPECT_THAT(last_.part_ids, ElementsAre("a", "b", "c"));
  finish("failing-1", answered(200));
  now_ += 7500ms;
  EXPECT_THAT(start(), ElementsAre("failing-2"));
}

TEST_F(DeliveryQueueTest, AnAlertmanagerGetsAListOfAll) {
  make(4, Format::alertmanager);
  add("a");
  EXPECT_THAT(deliver_all(), ElementsAre("a"));
  for (int i = 0; i < 501; ++i) add("id-" + std::to_string(i));
  EXPECT_THAT(start(), IsEmpty());
  now_ += 15s;
  const auto list_id = start();
  ASSERT_THAT(list_id, SizeIs(1));
  EXPECT_THAT(last_.parts, SizeIs(TargetQueue::kMostInList));
  const auto body = nlohmann::json::parse(webhook_body(last_, options_.targets[0], 1));
  EXPECT_EQ(body.size(), TargetQueue::kMostInList);
  finish(list_id[0], answered(200));
  now_ += 15s;
  EXPECT_THAT(start(), ElementsAre("id-500"));
}

TEST_F(DeliveryQueueTest, ADigestIsKeptInPlaceOfItsPartsAndGoesOnAfterARestart) {
  keep();
  make(4);
  add("a");
  EXPECT_THAT(deliver_all(), ElementsAre("a"));
  for (const char* id : {"b", "c", "d"}) add(id, id);
  EXPECT_THAT(start(), IsEmpty());
  now_ += 15s;
  const auto digest = start();
  ASSERT_THAT(digest, SizeIs(1));
  const std::string body = webhook_body(last_, options_.targets[0], 1);
  add("e", "c");
  queue_.reset();
  store_->flush();
  EXPECT_THAT(store_->load("alert_delivery"), SizeIs(2));
  make_queue();
  add("b", "b");  // known
  EXPECT_THAT(list(false), SizeIs(2));
  EXPECT_THAT(start(), ElementsAre(digest[0]));
  EXPECT_EQ(webhook_body(last_, options_.targets[0], 1), body);
  EXPECT_EQ(last_.messages, 3U);
  finish(digest[0], answered(200));
  now_ += 15s;
  EXPECT_THAT(start(), ElementsAre("e"));
}

TEST_F(DeliveryQueueTest, TheQueueHasAnEdgeAndWhatIsBeyondItIsDead) {
  options_.max_queued_per_target = 3;
  make();
  for (const char* id : {"a", "b", "c", "d"}) add(id);
  EXPECT_THAT(list(false), SizeIs(3));
  ASSERT_THAT(list(true), SizeIs(1));
  EXPECT_EQ(list(true)[0].notification.id, "d");
  EXPECT_EQ(list(true)[0].last_error, "3 messages were waiting already");
  EXPECT_EQ(queue_->resend("d", now_)->code, "not_resent");
  EXPECT_THAT(deliver_all(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(queue_->resend(Dispatcher::ListQuery{}, now_), 1U);
  EXPECT_THAT(deliver_all(), ElementsAre("d"));
}

TEST_F(DeliveryQueueTest, TheOldestDeadLettersAreForgottenAndCounted) {
  keep();
  options_.max_dead_letters = 2;
  make();
  for (const char* id : {"a", "b", "c"}) {
    add(id);
    start();
    finish(id, answered(404));
  }
  ASSERT_THAT(list(true), SizeIs(2));
  EXPECT_EQ(list(true)[0].notification.id, "b");
  EXPECT_EQ(queue_->forgotten(), 1U);
  EXPECT_EQ(queue_->targets().at(0).dead, 2U);
  store_->flush();
  EXPECT_THAT(store_->load("alert_dead"), SizeIs(2));
}

TEST_F(DeliveryQueueTest, ATargetThatIsDownIsProbedWithAnotherMessageEachTime) {
  options_.retry_first = options_.retry_longest = 1s;
  make();
  for (const char* id : {"a", "b", "c"}) add(id, id);
  EXPECT_THAT(start(), ElementsAre("a", "b", "c"));
  for (const char* id : {"a", "b", "c"}) finish(id, unreachable());
  EXPECT_THAT(start(), IsEmpty());
  EXPECT_GT(queue_->due(now_), now_);
  std::vector<std::string> probes;
  for (int i = 0; i < 6; ++i) {
    now_ += 1s;
    const auto ids = start();
    ASSERT_THAT(ids, SizeIs(1));
    probes.push_back(ids[0]);
    finish(ids[0], unreachable());
  }
  EXPECT_THAT(probes, ElementsAre("a", "b", "c", "a", "b", "c"));
  now_ += 1s;
  EXPECT_THAT(start(), ElementsAre("a"));
  finish("a", answered(500));
  EXPECT_THAT(start(), ElementsAre("b", "c")) << "it answers: everybody may";
}

TEST_F(DeliveryQueueTest, FailuresAtTheSameTimeCountOnce) {
  options_.retry_first = 10ms;
  options_.retry_longest = 1h;
  make();
  for (const char* id : {"a", "b", "c", "d"}) add(id, id);
  start();
  for (const char* id : {"a", "b", "c", "d"}) {
    now_ += 11ms;
    finish(id, unreachable());
  }
  EXPECT_LE(queue_->due(now_), now_ + 10ms);
}

TEST_F(DeliveryQueueTest, RetryAfterHoldsTheTargetForATooManyRequestsAndIsCapped) {
  options_.retry_first = options_.retry_longest = 1ms;
  options_.retry_for = 24h;
  make();
  add("a", "a");
  start();
  HttpAnswer answer = answered(429);
  answer.retry_after = 100h;
  finish("a", answer);
  add("b", "b");
  now_ += 3600s - 1ms;
  EXPECT_THAT(start(), IsEmpty());
  now_ += 1ms;
  EXPECT_THAT(start(), SizeIs(1));
}

TEST_F(DeliveryQueueTest, TelegramSaysInItsBodyHowLongToWait) {
  options_.retry_first = options_.retry_longest = 1ms;
  make(0, Format::telegram);
  add("a");
  start();
  HttpAnswer answer = answered(429);
  answer.body = R"({"ok":false,"error_code":429,"parameters":{"retry_after":35}})";
  finish("a", answer);
  now_ += 35s - 1ms;
  EXPECT_THAT(start(), IsEmpty());
  now_ += 1ms;
  EXPECT_THAT(start(), ElementsAre("a"));
}

TEST_F(DeliveryQueueTest, AfterRetryForItIsADeadLetterButNotBeforeItWasTried) {
  options_.retry_for = 10s;
  make();
  add("a");
  now_ += 11s;
  EXPECT_THAT(start(), ElementsAre("a"));
  finish("a", answered(500));
  ASSERT_THAT(list(true), SizeIs(1));
  EXPECT_EQ(list(true)[0].last_error, "given up after 1 attempts: answered with status 500");
}

TEST_F(DeliveryQueueTest, WhatIsTooOldDiesWithATargetThatDoesNotAnswer) {
  options_.retry_for = 10s;
  make();
  for (const char* id : {"a", "b", "c"}) add(id);
  start();
  now_ += 11s;
  add("young");
  finish("a", unreachable());
  EXPECT_THAT(list(true), SizeIs(3));
  ASSERT_THAT(list(false), SizeIs(1));
  EXPECT_EQ(list(false)[0].notification.id, "young");
}

TEST_F(DeliveryQueueTest, AClockThatWasSetWhileTapedeckWasDownLosesNothing) {
  keep();
  options_.retry_for = 100s;
  options_.retry_longest = 7s;
  make();
  add("a");
  queue_.reset();
  auto kept = store_->load("alert_delivery");
  ASSERT_THAT(kept, SizeIs(1));
  const std::string name = kept.begin()->first, text = kept.begin()->second;
  const std::string queued = nlohmann::json::parse(text).at("queued_ns").dump();
  for (const char* other : {"1", "9000000000000000000"}) {
    std::string changed = text;
    changed.replace(changed.find(queued), queued.size(), other);
    store_->save({{"alert_delivery", name, changed}});
    make_queue();
    EXPECT_THAT(start(), ElementsAre("a"));
    now_ += 6s;
    finish("a", answered(500));
    EXPECT_THAT(list(false), SizeIs(1)) << "there are a few seconds in any case: " << other;
    now_ += 101s;
    EXPECT_THAT(start(), ElementsAre("a"));
    finish("a", answered(500));
    EXPECT_THAT(list(true), SizeIs(1)) << "and no more than retry_for: " << other;
    EXPECT_FALSE(queue_->discard("a", now_));
  }
}

TEST_F(DeliveryQueueTest, WhatIsDiscardedIsNotTriedAgain) {
  make();
  add("flying");
  add("waiting");
  start();
  EXPECT_FALSE(queue_->discard("flying", now_));
  EXPECT_FALSE(queue_->discard("waiting", now_));
  EXPECT_EQ(queue_->discard("nobody", now_)->code, "not_found");
  finish("flying", answered(500));
  EXPECT_THAT(list(std::nullopt), IsEmpty());
  EXPECT_THAT(start(), IsEmpty());
}

TEST_F(DeliveryQueueTest, WhoDoesNotWantToHearWhatIsOverDoesNot) {
  make();
  options_.targets[0].send_resolved = false;
  queue_->configure(options_, now_);
  Notification over = notification("over", "hook");
  over.state = "resolved";
  queue_->add({over, notification("on", "hook")}, now_);
  EXPECT_THAT(start(), ElementsAre("on"));
}

TEST_F(DeliveryQueueTest, ListsAreNarrowedAndLimited) {
  make();
  const std::string url = "https://other.example/secret";
  queue_->add({notification("a", "hook", "r1"), notification("b", url, "r2"),
               notification("c", "nobody", "r2")},
              now_);
  Dispatcher::ListQuery query;
  EXPECT_THAT(queue_->list(query), SizeIs(3));
  query.limit = 2;
  EXPECT_THAT(queue_->list(query), SizeIs(2));
  query.limit = 100;
  query.rule = "r2";
  EXPECT_THAT(queue_->list(query), SizeIs(2));
  query.target = "https://other.example";
  ASSERT_THAT(queue_->list(query), SizeIs(1));
  query.target = url;
  EXPECT_EQ(queue_->list(query).at(0).notification.target, "https://other.example");
  query = {};
  query.dead = true;
  ASSERT_THAT(queue_->list(query), SizeIs(1));
  EXPECT_THAT(queue_->list(query).at(0).last_error, HasSubstr("there are hook"));
}

TEST_F(DeliveryQueueTest, WhatTheStoreHasThatCannotBeReadIsSaidAndLeftAlone) {
  keep();
  store_->save({{"alert_delivery", "x", "{}"}, {"alert_dead", "y", "nonsense"}});
  make();
  const auto sentences = queue_->take_log();
  EXPECT_THAT(sentences, SizeIs(2));
  EXPECT_THAT(store_->load("alert_delivery"), SizeIs(1));
}

TEST_F(DeliveryQueueTest, OfThoseThatAreNotQueuedAnyMoreTenThousandAreKnown) {
  make();
  options_.max_queued_per_target = 100'000;
  queue_->configure(options_, now_);
  const auto send = [&](std::size_t i) {
    queue_->add({notification("id-" + std::to_string(i), "hook", std::to_string(i))}, now_);
    return deliver_all().size();
  };
  for (std::size_t i = 0; i <= DeliveryQueue::kRemembered; ++i) ASSERT_EQ(send(i), 1U);
  EXPECT_EQ(send(1), 0U);
  EXPECT_EQ(send(0), 1U);
}

}  // namespace
}  // namespace tapedeck::alert::testing
