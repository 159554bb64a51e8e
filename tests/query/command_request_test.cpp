#include "query/command_request.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tapedeck {
namespace {

TEST(CommandRequest, BecomesACommandEvent) {
  const auto event = command_event_of(R"({"command":"kill"})");
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(*event, R"({"type":"command_event","payload":)"
                    R"({"command":"kill","target":"*","state":"requested","by":"api"}})");
  EXPECT_EQ(*command_event_of(
                R"({"by":"me","reason":"a \"b\"\n","target":"x-execution","command":"flatten"})"),
            R"({"type":"command_event","payload":{"command":"flatten","target":"x-execution",)"
            R"("state":"requested","reason":"a \u0022b\u0022\u000a","by":"me"}})");
}

TEST(CommandRequest, NamesWhatIsWrong) {
  const auto field_of = [](const char* body) {
    const auto event = command_event_of(body);
    return event.ok() ? "accepted" : event.error().code + event.error().field;
  };
  EXPECT_EQ(field_of(""), "malformed_json");
  EXPECT_EQ(field_of("[]"), "malformed_json");
  EXPECT_EQ(field_of("\"kill\""), "malformed_json");
  EXPECT_EQ(field_of(R"({"command":"kill")"), "malformed_json");
  EXPECT_EQ(field_of(R"({})"), "invalid_event/command");
  EXPECT_EQ(field_of(R"({"command":7})"), "invalid_event/command");
  EXPECT_EQ(field_of(R"({"command":"kill all"})"), "invalid_event/command");
  EXPECT_EQ(field_of(R"({"command":"kill","target":""})"), "invalid_event/target");
  EXPECT_EQ(field_of(R"({"command":"kill","reson":"x"})"), "invalid_event/reson");
  EXPECT_EQ(field_of(R"({"command":"kill","reason":null})"), "invalid_event/reason");
}

TEST(CommandRequest, TextsHaveALimit) {
  const auto with_reason = [](std::size_t size) {
    return command_event_of(R"({"command":"kill","reason":")" + std::string(size, 'x') + "\"}");
  };
  EXPECT_TRUE(with_reason(1000).ok());
  EXPECT_EQ(with_reason(1001).error().field, "/reason");
}

}  // namespace
}  // namespace tapedeck
