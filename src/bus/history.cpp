#include "bus/history.hpp"

namespace tapedeck {

void LatestKeys::append_identity(std::string& out, const char* frame,
                                 const FrameIndex& index) const {
  const auto add = [&](const char* text, std::size_t length) {
    out.append(text, length);
    out += '\0';
  };
  if (by_type) add(frame + index.type_offset(), index.type_length);
  for (const Key key : keys) {
    KeySpan span = index.keys[static_cast<std::size_t>(key)];
    if (key == Key::strategy && span.packed == 0) {
      span = index.keys[static_cast<std::size_t>(Key::strategy_name)];
    }
    add(frame + span.offset(), span.length());
  }
}

}  // namespace tapedeck
