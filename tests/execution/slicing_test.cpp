#include <gtest/gtest.h>

#include "execution/execution_support.hpp"
#include "execution/order_slicer.hpp"

namespace tapedeck::execution {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

market::InstrumentInfo contract(std::int64_t lot, std::int64_t freeze) {
  market::InstrumentInfo info;
  info.lot_size = lot;
  info.freeze_qty = freeze;
  return info;
}

TEST(Slices, AreWholeLotsUpToTheFreezeQuantity) {
  EXPECT_THAT(slices_of(1800, contract(75, 1800), 10), ElementsAre(1800));
  EXPECT_THAT(slices_of(1875, contract(75, 1800), 10), ElementsAre(1800, 75));
  EXPECT_THAT(slices_of(300, contract(75, 200), 10), ElementsAre(150, 150));
  EXPECT_THAT(slices_of(1'000'000, contract(1, 0), 10), ElementsAre(1'000'000)) << "not known";
}

TEST(Slices, AreTenAtMost) {
  EXPECT_THAT(slices_of(18'000, contract(75, 1800), 10), SizeIs(10));
  EXPECT_THAT(slices_of(18'075, contract(75, 1800), 10), IsEmpty());
  EXPECT_THAT(slices_of(100, contract(75, 50), 10), IsEmpty()) << "no lot fits";
}

class SlicingTest : public EngineFixture {
 protected:
  SlicingTest() {
    market::InstrumentInfo infy = *instruments_.find("NSE", "INFY");
    infy.freeze_qty = 40;
    instruments_.add(infy);
    options_.capital = 1e9;
  }
};

TEST_F(SlicingTest, SendsAParentWithChildrenThatFillOnTheirOwn) {
  const std::string parent = engine().submit(intent(Side::buy, 100), start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_THAT(statuses(parent), ElementsAre("new", "submitted", "acknowledged", "open",
                                            "partially_filled", "partially_filled", "filled"));
  EXPECT_THAT(fields(orders(parent), "filled_qty"),
              ElementsAre("0", "0", "0", "0", "40", "80", "100"));
  EXPECT_THAT(fields(orders(parent), "fill_id"), Each("")) << "only children have fills";
}

TEST_F(SlicingTest, TellsWhichSliceOfHowManyAnOrderIs) {
  const std::string parent = engine().submit(intent(Side::buy, 100), start_at_);
  std::vector<std::string> slices;
  for (const std::string& order : orders()) {
    if (field_of(order, "status") != "new" || field_of(order, "order_id") == parent) continue;
    slices.push_back(field_of(order, "parent_order_id") + " " + field_of(order, "slice_no") +
                     " of " + field_of(order, "slice_count") + ": " + field_of(order, "qty"));
  }
  EXPECT_THAT(slices,
              ElementsAre(parent + " 1 of 3: 40", parent + " 2 of 3: 40", parent + " 3 of 3: 20"));
}

TEST_F(SlicingTest, BooksEveryFillOnceAndFinishesOnce) {
  engine().submit(intent(Side::buy, 100), start_at_);
  price(start_at_ + 1s, 1500);
  ASSERT_THAT(engine().positions(), SizeIs(1));
  EXPECT_EQ(engine().positions()[0].size, 100);
  EXPECT_EQ(engine().counts().orders, 3U);
  EXPECT_EQ(engine().counts().fills, 3U);
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(last_size_, 100);
}

TEST_F(SlicingTest, ARejectedSliceLeavesTheOthersAndTheParentCancelledWithWhatWasFilled) {
  live_ = true;
  const std::string parent = engine().submit(intent(Side::buy, 100), start_at_);
  ASSERT_THAT(broker().sent, SizeIs(3));
  const Timestamp at = start_at_ + 1s;
  broker().say({.order_id = broker().sent[2].order_id,
                .status = OrderStatus::rejected,
                .at = at,
                .reason = "no margin",
                .reject_code = "margin"});
  broker().fill(broker().sent[0].order_id, 40, 1500, "F1", at, OrderStatus::filled);
  EXPECT_EQ(finished_, 0);
  broker().fill(broker().sent[1].order_id, 40, 1501, "F2", at, OrderStatus::filled);
  const std::string end = orders(parent).back();
  EXPECT_EQ(field_of(end, "status"), "cancelled");
  EXPECT_EQ(field_of(end, "filled_qty"), "80");
  EXPECT_EQ(field_of(end, "avg_price"), "1500.5");
  EXPECT_EQ(field_of(end, "reason"), "80 of 100 filled; slice 3 of 3 is rejected");
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(engine().positions()[0].size, 80);
}

TEST_F(SlicingTest, AParentIsRejectedWhenEverySliceIs) {
  const std::string parent = engine().submit(intent(Side::buy, 100), at_ist(16, 30));
  EXPECT_EQ(field_of(orders(parent).back(), "status"), "rejected");
  EXPECT_EQ(field_of(orders(parent).back(), "reject_code"), "market_closed");
  EXPECT_EQ(engine().counts().rejects, 3U);
  EXPECT_EQ(finished_, 1);
}

TEST_F(SlicingTest, CancellingTheParentCancelsItsSlices) {
  const std::string parent = engine().submit(limit(Side::buy, 100, 1490), start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_FALSE(engine().cancel(parent, start_at_ + 2s));
  EXPECT_EQ(field_of(orders(parent).back(), "status"), "cancelled");
  EXPECT_EQ(engine().counts().cancelled, 3U);
  EXPECT_EQ(engine().cancel(parent, start_at_ + 3s)->code, "not_at_work");
}

TEST_F(SlicingTest, ModifyingTheParentMovesThePricesOfItsSlices) {
  const std::string parent = engine().submit(limit(Side::buy, 100, 1490), start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_EQ(engine().modify(parent, {.qty = 90}, start_at_ + 2s)->code, "bad_quantity");
  EXPECT_FALSE(engine().modify(parent, {.limit_price = 1500}, start_at_ + 2s));
  price(start_at_ + 3s, 1500);
  EXPECT_EQ(field_of(orders(parent).back(), "status"), "filled");
  EXPECT_THAT(fields(orders(), "fill_price"), Contains("1500.0"));
}

TEST_F(SlicingTest, MoreThanTenSlicesAreRefused) {
  const std::string id = engine().submit(intent(Side::buy, 401), start_at_);
  EXPECT_THAT(statuses(id), ElementsAre("new", "rejected"));
  EXPECT_EQ(field_of(orders(id)[1], "reject_code"), "freeze_qty");
  EXPECT_EQ(refusal(intent(Side::buy, 400), start_at_), "");
}

}  // namespace
}  // namespace tapedeck::execution
