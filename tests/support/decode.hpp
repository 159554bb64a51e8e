// Decodes text from a buffer of exactly the promised size and keeps what came out.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_decoder.hpp"

namespace tapedeck::testing {

struct OwnedEvent {
  std::string type;
  std::string payload;
  std::string source;
  std::int64_t timestamp_ns = 0;
  bool has_timestamp = false;
  KeySpans payload_keys{};
  KeySpans source_keys{};

  std::string key(Key key) const {
    const bool in_source = key >= Key::host;
    const KeySpan span = (in_source ? source_keys : payload_keys)[static_cast<std::size_t>(key)];
    return (in_source ? source : payload).substr(span.offset(), span.length());
  }
};

struct Decoded {
  std::vector<OwnedEvent> events;
  Error error;

  bool ok() const { return error.code.empty(); }
};

inline Decoded decode(EventDecoder& decoder, std::string_view text,
                      BatchFormat format = BatchFormat::json) {
  const std::unique_ptr<char[]> padded(new char[text.size() + EventDecoder::kPadding]);
  std::memcpy(padded.get(), text.data(), text.size());
  std::memset(padded.get() + text.size(), '}', EventDecoder::kPadding);  // must not matter
  auto result = decoder.decode({padded.get(), text.size()}, format);
  Decoded decoded;
  if (!result) {
    decoded.error = result.error();
    return decoded;
  }
  for (const DecodedEvent& event : *result) {
    decoded.events.push_back({std::string(event.type), std::string(event.payload),
                              std::string(event.source), event.timestamp_ns, event.has_timestamp,
                              event.payload_keys, event.source_keys});
  }
  return decoded;
}

inline Decoded decode(std::string_view text, BatchFormat format = BatchFormat::json,
                      DecoderLimits limits = {}) {
  EventDecoder decoder(limits);
  return decode(decoder, text, format);
}

/// An event of a free type with this payload.
inline std::string with_payload(std::string_view payload) {
  return R"({"type":"t","payload":)" + std::string(payload) + "}";
}

}  // namespace tapedeck::testing
