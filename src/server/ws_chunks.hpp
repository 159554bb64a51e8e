// Events as WebSocket messages: runs of matching events become chunks of whole frames, which many
// subscriptions to the same thing share, so that a thousand of them cost one encoding and, when
// they agreed on it, one compression.
//
// WsChunkBuilder is pure. WsChunks lives on its worker's thread; its memory is bounded by
// kCachedBytes beside one chunk for each client that is reading slowly.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "server/ws_connection.hpp"

namespace tapedeck {

/// How a subscription's events are put into messages.
struct WsStyle {
  std::string sub;                      ///< its id, as JSON
  bool batch = false;                   ///< many events in a message
  std::optional<int> deflate_window{};  ///< compressed with this window; nothing: not
};

class WsChunkBuilder {
 public:
  /// A message of a batch ends with the event that reaches it.
  static constexpr std::size_t kMessageBytes = std::size_t{64} << 10;

  /// @param deflater nullptr: no compression.
  WsChunkBuilder(const WsStyle& style, WsDeflater* deflater) : style_(style), deflater_(deflater) {}

  void add(std::string_view event_json);
  std::size_t events() const noexcept { return events_; }
  /// About what the frames will have, uncompressed.
  std::size_t bytes() const noexcept { return frames_.size() + message_.size(); }
  /// The frames; nothing is left here.
  std::string finish();

 private:
  void end_message();

  const WsStyle& style_;
  WsDeflater* deflater_;
  std::string frames_;
  std::string message_;
  std::size_t events_ = 0;
};

struct WsChunk {
  std::uint64_t next = 0;  ///< everything before it has been looked at
  std::size_t events = 0;
  std::shared_ptr<const std::string> frames;  ///< nullptr: nothing matched
};

class WsChunks {
 public:
  static constexpr std::size_t kCachedBytes = std::size_t{8} << 20;
  static constexpr std::uint64_t kLooks = 4096;  // events one chunk may look at

  /// Subscriptions that get the same bytes.
  struct Group {
    std::uint64_t number = 0;
    std::string key;
    WsStyle style;
    std::size_t members = 0;
  };

  explicit WsChunks(WsCodec& codec) : codec_(codec) {}

  /// @param filter_key equal for filters that match the same events.
  std::shared_ptr<Group> join(std::string_view filter_key, WsStyle style);
  void leave(Group& group);

  /// The run of events of the segment from `from` on.
  /// @param filter nullptr: everything matches. @param bytes how many, about.
  WsChunk encode(const Group& group, const CompiledFilter* filter, const SegmentPin& pin,
                 std::uint64_t from, std::uint64_t end, std::size_t bytes);

  WsDeflater* deflater_of(const WsStyle& style) {
    return style.deflate_window ? &codec_.deflater(*style.deflate_window) : nullptr;
  }

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // group, first event
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return static_cast<std::size_t>(key.first * 0x9E3779B97F4A7C15U ^ key.second);
    }
  };
  static std::size_t cost_of(const WsChunk& chunk) {
    return 256 + (chunk.frames ? chunk.frames->size() : 0);
  }
  void remember(const Key& key, const WsChunk& chunk);

  WsCodec& codec_;
  std::unordered_map<std::string, std::shared_ptr<Group>> groups_;
  std::unordered_map<Key, WsChunk, Hash> cached_;
  std::deque<Key> order_;  // the oldest first
  std::size_t cached_bytes_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace tapedeck
