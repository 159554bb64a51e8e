// Reads a Server-Sent Events stream (WHATWG HTML §9.2.6) from chunks cut anywhere.
// Belongs to one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tapedeck::app {

struct SseMessage {
  std::string event;  // empty: an unnamed message
  std::string data;
};

class SseParser {
 public:
  using Handler = std::function<void(const SseMessage&)>;

  explicit SseParser(Handler handler) : handler_(std::move(handler)) {}

  void feed(std::string_view bytes);
  /// The stream was cut: what is unfinished is dropped, the last id stays.
  void reset();
  const std::string& last_id() const noexcept { return last_id_; }

 private:
  void line(std::string_view text);

  Handler handler_;
  std::string unfinished_;
  SseMessage message_;
  bool has_data_ = false;
  std::string pending_id_;
  std::string last_id_;
};

}  // namespace tapedeck::app
