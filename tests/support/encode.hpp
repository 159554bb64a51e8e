// Encodes one event the way the collector does, into buffers of exactly the promised size, so that
// a sanitizer sees every byte too many.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/record_encoder.hpp"

namespace tapedeck::testing {

struct EncodedEvent {
  std::string frame;
  FrameIndex index;

  std::string json() const { return frame.substr(index.json_offset(), index.json_length()); }
  std::string payload() const { return frame.substr(index.payload_offset(), index.payload_length); }
  bool has(Key key) const { return index.keys[static_cast<std::size_t>(key)].packed != 0; }
  std::string key(Key key) const {
    const KeySpan span = index.keys[static_cast<std::size_t>(key)];
    return frame.substr(span.offset(), span.length());
  }
};

inline constexpr std::uint64_t kTestSeq = 184467;

template <typename E>
EncodedEvent encode(const E& event, Timestamp at = from_ns(1'763'452'541'123'456'789),
                    const EncodedSource& source = {}) {
  const std::size_t size = detail::record_size(event, at != kNow);
  const std::unique_ptr<std::byte[]> record(new std::byte[size]);
  detail::write_record(record.get(), size, event, at, 0, 1);
  detail::RecordHeader header;
  std::memcpy(&header, record.get(), sizeof header);
  const std::unique_ptr<char[]> out(new char[FrameEncoder::frame_bound(header, source)]);
  FrameEncoder encoder("9f3c21");
  EncodedEvent encoded;
  char* end = encoder.encode(out.get(), record.get(), source, kTestSeq, 0, encoded.index);
  encoded.frame.assign(out.get(), end);
  return encoded;
}

}  // namespace tapedeck::testing
