#include "bus/frame_index.hpp"

#include "filter/canonical_json.hpp"

namespace tapedeck {
namespace {

constexpr std::string_view kData = "\ndata: ";
constexpr std::string_view kType = R"({"type":")";
constexpr std::string_view kTimestamp = R"(","timestamp":")";
constexpr std::string_view kPayload = R"(","payload":)";
constexpr std::string_view kSource = R"("source")";

/// Takes the keys among the members of `object`, which begins `offset` bytes into the frame.
template <typename KeyOf>
void note_keys(std::string_view object, std::size_t offset, KeyOf key_of, KeySpans& keys) noexcept {
  json::Walker walker(object);
  std::string_view name, value;
  while (walker.next(name, value)) {
    const int key = key_of(name);
    if (key < 0 || value.empty()) continue;
    const std::size_t at = offset + static_cast<std::size_t>(value.data() - object.data());
    KeySpan& span = keys[static_cast<std::size_t>(key)];
    if (value.front() == '"') {
      span.set(at + 1, value.size() - 2);
    } else if (value.front() == '-' || (value.front() >= '0' && value.front() <= '9')) {
      span.set(at, value.size());
    }
  }
}

}  // namespace

std::optional<FrameIndex> index_frame(std::string_view frame, std::int64_t timestamp_ns) noexcept {
  const std::size_t data = frame.substr(0, 80).find(kData);
  if (data == std::string_view::npos || !frame.ends_with("}\n\n")) return std::nullopt;
  FrameIndex index;
  index.length = static_cast<std::uint32_t>(frame.size());
  index.data_offset = static_cast<std::uint8_t>(data + 1);
  index.timestamp_ns = timestamp_ns;

  std::size_t at = index.json_offset();
  if (frame.substr(at, kType.size()) != kType) return std::nullopt;
  at += kType.size();
  const std::size_t type_length = frame.substr(at, 65).find('"');
  if (type_length == std::string_view::npos) return std::nullopt;
  index.type_length = static_cast<std::uint8_t>(type_length);
  at += type_length;
  if (frame.substr(at, kTimestamp.size()) != kTimestamp) return std::nullopt;
  at += kTimestamp.size() + kTimestampLength;
  if (frame.size() < at || frame.substr(at, kPayload.size()) != kPayload) return std::nullopt;

  const std::size_t payload = index.payload_offset();
  const std::string_view rest = frame.substr(0, frame.size() - 2);
  const std::size_t payload_end = json::skip_value(rest, payload);
  index.payload_length = static_cast<std::uint32_t>(payload_end - payload);
  note_keys(rest.substr(payload, payload_end - payload), payload, key_of_payload_member,
            index.keys);

  // ,"id":"9f3c21-184467","source":{...}}
  const std::size_t source_name = rest.find(kSource, payload_end);
  if (source_name != std::string_view::npos) {
    const std::size_t source = source_name + kSource.size() + 1;
    if (source >= rest.size()) return std::nullopt;
    note_keys(rest.substr(source, rest.size() - 1 - source), source, key_of_source_member,
              index.keys);
  }
  return index;
}

}  // namespace tapedeck
