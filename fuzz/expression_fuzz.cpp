// The text of a filter expression, then asked of an event: a line of the input each. Must never
// crash or hang, and an error must say where.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"
#include "filter/expression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), input.size());
  const auto expression = Expression::compile(input.substr(0, line));
  if (!expression) {
    if (expression.error().message.find("column ") == std::string::npos) std::abort();
    return 0;
  }
  const std::string json(line == input.size()
                             ? R"({"type":"t","payload":{"a":[1,{"b":"c"}],"symbol":"S"}})"
                             : std::string(input.substr(line + 1)));
  EventDecoder decoder;
  const auto events = decoder.decode_copy(json, BatchFormat::json);
  if (!events) return 0;
  FrameEncoder encoder("9f3c21");
  for (const DecodedEvent& event : *events) {
    std::vector<char> frame(FrameEncoder::frame_bound(event));
    FrameIndex index;
    encoder.encode(frame.data(), event, 42, event.timestamp_ns, index);
    (*expression)->matches(frame.data(), index);
  }
  return 0;
}
