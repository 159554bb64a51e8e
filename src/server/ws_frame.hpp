// WebSocket frames (RFC 6455 §5) as a server reads and writes them: a reader that makes messages of
// bytes as they come, with every rule about masks, fragments, control frames, UTF-8 and sizes, and
// what puts a frame around bytes to be sent. No sockets.
//
// Not thread-safe; one reader a connection. Between messages it holds no buffer after release().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/ws_deflate.hpp"

namespace tapedeck {

enum class WsOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

/// RFC 6455 §7.4.1: those a server has use for.
enum class WsClose : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  ///< never sent: the close frame had no code
  bad_data = 1007,
  policy = 1008,
  too_big = 1009,
  internal_error = 1011
};

inline constexpr std::size_t kMaxWsControl = 125;  // bytes a control frame may carry

/// Appends the header of a whole, unmasked frame: 2, 4 or 10 bytes.
/// @param compressed the payload is permessage-deflate's (RSV1).
void append_ws_header(std::string& out, WsOpcode opcode, std::size_t payload_bytes,
                      bool compressed = false);
void append_ws_frame(std::string& out, WsOpcode opcode, std::string_view payload);
/// @param reason UTF-8; cut to what a control frame may carry. no_status: neither is sent.
void append_ws_close(std::string& out, WsClose code, std::string_view reason);

/// Checks UTF-8 that comes in pieces; tells of a bad byte as soon as it is there.
class Utf8Checker {
 public:
  /// @return false: what has come so far is the beginning of no valid text.
  bool push(std::string_view piece);
  /// Whether the text may end here.
  bool complete() const noexcept { return missing_ == 0; }
  void reset() noexcept { missing_ = 0; }

 private:
  bool push_byte(unsigned char byte);

  std::uint8_t missing_ = 0;  // continuation bytes still to come
  std::uint8_t low_ = 0x80;   // what the next one may be
  std::uint8_t high_ = 0xBF;
};

class WsMessageReader {
 public:
  struct Limits {
    std::size_t message_bytes = std::size_t{1} << 20;  ///< of a message, inflated or not
    bool deflate = false;  ///< permessage-deflate without context takeover has been agreed on
    bool binary = false;  ///< binary messages are welcome; otherwise they end the connection (1003)
  };
  enum class Got : std::uint8_t {
    nothing,   ///< all bytes are used up; come back with more
    text,      ///< message()
    binary,    ///< message()
    ping,      ///< control(): what a pong has to carry
    pong,      ///< control()
    close,     ///< close_code(), control(): the reason. Nothing is to be read after it.
    violation  ///< close_code(), reason(): what to say. Nothing is to be read after it.
  };

  explicit WsMessageReader(Limits limits) : limits_(limits) {}

  /// Takes bytes off the front up to the next thing worth knowing.
  /// @param inflater borrowed for a compressed message; may be shared by many readers.
  Got next(std::string_view& bytes, WsInflater& inflater);

  /// The last message; the caller may change and keep it. Until the next call.
  std::string& message() noexcept { return message_; }
  std::string_view control() const noexcept { return {control_.data(), control_size_}; }
  WsClose close_code() const noexcept { return close_code_; }
  std::string_view reason() const noexcept { return reason_; }

  /// Gives the buffer back unless a message is under way; for who goes to sleep.
  void release();

 private:
  enum class Stage : std::uint8_t { header, payload };

  bool collect(std::string_view& bytes, std::size_t wanted);
  Got read_header(std::string_view& bytes);
  Got check_first_bytes();
  Got begin_frame();
  Got take_payload(std::string_view& bytes);
  Got end_of_frame(WsInflater& inflater);
  Got end_of_message(WsInflater& inflater);
  Got end_of_close();
  Got violation(WsClose code, std::string_view reason);
  bool is_control() const noexcept { return (header_[0] & 0x08) != 0; }

  Limits limits_;
  std::string message_;
  std::string_view reason_;
  std::uint64_t left_ = 0;  // of the frame's payload
  std::array<char, kMaxWsControl> control_;
  std::array<unsigned char, 14> header_;
  std::array<unsigned char, 4> mask_;
  Utf8Checker utf8_;
  WsClose close_code_ = WsClose::normal;
  std::uint8_t header_size_ = 0;
  std::uint8_t control_size_ = 0;
  std::uint8_t mask_at_ = 0;
  Stage stage_ = Stage::header;
  WsOpcode type_ = WsOpcode::continuation;  // of the message under way; continuation: none is
  bool compressed_ = false;                 // that message
  bool delivered_ = false;                  // message_ has been handed out
};

}  // namespace tapedeck
