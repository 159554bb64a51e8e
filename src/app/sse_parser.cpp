#include "app/sse_parser.hpp"

namespace tapedeck::app {

void SseParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    unfinished_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (unfinished_.ends_with('\r')) unfinished_.pop_back();
    line(unfinished_);
    unfinished_.clear();
  }
}

void SseParser::reset() {
  unfinished_.clear();
  message_ = {};
  has_data_ = false;
  pending_id_ = last_id_;
}

void SseParser::line(std::string_view text) {
  if (text.empty()) {
    last_id_ = pending_id_;
    if (has_data_) handler_(message_);
    message_ = {};
    has_data_ = false;
    return;
  }
  if (text.front() == ':') return;
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) message_.data += '\n';
    message_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    message_.event = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    pending_id_ = value;
  }
}

}  // namespace tapedeck::app
