// A live broker that loses, delays, repeats and contradicts: nothing is sent twice, nothing is
// booked twice, and the broker's truth wins and is flagged.
#include <gtest/gtest.h>

#include "execution/execution_support.hpp"

namespace tapedeck::execution {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LiveBrokerTest : public EngineFixture {
 protected:
  LiveBrokerTest() { live_ = true; }
  std::string send(std::int64_t qty = 10) {
    return engine().submit(intent(Side::buy, qty), start_at_);
  }
  std::int64_t held() {
    const auto positions = engine().positions();
    return positions.empty() ? 0 : positions[0].size;
  }
};

TEST_F(LiveBrokerTest, ALostAcknowledgementBecomesUnknownAndIsAskedForWithBackoffNeverResent) {
  const std::string id = send();
  engine().advance_to(start_at_ + 5s - 1ns);
  EXPECT_EQ(statuses(id).back(), "submitted");
  engine().advance_to(start_at_ + 120s);
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "unknown")) << "told once";
  std::vector<std::int64_t> seconds;
  for (const Timestamp at : broker().asked_at) {
    seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(at - start_at_).count());
  }
  EXPECT_THAT(seconds, ElementsAre(5, 6, 8, 12, 20, 36, 66, 96));
  EXPECT_THAT(broker().sent, SizeIs(1));
  EXPECT_EQ(engine().counts().unknown_outcomes, 1U);
}

TEST_F(LiveBrokerTest, AnOrderThatTheBrokerHasGoesOnWithTheFillsThatWereMissed) {
  const std::string id = send();
  engine().advance_to(start_at_ + 5s);
  broker().say({.order_id = id,
                .status = OrderStatus::filled,
                .at = start_at_ + 6s,
                .filled_qty = 10,
                .avg_price = 1501.25});
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "unknown", "filled"));
  const std::string end = orders(id).back();
  EXPECT_EQ(field_of(end, "fill_qty"), "10");
  EXPECT_EQ(field_of(end, "fill_price"), "1501.25");
  EXPECT_NE(field_of(end, "fill_id"), "");
  EXPECT_EQ(held(), 10);
  broker().fill(id, 10, 1501.25, "F1", start_at_ + 7s, OrderStatus::filled);
  EXPECT_EQ(held(), 10) << "its own news comes late and is known";
  EXPECT_EQ(engine().counts().fills, 1U);
}

TEST_F(LiveBrokerTest, MissedPartsAreBookedAtThePriceThatMakesTheBrokersAverage) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  broker().fill(id, 4, 1500, "F1", start_at_ + 2s);
  broker().say({.order_id = id,
                .status = OrderStatus::filled,
                .at = start_at_ + 3s,
                .fill_qty = 3,
                .fill_price = 1502,
                .fill_id = "F3",
                .filled_qty = 10,
                .avg_price = 1501.2});
  EXPECT_EQ(held(), 10);
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "open", "partially_filled",
                                        "partially_filled", "filled"));
  EXPECT_THAT(fields(orders(id), "fill_price"),
              ElementsAre("", "", "", "1500.0", "1502.0", "1502.0"));
  EXPECT_EQ(engine().order(id)->avg_price, 1501.2);
}

TEST_F(LiveBrokerTest, AnOrderThatNeverReachedTheBrokerIsRejectedAndNotSentAgain) {
  const std::string id = send();
  engine().advance_to(start_at_ + 5s);
  broker().say({.order_id = id, .at = start_at_ + 6s, .not_found = true});
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "unknown", "rejected"));
  EXPECT_EQ(field_of(orders(id).back(), "reject_code"), "not_found");
  EXPECT_EQ(finished_, 1);
  engine().advance_to(start_at_ + 60s);
  EXPECT_THAT(broker().sent, SizeIs(1));
  EXPECT_THAT(broker().asked, SizeIs(1)) << "and no longer asked for";
}

TEST_F(LiveBrokerTest, ALateAcknowledgementEndsTheDoubt) {
  const std::string id = send();
  engine().advance_to(start_at_ + 5s);
  broker().say(id, OrderStatus::acknowledged, start_at_ + 7s);
  broker().say(id, OrderStatus::open, start_at_ + 7s);
  broker().fill(id, 10, 1500, "F1", start_at_ + 8s, OrderStatus::filled);
  EXPECT_THAT(statuses(id),
              ElementsAre("new", "submitted", "unknown", "acknowledged", "open", "filled"));
  EXPECT_THAT(orders(id).back(), Not(HasSubstr("surprise")));
  EXPECT_EQ(engine().counts().surprises, 0U);
}

TEST_F(LiveBrokerTest, ARejectionAfterTheTimeoutIsARejection) {
  const std::string id = send();
  engine().advance_to(start_at_ + 5s);
  broker().say({.order_id = id,
                .status = OrderStatus::rejected,
                .at = start_at_ + 9s,
                .reason = "RMS: margin",
                .reject_code = "margin"});
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "unknown", "rejected"));
  EXPECT_EQ(engine().counts().rejects, 1U);
}

TEST_F(LiveBrokerTest, AFillBeforeTheAcknowledgementCountsAndTheLateAckMovesNothingBack) {
  const std::string id = send();
  broker().fill(id, 4, 1500, "F1", start_at_ + 1s);
  broker().say(id, OrderStatus::acknowledged, start_at_ + 2s);
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "partially_filled"));
  broker().fill(id, 6, 1501, "F2", start_at_ + 3s, OrderStatus::filled);
  EXPECT_EQ(held(), 10);
  EXPECT_EQ(engine().counts().surprises, 0U);
}

TEST_F(LiveBrokerTest, RepeatedUpdatesArePublishedOnce) {
  const std::string id = send();
  for (int i = 0; i < 3; ++i) broker().say(id, OrderStatus::open, start_at_ + 1s);
  for (int i = 0; i < 3; ++i) broker().fill(id, 4, 1500, "F1", start_at_ + 2s);
  for (int i = 0; i < 3; ++i) {
    broker().fill(id, 6, 1500, "F2", start_at_ + 3s, OrderStatus::filled);
  }
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "open", "partially_filled", "filled"));
  EXPECT_EQ(held(), 10);
  EXPECT_EQ(engine().counts().fills, 2U);
  EXPECT_EQ(finished_, 1);
}

TEST_F(LiveBrokerTest, TwoUpdatesForOneFillBookItOnceButKeepTheNewStatus) {
  const std::string id = send();
  broker().fill(id, 10, 1500, "F1", start_at_ + 1s);
  broker().fill(id, 4, 1500, "F1", start_at_ + 2s, OrderStatus::cancelled);
  EXPECT_EQ(held(), 10);
  EXPECT_EQ(statuses(id).back(), "cancelled") << "the broker says so, after it said filled";
  EXPECT_THAT(orders(id).back(), HasSubstr(R"("surprise":true)"));
}

TEST_F(LiveBrokerTest, AStatusThatMovesBackwardsIsTakenOverAndFlagged) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  broker().say(id, OrderStatus::cancelled, start_at_ + 2s);
  EXPECT_EQ(finished_, 1);
  broker().say(id, OrderStatus::open, start_at_ + 3s);
  EXPECT_EQ(statuses(id).back(), "open");
  EXPECT_THAT(orders(id).back(), HasSubstr(R"("surprise":true)"));
  EXPECT_EQ(engine().counts().surprises, 1U);
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"degraded")"));
  broker().fill(id, 10, 1500, "F1", start_at_ + 4s, OrderStatus::filled);
  EXPECT_EQ(held(), 10);
  EXPECT_EQ(finished_, 1) << "whoever wished for it was told once that it is over";
}

TEST_F(LiveBrokerTest, OlderNewsThanWhatIsKnownIsLateNotASurprise) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 3s);
  broker().say(id, OrderStatus::cancelled, start_at_ + 4s);
  broker().say(id, OrderStatus::open, start_at_ + 2s);
  EXPECT_EQ(statuses(id).back(), "cancelled");
  EXPECT_EQ(engine().counts().surprises, 0U);
  EXPECT_EQ(engine().counts().duplicate_updates, 1U);
}

TEST_F(LiveBrokerTest, AFillAfterTheCancellationIsBookedAndFlagged) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  broker().say(id, OrderStatus::cancelled, start_at_ + 2s);
  broker().fill(id, 4, 1500, "F1", start_at_ + 3s);
  EXPECT_EQ(held(), 4);
  EXPECT_EQ(statuses(id).back(), "cancelled");
  EXPECT_THAT(orders(id).back(), HasSubstr(R"("surprise":true)"));
  EXPECT_EQ(engine().counts().cancelled, 1U);
}

TEST_F(LiveBrokerTest, AFilledOrderWhoseFillsAreMissingIsAskedFor) {
  const std::string id = send();
  broker().say(id, OrderStatus::filled, start_at_ + 1s);
  EXPECT_THAT(orders(id).back(), HasSubstr(R"("surprise":true)"));
  EXPECT_THAT(broker().asked, ElementsAre(id));
  broker().say({.order_id = id,
                .status = OrderStatus::filled,
                .at = start_at_ + 2s,
                .filled_qty = 10,
                .avg_price = 1500});
  EXPECT_EQ(held(), 10);
  EXPECT_THAT(broker().asked, ElementsAre(id));
}

TEST_F(LiveBrokerTest, MoreThanWasOrderedIsBookedAndFlagged) {
  const std::string id = send();
  broker().fill(id, 10, 1500, "F1", start_at_ + 1s, OrderStatus::filled);
  broker().fill(id, 2, 1500, "F2", start_at_ + 2s, OrderStatus::filled);
  EXPECT_EQ(held(), 12) << "the account holds it";
  EXPECT_THAT(orders(id).back(), HasSubstr(R"("remaining_qty":0)"));
  EXPECT_THAT(orders(id).back(), HasSubstr(R"("surprise":true)"));
}

TEST_F(LiveBrokerTest, FillsThatCannotBeAreCountedAndNotBooked) {
  const std::string id = send();
  broker().fill(id, -4, 1500, "F1", start_at_ + 1s);
  broker().fill(id, 4, std::nan(""), "F2", start_at_ + 1s);
  broker().fill(id, 4, -1, "F3", start_at_ + 1s);
  broker().fill(id, 4, 1500, "", start_at_ + 1s);
  EXPECT_EQ(held(), 0);
  EXPECT_EQ(engine().counts().surprises, 4U);
  EXPECT_EQ(engine().counts().fills, 0U);
}

TEST_F(LiveBrokerTest, NewsOfAnOrderNobodySentIsCounted) {
  engine();
  broker().say("nobody", OrderStatus::open, start_at_ + 1s);
  EXPECT_EQ(engine().counts().surprises, 1U);
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_F(LiveBrokerTest, AConnectionThatBreaksWhileSendingLeavesAnUnknownOutcome) {
  broker().fails = true;
  const std::string id = send();
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "unknown"));
  EXPECT_EQ(field_of(orders(id).back(), "reason"), "the connection broke");
  engine().advance_to(start_at_ + 1ms);
  EXPECT_THAT(broker().asked, SizeIs(1)) << "asked for at once";
}

TEST_F(LiveBrokerTest, ACancellationWithoutAnAnswerIsAskedFor) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  EXPECT_FALSE(engine().cancel(id, start_at_ + 2s));
  EXPECT_EQ(statuses(id).back(), "cancel_pending");
  engine().advance_to(start_at_ + 7s);
  EXPECT_EQ(statuses(id).back(), "unknown");
  EXPECT_THAT(broker().asked, ElementsAre(id));
  broker().say(id, OrderStatus::open, start_at_ + 8s);
  EXPECT_EQ(statuses(id).back(), "cancel_pending") << "it is still to be cancelled";
  EXPECT_THAT(broker().cancelled, ElementsAre(id, id));
}

TEST_F(LiveBrokerTest, ARefusedCancellationLeavesTheOrderAtWork) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  engine().cancel(id, start_at_ + 2s);
  broker().say(id, OrderStatus::open, start_at_ + 3s);
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "open", "cancel_pending", "open"));
  EXPECT_THAT(broker().cancelled, ElementsAre(id));
}

TEST_F(LiveBrokerTest, AFillWhileTheCancellationIsOnItsWayDoesNotForgetIt) {
  const std::string id = send();
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  engine().cancel(id, start_at_ + 2s);
  broker().fill(id, 4, 1500, "F1", start_at_ + 3s);
  engine().advance_to(start_at_ + 7s);
  EXPECT_EQ(statuses(id).back(), "unknown") << "and asked for";
  broker().say(id, OrderStatus::cancelled, start_at_ + 8s);
  EXPECT_EQ(statuses(id).back(), "cancelled");
  EXPECT_EQ(held(), 4);
}

TEST_F(LiveBrokerTest, TellsTheExchangesIdAndTime) {
  const std::string id = send();
  broker().say({.order_id = id,
                .status = OrderStatus::open,
                .at = start_at_ + 1s,
                .broker_status = "OPEN",
                .exchange_order_id = "1100000012345678",
                .exchange_at = start_at_ + 1s});
  EXPECT_EQ(field_of(orders(id).back(), "exchange_order_id"), "1100000012345678");
  EXPECT_EQ(field_of(orders(id).back(), "exchange_at"), "2025-11-18T04:30:01.000000Z");
  EXPECT_EQ(field_of(orders(id).back(), "broker_status"), "OPEN");
}

}  // namespace
}  // namespace tapedeck::execution
