#include "server/ws_chunks.hpp"

#include <algorithm>

namespace tapedeck {

void WsChunkBuilder::add(std::string_view event_json) {
  ++events_;
  if (style_.batch) {
    if (message_.empty()) {
      message_.append(R"({"op":"event","sub":)").append(style_.sub).append(R"(,"events":[)");
    } else {
      message_ += ',';
    }
    message_ += event_json;
    if (message_.size() >= kMessageBytes) end_message();
    return;
  }
  constexpr std::string_view kBegin = R"({"op":"event","sub":)", kMiddle = R"(,"event":)";
  if (deflater_ == nullptr) {  // straight into the frame
    append_ws_header(frames_, WsOpcode::text,
                     kBegin.size() + style_.sub.size() + kMiddle.size() + event_json.size() + 1);
    frames_.append(kBegin).append(style_.sub).append(kMiddle).append(event_json) += '}';
    return;
  }
  message_.assign(kBegin).append(style_.sub).append(kMiddle).append(event_json) += '}';
  append_ws_message(frames_, WsOpcode::text, message_, deflater_);
  message_.clear();
}

void WsChunkBuilder::end_message() {
  message_ += "]}";
  frames_.reserve(frames_.size() + message_.size() + 10);
  append_ws_message(frames_, WsOpcode::text, message_, deflater_);
  message_.clear();
}

std::string WsChunkBuilder::finish() {
  if (!message_.empty()) end_message();
  events_ = 0;
  return std::move(frames_);
}

std::shared_ptr<WsChunks::Group> WsChunks::join(std::string_view filter_key, WsStyle style) {
  std::string key(filter_key);
  key += '\n';
  key += style.sub;
  key += style.batch ? "\nbatch " : "\nsingle ";
  key += std::to_string(style.deflate_window.value_or(0));
  auto& found = groups_[key];
  if (!found) {
    found = std::make_shared<Group>();
    found->number = ++last_number_;
    found->key = std::move(key);
    found->style = std::move(style);
  }
  ++found->members;
  return found;
}

void WsChunks::leave(Group& group) {
  if (--group.members > 0) return;
  const std::string key = group.key;  // the group goes with its place in the map
  groups_.erase(key);
  if (!groups_.empty()) return;
  cached_.clear();
  order_.clear();
  cached_bytes_ = 0;
}

WsChunk WsChunks::encode(const Group& group, const CompiledFilter* filter, const SegmentPin& pin,
                         std::uint64_t from, std::uint64_t end, std::size_t bytes) {
  const Key key{group.number, from};
  const bool shared = group.members > 1;
  if (shared) {
    const auto found = cached_.find(key);
    if (found != cached_.end()) return found->second;
  }
  WsChunkBuilder builder(group.style, deflater_of(group.style));
  WsChunk chunk;
  const std::uint64_t stop = std::min({pin.end_seq(), end, from + kLooks});
  for (chunk.next = from; chunk.next < stop && builder.bytes() < bytes; ++chunk.next) {
    const FrameIndex& index = pin.index(chunk.next);
    const char* frame = pin.frame(index);
    if (filter != nullptr && !filter->matches(frame, index)) continue;
    builder.add({frame + index.json_offset(), index.json_length()});
  }
  chunk.events = builder.events();
  if (chunk.events > 0) chunk.frames = std::make_shared<const std::string>(builder.finish());
  if (shared) remember(key, chunk);
  return chunk;
}

void WsChunks::remember(const Key& key, const WsChunk& chunk) {
  cached_.emplace(key, chunk);
  order_.push_back(key);
  cached_bytes_ += cost_of(chunk);
  while (cached_bytes_ > kCachedBytes) {
    const auto oldest = cached_.find(order_.front());
    cached_bytes_ -= cost_of(oldest->second);
    cached_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace tapedeck
