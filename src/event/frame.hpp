// A frame: one event as it lies in the log, and the index of its parts.
//
//   id: 9f3c21-184467\n
//   data: {"type":"...","timestamp":"...","payload":{...},"id":"9f3c21-184467","source":{...}}\n
//   \n
//
// The whole is what an EventSource client gets; from `data:` on what a plain client gets; the JSON
// alone is what REST answers with. Offsets count from the frame's first byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tapedeck {

/// Fields that filters compare without parsing JSON.
enum class Key : std::uint8_t {
  symbol,
  exchange,
  strategy,
  strategy_name,
  engine,  // payload.engine_name
  order_id,
  correlation_id,
  host,
  engine_id,
  run_id,
  account,
  mode,
};
inline constexpr std::size_t kKeyCount = 12;

/// Where a key's value lies in the frame, as encoded (strings without their quotes).
/// Values longer than kMaxLength are not indexed and match no filter.
struct KeySpan {
  static constexpr std::size_t kMaxLength = (1U << 12) - 1;
  std::uint32_t packed = 0;  // offset << 12 | length; 0: absent

  void set(std::size_t offset, std::size_t length) noexcept {
    if (length <= kMaxLength) packed = static_cast<std::uint32_t>(offset << 12 | length);
  }
  std::size_t offset() const noexcept { return packed >> 12; }
  std::size_t length() const noexcept { return packed & kMaxLength; }
};
using KeySpans = std::array<KeySpan, kKeyCount>;

/// The payload member (at depth one) that a key is read from; nothing for other names.
constexpr int key_of_payload_member(std::string_view name) noexcept {
  switch (name.size()) {
    case 6:
      return name == "symbol" ? static_cast<int>(Key::symbol) : -1;
    case 8:
      return name == "exchange"   ? static_cast<int>(Key::exchange)
             : name == "strategy" ? static_cast<int>(Key::strategy)
             : name == "order_id" ? static_cast<int>(Key::order_id)
                                  : -1;
    case 11:
      return name == "engine_name" ? static_cast<int>(Key::engine) : -1;
    case 13:
      return name == "strategy_name" ? static_cast<int>(Key::strategy_name) : -1;
    case 14:
      return name == "correlation_id" ? static_cast<int>(Key::correlation_id) : -1;
    default:
      return -1;
  }
}

/// The member of `source` that a key is read from.
constexpr int key_of_source_member(std::string_view name) noexcept {
  return name == "host"        ? static_cast<int>(Key::host)
         : name == "engine_id" ? static_cast<int>(Key::engine_id)
         : name == "run_id"    ? static_cast<int>(Key::run_id)
         : name == "account"   ? static_cast<int>(Key::account)
         : name == "mode"      ? static_cast<int>(Key::mode)
                               : -1;
}

inline constexpr std::size_t kTimestampLength = 27;
/// Largest payload, in canonical form (contract §1).
inline constexpr std::size_t kMaxPayloadBytes = std::size_t{64} << 10;

/// What the log knows of one frame.
struct FrameIndex {
  std::uint32_t offset = 0;          // of the frame in its segment
  std::uint32_t length = 0;          // of the frame, final blank line included
  std::uint32_t payload_length = 0;  // of the payload's JSON
  std::uint16_t type = 0;            // number in the log's type table
  std::uint8_t type_length = 0;
  std::uint8_t data_offset = 0;  // of "data: "
  std::int64_t timestamp_ns = 0;
  KeySpans keys{};

  std::size_t json_offset() const noexcept { return data_offset + 6U; }
  std::size_t json_length() const noexcept { return length - json_offset() - 2; }
  std::size_t type_offset() const noexcept { return json_offset() + 9; }  // {"type":"
  std::size_t payload_offset() const noexcept {
    // ","timestamp":" and ","payload":
    return type_offset() + type_length + 15 + kTimestampLength + 12;
  }
};

}  // namespace tapedeck
