#include "server/ws_frame.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace tapedeck {
namespace {

constexpr unsigned char kFin = 0x80, kRsv1 = 0x40, kRsv23 = 0x30, kMasked = 0x80;

/// Appends a big-endian number.
void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xFF);
  }
}

/// Takes the mask off `size` bytes; @param at where in the mask they begin.
void unmask(const char* from, char* to, std::size_t size, const std::array<unsigned char, 4>& mask,
            std::size_t at) {
  unsigned char turned[8];
  for (std::size_t i = 0; i < 8; ++i) turned[i] = mask[(at + i) % 4];
  std::uint64_t key = 0, word = 0;
  std::memcpy(&key, turned, 8);
  std::size_t done = 0;
  for (; done + 8 <= size; done += 8) {
    std::memcpy(&word, from + done, 8);
    word ^= key;
    std::memcpy(to + done, &word, 8);
  }
  for (; done < size; ++done) {
    to[done] = static_cast<char>(static_cast<unsigned char>(from[done]) ^ turned[done % 8]);
  }
}

/// RFC 6455 §7.4 and what IANA has registered since.
bool may_be_received(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

/// How much of the text's end belongs to a character that is not complete: up to 3 bytes.
std::size_t unfinished_tail(std::string_view text) {
  const std::size_t most = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= most; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;  // one in the middle
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

void append_ws_header(std::string& out, WsOpcode opcode, std::size_t payload_bytes,
                      bool compressed) {
  out += static_cast<char>(kFin | (compressed ? kRsv1 : 0) | static_cast<unsigned char>(opcode));
  if (payload_bytes < 126) {
    out += static_cast<char>(payload_bytes);
  } else if (payload_bytes < 65536) {
    out += static_cast<char>(126);
    append_number(out, payload_bytes, 2);
  } else {
    out += static_cast<char>(127);
    append_number(out, payload_bytes, 8);
  }
}

void append_ws_frame(std::string& out, WsOpcode opcode, std::string_view payload) {
  append_ws_header(out, opcode, payload.size());
  out += payload;
}

void append_ws_close(std::string& out, WsClose code, std::string_view reason) {
  if (code == WsClose::no_status) return append_ws_frame(out, WsOpcode::close, {});
  reason = reason.substr(0, kMaxWsControl - 2);
  reason.remove_suffix(unfinished_tail(reason));
  append_ws_header(out, WsOpcode::close, 2 + reason.size());
  append_number(out, static_cast<std::uint16_t>(code), 2);
  out += reason;
}

bool Utf8Checker::push(std::string_view piece) {
  while (missing_ > 0 && !piece.empty()) {
    if (!push_byte(static_cast<unsigned char>(piece.front()))) return false;
    piece.remove_prefix(1);
  }
  const std::size_t tail = unfinished_tail(piece);
  const std::size_t whole = piece.size() - tail;
  if (whole > 0 && !simdjson::validate_utf8(piece.data(), whole)) return false;
  for (const char c : piece.substr(whole)) {
    if (!push_byte(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

/// Unicode 15, table 3-7: which bytes may follow which.
bool Utf8Checker::push_byte(unsigned char byte) {
  if (missing_ > 0) {
    if (byte < low_ || byte > high_) return false;
    --missing_;
    low_ = 0x80;
    high_ = 0xBF;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  missing_ = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
  low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  return true;
}

WsMessageReader::Got WsMessageReader::next(std::string_view& bytes, WsInflater& inflater) {
  if (delivered_) {
    message_.clear();
    delivered_ = false;
  }
  while (!bytes.empty()) {
    Got got = stage_ == Stage::header ? read_header(bytes) : take_payload(bytes);
    // A frame without a payload ends with its header.
    if (got == Got::nothing && stage_ == Stage::payload && left_ == 0) got = end_of_frame(inflater);
    if (got != Got::nothing) return got;
  }
  return Got::nothing;
}

void WsMessageReader::release() {
  if (type_ == WsOpcode::continuation) std::string().swap(message_);
}

WsMessageReader::Got WsMessageReader::violation(WsClose code, std::string_view reason) {
  close_code_ = code;
  reason_ = reason;
  return Got::violation;
}

/// Whether the header has `wanted` bytes; takes what is missing.
bool WsMessageReader::collect(std::string_view& bytes, std::size_t wanted) {
  const std::size_t n = std::min(wanted - header_size_, bytes.size());
  std::memcpy(header_.data() + header_size_, bytes.data(), n);
  header_size_ = static_cast<std::uint8_t>(header_size_ + n);
  bytes.remove_prefix(n);
  return header_size_ == wanted;
}

WsMessageReader::Got WsMessageReader::read_header(std::string_view& bytes) {
  if (header_size_ < 2) {
    if (!collect(bytes, 2)) return Got::nothing;
    if (const Got got = check_first_bytes(); got != Got::nothing) return got;
  }
  const unsigned length = header_[1] & 0x7FU;
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (!collect(bytes, 2 + extended + mask_.size())) return Got::nothing;
  left_ = extended == 0 ? length : 0;
  for (std::size_t i = 0; i < extended; ++i) left_ = left_ << 8 | header_[2 + i];
  std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(2 + extended), 4, mask_.begin());
  if ((extended == 2 && left_ < 126) || (extended == 8 && (left_ < 65536 || left_ >> 63 != 0))) {
    return violation(WsClose::protocol_error, "a frame's length is not in its shortest form");
  }
  return begin_frame();
}

WsMessageReader::Got WsMessageReader::check_first_bytes() {
  const unsigned opcode = header_[0] & 0x0FU;
  const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
  if (!known) return violation(WsClose::protocol_error, "a frame has a reserved opcode");
  const bool first_of_data = opcode == 1 || opcode == 2;
  if ((header_[0] & kRsv23) != 0 ||
      ((header_[0] & kRsv1) != 0 && !(limits_.deflate && first_of_data))) {
    return violation(WsClose::protocol_error, "a frame has a reserved bit set");
  }
  if ((header_[1] & kMasked) == 0) {
    return violation(WsClose::protocol_error, "a frame from a client is not masked");
  }
  if (is_control()) {
    if ((header_[0] & kFin) == 0 || (header_[1] & 0x7FU) > kMaxWsControl) {
      return violation(WsClose::protocol_error, "a control frame is fragmented or too long");
    }
    return Got::nothing;
  }
  const bool under_way = type_ != WsOpcode::continuation;
  if (first_of_data == under_way) {
    return violation(WsClose::protocol_error, under_way ? "a message begins inside another"
                                                        : "a continuation frame continues nothing");
  }
  if (opcode == 2 && !limits_.binary) {
    return violation(WsClose::unsupported_data, "messages here are JSON text, not binary");
  }
  return Got::nothing;
}

WsMessageReader::Got WsMessageReader::begin_frame() {
  stage_ = Stage::payload;
  mask_at_ = 0;
  if (is_control()) {
    control_size_ = 0;
    return Got::nothing;
  }
  if (const auto opcode = static_cast<WsOpcode>(header_[0] & 0x0F);
      opcode != WsOpcode::continuation) {
    type_ = opcode;
    compressed_ = (header_[0] & kRsv1) != 0;
    utf8_.reset();
  }
  if (left_ > limits_.message_bytes - message_.size()) {
    return violation(WsClose::too_big, "the message is larger than this server takes");
  }
  return Got::nothing;
}

WsMessageReader::Got WsMessageReader::take_payload(std::string_view& bytes) {
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (is_control()) {
    unmask(bytes.data(), control_.data() + control_size_, n, mask_, mask_at_);
    control_size_ = static_cast<std::uint8_t>(control_size_ + n);
  } else {
    const std::size_t before = message_.size();
    message_.resize(before + n);
    unmask(bytes.data(), message_.data() + before, n, mask_, mask_at_);
    if (type_ == WsOpcode::text && !compressed_ && !utf8_.push({message_.data() + before, n})) {
      return violation(WsClose::bad_data, "a text message is not UTF-8");
    }
  }
  bytes.remove_prefix(n);
  mask_at_ = static_cast<std::uint8_t>((mask_at_ + n) % 4);
  left_ -= n;
  return Got::nothing;
}

WsMessageReader::Got WsMessageReader::end_of_frame(WsInflater& inflater) {
  stage_ = Stage::header;
  header_size_ = 0;
  switch (static_cast<WsOpcode>(header_[0] & 0x0F)) {
    case WsOpcode::ping:
      return Got::ping;
    case WsOpcode::pong:
      return Got::pong;
    case WsOpcode::close:
      return end_of_close();
    default:
      return (header_[0] & kFin) != 0 ? end_of_message(inflater) : Got::nothing;
  }
}

WsMessageReader::Got WsMessageReader::end_of_message(WsInflater& inflater) {
  const bool is_text = type_ == WsOpcode::text;
  type_ = WsOpcode::continuation;
  delivered_ = true;
  if (compressed_) {
    std::string inflated;
    const auto result = inflater.inflate(message_, inflated, limits_.message_bytes);
    if (result == WsInflater::Outcome::too_big) {
      return violation(WsClose::too_big, "the inflated message is larger than this server takes");
    }
    if (result == WsInflater::Outcome::malformed) {
      return violation(WsClose::bad_data, "a compressed message cannot be inflated");
    }
    message_ = std::move(inflated);
    if (is_text && !utf8_.push(message_)) {
      return violation(WsClose::bad_data, "a text message is not UTF-8");
    }
  }
  if (!is_text) return Got::binary;
  if (!utf8_.complete()) return violation(WsClose::bad_data, "a text message is not UTF-8");
  return Got::text;
}

/// RFC 6455 §5.5.1: nothing, or a code and a reason.
WsMessageReader::Got WsMessageReader::end_of_close() {
  if (control_size_ == 0) {
    close_code_ = WsClose::no_status;
    return Got::close;
  }
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(control_[i]); };
  const unsigned code = control_size_ < 2 ? 0U : (unsigned{byte(0)} << 8 | byte(1));
  if (!may_be_received(code)) {
    return violation(WsClose::protocol_error, "a close frame has a code that may not be sent");
  }
  control_size_ = static_cast<std::uint8_t>(control_size_ - 2);
  std::memmove(control_.data(), control_.data() + 2, control_size_);
  if (!simdjson::validate_utf8(control_.data(), control_size_)) {
    return violation(WsClose::bad_data, "a close frame's reason is not UTF-8");
  }
  close_code_ = static_cast<WsClose>(code);
  return Got::close;
}

}  // namespace tapedeck
