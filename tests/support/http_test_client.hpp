// A blocking HTTP client over a bare socket, for tests that care about every byte. Reads give up
// after ten seconds with a failure instead of hanging the suite.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tapedeck::testing {

struct TestResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

struct SseFrame {
  std::string event;
  std::string id;
  std::string data;
  std::string raw;
};

class HttpTestClient {
 public:
  /// @param receive_buffer_bytes SO_RCVBUF; 0: the system's choice.
  explicit HttpTestClient(std::uint16_t port, int receive_buffer_bytes = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer_bytes > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  HttpTestClient(HttpTestClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        buffer_(std::move(other.buffer_)),
        decode_(std::move(other.decode_)) {}
  HttpTestClient& operator=(HttpTestClient&&) = delete;
  virtual ~HttpTestClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = raw_send(bytes);
      if (n <= 0) throw std::runtime_error("cannot send");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Sends as much as the server takes; false when it closed.
  bool try_send(std::string_view bytes) {
    return raw_send(bytes) == static_cast<ssize_t>(bytes.size());
  }
  /// False when the server does not take all of it now.
  bool send_without_waiting(std::string_view bytes) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(bytes.size());
  }
  void shut_down_writing() { shutdown(fd_, SHUT_WR); }
  void reset_on_close() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }

  /// What has come and has not been read.
  std::string& buffer() { return buffer_; }
  /// Appends what comes next to the buffer; false at the end of the stream.
  bool read_more() {
    char chunk[65536];
    const ssize_t n = raw_receive(chunk, sizeof chunk);
    if (n <= 0) return false;
    const std::string_view bytes(chunk, static_cast<std::size_t>(n));
    buffer_ += decode_ ? decode_(bytes) : std::string(bytes);
    return true;
  }
  /// What comes from here on is read through `decode`, as the body of a compressed stream.
  void decode_with(std::function<std::string(std::string_view)> decode) {
    decode_ = std::move(decode);
    buffer_ = decode_(buffer_);
  }
  /// Everything until the server closes.
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
  }
  /// Whether anything is there to read within the given time.
  bool quiet_for_ms(int ms) {
    pollfd waiting{fd_, POLLIN, 0};
    return buffer_.empty() && poll(&waiting, 1, ms) == 0;
  }

  TestResponse read_response(bool head_only = false) {
    TestResponse response = read_head();
    if (head_only) return response;
    if (response.headers.count("transfer-encoding") > 0) {
      response.body = read_chunks();
      return response;
    }
    const auto length = response.headers.find("content-length");
    if (length == response.headers.end()) return response;
    response.body = read_bytes(std::strtoull(length->second.c_str(), nullptr, 10));
    return response;
  }
  std::string read_bytes(std::size_t size) {
    while (buffer_.size() < size) {
      if (!read_more()) throw std::runtime_error("the body ends early");
    }
    std::string bytes = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return bytes;
  }

  /// A chunked body, up to and with its last chunk.
  std::string read_chunks() {
    std::string body;
    for (;;) {
      const std::size_t size = std::strtoull(read_line().c_str(), nullptr, 16);
      while (buffer_.size() < size + 2) {
        if (!read_more()) throw std::runtime_error("the body ends early");
      }
      body.append(buffer_, 0, size);
      buffer_.erase(0, size + 2);
      if (size == 0) return body;
    }
  }
  std::string read_line() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!read_more()) throw std::runtime_error("the body ends early");
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }

  TestResponse read_head() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) throw std::runtime_error("the answer ends early: " + buffer_);
    }
    TestResponse response;
    response.status = std::atoi(buffer_.substr(9, 3).c_str());
    std::size_t at = buffer_.find("\r\n") + 2;
    while (at < end) {
      const std::size_t line_end = buffer_.find("\r\n", at);
      const std::size_t colon = buffer_.find(':', at);
      std::string name = buffer_.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      response.headers[name] = buffer_.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    buffer_.erase(0, end + 4);
    return response;
  }

  TestResponse request(std::string_view method, std::string_view target, std::string_view body = {},
                       std::string_view headers = {}) {
    std::string text =
        std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text += std::string(headers) + "\r\n" + std::string(body);
    send(text);
    return read_response(method == "HEAD");
  }
  TestResponse get(std::string_view target, std::string_view headers = {}) {
    return request("GET", target, {}, headers);
  }

  /// Asks for a stream and reads its head.
  TestResponse open_stream(std::string_view target, std::string_view headers = {}) {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "\r\n");
    return read_head();
  }
  static constexpr std::string_view kEventSource = "Accept: text/event-stream\r\n";

  SseFrame read_frame() {
    std::size_t end = 0;
    while ((end = buffer_.find("\n\n")) == std::string::npos) {
      if (!read_more()) throw std::runtime_error("the stream has ended");
    }
    SseFrame frame;
    frame.raw = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 2);
    for (std::size_t at = 0; at + 1 < frame.raw.size();) {
      const std::size_t line_end = frame.raw.find('\n', at);
      const std::string line = frame.raw.substr(at, line_end - at);
      const std::size_t colon = line.find(": ");
      const std::string name = line.substr(0, colon);
      const std::string value = colon == std::string::npos ? "" : line.substr(colon + 2);
      if (name == "event") frame.event = value;
      if (name == "id") frame.id = value;
      if (name == "data") frame.data = value;
      at = line_end + 1;
    }
    return frame;
  }
  /// The next unnamed message (EventSource dialect).
  SseFrame read_message() {
    for (;;) {
      SseFrame frame = read_frame();
      if (frame.event.empty() && !frame.data.empty()) return frame;
    }
  }
  bool at_end() { return buffer_.empty() && !read_more(); }

 protected:
  int fd() const { return fd_; }
  void wait_readable() {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, 10'000) != 1) throw std::runtime_error("nothing came for ten seconds");
  }
  virtual ssize_t raw_send(std::string_view bytes) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t raw_receive(char* to, std::size_t size) {
    wait_readable();
    return recv(fd_, to, size, 0);
  }

 private:
  int fd_;
  std::string buffer_;
  std::function<std::string(std::string_view)> decode_;
};

}  // namespace tapedeck::testing
