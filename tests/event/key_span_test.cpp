#include <gtest/gtest.h>

#include "support/encode.hpp"

namespace tapedeck {
namespace {

using testing::encode;

TEST(KeySpan, EveryPayloadKeyIsFoundInATypedEvent) {
  const Instrument instrument{.exchange = "NSE"};
  const auto signal = encode(SignalEvent{.symbol = "NIFTY",
                                         .strategy_name = "momentum",
                                         .signal = "BUY",
                                         .correlation_id = "c17",
                                         .instrument = &instrument});
  EXPECT_EQ(signal.key(Key::symbol), "NIFTY");
  EXPECT_EQ(signal.key(Key::strategy_name), "momentum");
  EXPECT_EQ(signal.key(Key::correlation_id), "c17");
  EXPECT_EQ(signal.key(Key::exchange), "NSE");
  EXPECT_FALSE(signal.has(Key::strategy));
  EXPECT_FALSE(signal.has(Key::order_id));
  EXPECT_FALSE(signal.has(Key::engine));

  const auto order = encode(OrderEvent{.order_id = "o1", .strategy = "momentum"});
  EXPECT_EQ(order.key(Key::order_id), "o1");
  EXPECT_EQ(order.key(Key::strategy), "momentum");
  EXPECT_EQ(encode(EngineHealth{.engine_name = "System"}).key(Key::engine), "System");
}

TEST(KeySpan, SourceKeysAreFound) {
  const EncodedSource source = encode_source(
      {.host = "a1", .engine_id = "e1", .run_id = "r1", .account = "main", .mode = "live"});
  const auto encoded = encode(GenericEvent{"t", {{"symbol", "X"}}}, from_ns(1), source);
  EXPECT_EQ(encoded.key(Key::symbol), "X");
  EXPECT_EQ(encoded.key(Key::host), "a1");
  EXPECT_EQ(encoded.key(Key::engine_id), "e1");
  EXPECT_EQ(encoded.key(Key::run_id), "r1");
  EXPECT_EQ(encoded.key(Key::account), "main");
  EXPECT_EQ(encoded.key(Key::mode), "live");
}

TEST(KeySpan, KeysOfExtraAndGenericMembersAreFoundAsTheyAreSpelled) {
  const auto extra = encode(PositionEvent{.symbol = "NIFTY", .extra = {{"order_id", "o\"1"}}});
  EXPECT_EQ(extra.key(Key::order_id), "o\\u00221");
  const auto number = encode(GenericEvent{"t", {{"order_id", 240001}}});
  EXPECT_EQ(number.key(Key::order_id), "240001");
}

TEST(KeySpan, NestedMembersAndSourceNamesInThePayloadAreNoKeys) {
  const auto encoded = encode(GenericEvent{
      "t", {{"inner", Map{{"symbol", "NIFTY"}}}, {"host", "h"}, {"symbol", Map{{"a", 1}}}}});
  EXPECT_FALSE(encoded.has(Key::symbol));
  EXPECT_FALSE(encoded.has(Key::host));
}

TEST(KeySpan, AnEmptyValueIsPresentAndAnAbsentOneIsNot) {
  const auto encoded = encode(SignalEvent{.symbol = ""});
  EXPECT_TRUE(encoded.has(Key::symbol));
  EXPECT_EQ(encoded.key(Key::symbol), "");
  EXPECT_FALSE(encoded.has(Key::correlation_id));
}

TEST(KeySpan, AValueTooLongForASpanIsLeftOut) {
  const std::string longest(KeySpan::kMaxLength, 's');
  EXPECT_EQ(encode(SignalEvent{.symbol = longest}).key(Key::symbol), longest);
  EXPECT_FALSE(encode(SignalEvent{.symbol = longest + "s"}).has(Key::symbol));
}

TEST(KeySpan, ALateKeyInALargeFrameIsFound) {
  const std::string filler(60'000, 'f');
  const auto encoded = encode(GenericEvent{"t", {{"filler", filler}, {"symbol", "NIFTY"}}});
  EXPECT_EQ(encoded.key(Key::symbol), "NIFTY");
}

}  // namespace
}  // namespace tapedeck
