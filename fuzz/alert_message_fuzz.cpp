// A message template, then told of an event: a line of the input each. Must never crash or hang;
// an error says where, a message is one line and not too long.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "alert/message_template.hpp"
#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  using alert::MessageTemplate;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), input.size());
  alert::Rule rule;
  rule.name = "rule";
  rule.group_by = {"symbol"};
  rule.message = input.substr(0, line);
  const auto message = MessageTemplate::compile(rule);
  if (!message) {
    if (message.error().message.find("message") == std::string::npos) std::abort();
    return 0;
  }
  const std::string json(line == input.size() ? R"({"type":"t","payload":{"symbol":"S"}})"
                                              : std::string(input.substr(line + 1)));
  EventDecoder decoder;
  const auto events = decoder.decode_copy(json, BatchFormat::json);
  if (!events) return 0;
  FrameEncoder encoder("9f3c21");
  for (const DecodedEvent& event : *events) {
    std::vector<char> frame(FrameEncoder::frame_bound(event));
    FrameIndex index;
    encoder.encode(frame.data(), event, 42, event.timestamp_ns, index);
    const std::string told =
        (*message)->render({rule, "firing", {{"symbol", "S"}}, 1.5, 1, 0, frame.data(), &index});
    if (told.size() > MessageTemplate::kMaxBytes || told.find('\n') != std::string::npos) {
      std::abort();
    }
  }
  return 0;
}
