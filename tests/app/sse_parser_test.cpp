#include "app/sse_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tapedeck::app {
namespace {

constexpr std::string_view kStream =
    "retry: 2000\r\nevent: connection\nid: e-0\ndata: {}\n\n: comment\nid: e-1\ndata: a\ndata: "
    "b\n\n"
    "data\n\nid: e-2\n\nid: e-3\ndata: unfinished";

TEST(SseParser, ReadsTheSameFromChunksCutAnywhere) {
  for (std::size_t cut = 1; cut < kStream.size(); ++cut) {
    std::vector<SseMessage> messages;
    SseParser parser([&](const SseMessage& message) { messages.push_back(message); });
    parser.feed(kStream.substr(0, cut));
    parser.feed(kStream.substr(cut));
    ASSERT_EQ(messages.size(), 3U) << "cut at " << cut;
    EXPECT_EQ(messages[0].event, "connection");
    EXPECT_EQ(messages[1].event, "");
    EXPECT_EQ(messages[1].data, "a\nb");
    EXPECT_EQ(messages[2].data, "");
    EXPECT_EQ(parser.last_id(), "e-2");
  }
}

TEST(SseParser, ACutStreamKeepsTheLastWholeMessagesId) {
  std::vector<SseMessage> messages;
  SseParser parser([&](const SseMessage& message) { messages.push_back(message); });
  parser.feed("id: e-1\ndata: x\n\nid: e-2\ndata: y\n");
  parser.reset();
  EXPECT_EQ(parser.last_id(), "e-1");
  parser.feed("data: z\n\n");
  EXPECT_EQ(messages.back().data, "z");
  EXPECT_EQ(parser.last_id(), "e-1");
}

}  // namespace
}  // namespace tapedeck::app
