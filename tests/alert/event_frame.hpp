// An event as it lies in the log, made of its JSON.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"

namespace tapedeck::testing {

class EventFrame {
 public:
  explicit EventFrame(std::string_view json) {
    EventDecoder decoder;
    const auto events = decoder.decode_copy(std::string(json), BatchFormat::json);
    if (!events) throw std::runtime_error(events.error().message);
    FrameEncoder encoder("9f3c21");
    const DecodedEvent& event = events->front();
    bytes_.resize(FrameEncoder::frame_bound(event));
    const char* end = encoder.encode(bytes_.data(), event, 42, event.timestamp_ns, index_);
    bytes_.resize(static_cast<std::size_t>(end - bytes_.data()));
  }
  const char* data() const noexcept { return bytes_.data(); }
  const FrameIndex& index() const noexcept { return index_; }

 private:
  std::string bytes_;
  FrameIndex index_;
};

}  // namespace tapedeck::testing
