// EventDecoder: the one way in for events from outside (HTTP, later WebSocket, Python, NATS).
// Parses, validates and normalises JSON so that what enters the log is canonical: no white space,
// one spelling for each string, numbers with the digits they came with, key order kept.
//
// Not thread-safe; each thread keeps one and reuses its memory. About 400 ns for a six-field event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "event/frame.hpp"

namespace tapedeck {

/// A valid event; views into the decoder, good until its next call.
struct DecodedEvent {
  std::string_view type;
  std::string_view payload;  // canonical JSON object
  std::string_view source;   // canonical JSON object; empty: none
  KeySpans payload_keys{};   // offsets in payload
  KeySpans source_keys{};    // offsets in source
  std::int64_t timestamp_ns = 0;
  bool has_timestamp = false;
};

struct DecoderLimits {
  std::size_t payload_bytes = kMaxPayloadBytes;  ///< in canonical form
  std::size_t source_bytes = std::size_t{4} << 10;
  std::size_t depth = 64;  ///< nesting of objects and arrays, the event itself included
  std::size_t batch_events = 100'000;
};

enum class BatchFormat {
  json,   ///< one event object, or an array of them
  ndjson  ///< an event object a line; empty lines are skipped
};

class EventDecoder {
 public:
  /// Bytes that must be allocated (their content does not matter) behind the text to decode.
  static constexpr std::size_t kPadding = 64;

  explicit EventDecoder(DecoderLimits limits = {});
  ~EventDecoder();
  EventDecoder(const EventDecoder&) = delete;
  EventDecoder& operator=(const EventDecoder&) = delete;

  /// All or nothing: the first bad event is the error, with its index in message and field.
  /// @param text followed by at least kPadding allocated bytes.
  /// Error codes: malformed_json, too_deep, invalid_event, payload_too_large, batch_too_large,
  /// empty_batch.
  Result<std::span<const DecodedEvent>> decode(std::string_view text, BatchFormat format);

  /// Convenience for callers without a padded buffer: copies the text.
  Result<std::span<const DecodedEvent>> decode_copy(const std::string& text, BatchFormat format);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck
