// A blocking WebSocket client over a bare socket, for tests that care about every frame: it can say
// what no client should. Reads give up after ten seconds with a failure instead of hanging.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "server/ws_deflate.hpp"
#include "server/ws_frame.hpp"
#include "support/http_test_client.hpp"

namespace tapedeck::testing {

struct WsTestFrame {
  bool fin = true;
  bool compressed = false;
  WsOpcode opcode = WsOpcode::text;
  std::string payload;

  /// Of a close frame; 0: it has none.
  int close_code() const {
    if (opcode != WsOpcode::close || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  }
};

class WsTestClient {
 public:
  static constexpr std::string_view kPath = "/api/telemetry/ws";
  static constexpr std::string_view kUpgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  static constexpr std::string_view kDeflate =
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

  /// Connects and opens the WebSocket. @param headers more of them, each with its CRLF.
  explicit WsTestClient(std::uint16_t port, std::string_view headers = {},
                        int receive_buffer_bytes = 0, std::string_view behind_request = {})
      : http_(port, receive_buffer_bytes) {
    http_.send("GET " + std::string(kPath) + " HTTP/1.1\r\nHost: localhost\r\n" +
               std::string(kUpgrade) + std::string(headers) + "\r\n" + std::string(behind_request));
    head_ = http_.read_head();
    if (head_.status != 101) throw std::runtime_error("no WebSocket: " + http_.read_to_end());
  }

  const TestResponse& head() const { return head_; }
  HttpTestClient& raw() { return http_; }

  /// A frame as a client sends it.
  static std::string frame(WsOpcode opcode, std::string_view payload, bool fin = true,
                           bool compressed = false) {
    std::string out;
    append_ws_header(out, opcode, payload.size(), compressed);
    if (!fin) out[0] = static_cast<char>(out[0] & 0x7F);
    out[1] = static_cast<char>(out[1] | 0x80);
    const std::string mask = "\x12\x34\x56\x78";
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      out += static_cast<char>(payload[i] ^ mask[i % 4]);
    }
    return out;
  }
  void send(std::string_view text) { http_.send(frame(WsOpcode::text, text)); }
  void send(const nlohmann::json& message) { send(std::string_view(message.dump())); }

  WsTestFrame read_frame() {
    const auto byte = [this](std::size_t i) {
      while (http_.buffer().size() <= i) {
        if (!http_.read_more()) throw std::runtime_error("the WebSocket has ended");
      }
      return static_cast<unsigned char>(http_.buffer()[i]);
    };
    WsTestFrame out;
    out.fin = (byte(0) & 0x80) != 0;
    out.compressed = (byte(0) & 0x40) != 0;
    out.opcode = static_cast<WsOpcode>(byte(0) & 0x0F);
    std::size_t length = byte(1), header = 2;
    if (length >= 126) {
      const std::size_t more = length == 126 ? 2 : 8;
      length = 0;
      for (std::size_t i = 0; i < more; ++i) length = length << 8 | byte(2 + i);
      header += more;
    }
    if (length > 0) byte(header + length - 1);
    out.payload = http_.buffer().substr(header, length);
    http_.buffer().erase(0, header + length);
    if (!out.compressed) return out;
    std::string inflated;
    if (inflater_.inflate(out.payload, inflated, std::size_t{64} << 20) !=
        WsInflater::Outcome::inflated) {
      throw std::runtime_error("a message cannot be inflated");
    }
    out.payload = std::move(inflated);
    return out;
  }
  /// The next message that is no ping.
  nlohmann::json read() {
    for (;;) {
      const WsTestFrame frame = read_frame();
      if (frame.opcode == WsOpcode::text) return nlohmann::json::parse(frame.payload);
      if (frame.opcode == WsOpcode::close) {
        throw std::runtime_error("closed: " + std::to_string(frame.close_code()));
      }
    }
  }
  /// The next message with this op; others are passed over.
  nlohmann::json read_op(std::string_view op) {
    for (;;) {
      nlohmann::json message = read();
      if (message["op"] == op) return message;
    }
  }
  nlohmann::json ask(const nlohmann::json& message) {
    send(message);
    return read();
  }
  /// The code of the close frame that comes, whatever comes before it.
  int read_close() {
    for (;;) {
      const WsTestFrame frame = read_frame();
      if (frame.opcode == WsOpcode::close) return frame.close_code();
    }
  }

 private:
  HttpTestClient http_;
  WsInflater inflater_;
  TestResponse head_;
};

}  // namespace tapedeck::testing
