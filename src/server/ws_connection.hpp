// WsConnection: one WebSocket on a Connection: reads messages, writes frames many at a time,
// answers pings, sends its own, and closes as RFC 6455 §7 has it. What the messages mean is for the
// class that derives from it.
//
// Lives on its worker's thread, held by shared_ptr; a timer of the worker calls tick(). While idle
// it holds no buffer. A client that does not read has at most one unfinished chunk and the answers
// to what it said, of which it is not asked more meanwhile.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection.hpp"
#include "server/ws_deflate.hpp"
#include "server/ws_frame.hpp"

namespace tapedeck {

/// What the WebSockets of one thread share.
class WsCodec {
 public:
  WsInflater inflater;

  /// @param window_bits kMinWsWindow to kMaxWsWindow.
  WsDeflater& deflater(int window_bits);
  /// For one read at a time.
  std::vector<char>& read_buffer() noexcept { return read_buffer_; }

 private:
  std::vector<std::unique_ptr<WsDeflater>> deflaters_{kMaxWsWindow + 1};
  std::vector<char> read_buffer_ = std::vector<char>(std::size_t{64} << 10);
};

/// Appends a message's frame; compressed if there is a deflater and it pays.
void append_ws_message(std::string& out, WsOpcode opcode, std::string_view payload,
                       WsDeflater* deflater);

class WsConnection : public std::enable_shared_from_this<WsConnection> {
 public:
  using Clock = std::chrono::steady_clock;
  struct Settings {
    WsMessageReader::Limits limits;
    std::optional<int> deflate_window{};        ///< agreed on; nothing: no compression
    std::chrono::seconds quiet{15};             ///< then the client is pinged
    std::chrono::seconds pong_timeout{20};      ///< then it is given up
    std::chrono::seconds stalled_timeout{600};  ///< likewise, when it reads nothing for so long
    int send_buffer_bytes = 128 << 10;
  };
  /// How long a client has to answer a close.
  static constexpr std::chrono::seconds kCloseTimeout{5};

  WsConnection(Connection connection, WsCodec& codec, const Settings& settings);
  virtual ~WsConnection() = default;
  WsConnection(const WsConnection&) = delete;
  WsConnection& operator=(const WsConnection&) = delete;

  /// Sends `head`, then is open. @param already_read what came behind the request.
  void start(std::string_view head, std::string_view already_read);
  virtual void tick(Clock::time_point now);
  /// Says why and closes once the client has said so too, or after kCloseTimeout.
  void begin_close(WsClose code, std::string_view reason);
  /// Closes at once.
  void abort();

  /// Whether messages go to and fro: not once a close has been said.
  bool is_open() const noexcept { return stage_ == Stage::open; }
  bool secure() const noexcept { return connection_.secure(); }

 protected:
  /// Sends a message, or keeps it until the socket takes it.
  void send_message(WsOpcode opcode, std::string_view payload);
  /// Whether a chunk may be sent.
  bool ready() const noexcept { return is_open() && !blocked_ && !chunk_; }
  /// Sends whole frames; kept until the socket has taken them. Only when ready().
  void send_chunk(std::shared_ptr<const std::string> frames);

  WsCodec& codec() noexcept { return codec_; }
  const Settings& settings() const noexcept { return settings_; }
  Clock::time_point last_sent() const noexcept { return last_sent_; }

 private:
  enum class Stage : std::uint8_t { open, closing, closed };

  /// @param message UTF-8 if it is text; may be changed and kept.
  virtual void on_message(WsOpcode opcode, std::string& message) = 0;
  /// A chunk may be sent again.
  virtual void on_ready() = 0;
  /// No more messages: a close has been said, or the connection has ended.
  virtual void on_closing() = 0;
  /// Nothing follows. The object lives until the caller has returned.
  virtual void on_closed() = 0;
  virtual void on_bytes_sent(std::size_t bytes) = 0;
  virtual void on_blocked() = 0;

  void watch();
  void on_readable();
  void read_later();
  void take(std::string_view bytes);
  void handle(WsMessageReader::Got got);
  void on_close_frame();
  void leave_open();
  void write();
  bool write_once();
  void forget_sent(std::size_t bytes);
  void wait_until_writable();
  void after_writing();
  void close();
  /// Where the next frame goes.
  std::string& queue() noexcept { return chunk_ ? tail_ : out_; }

  Connection connection_;
  WsCodec& codec_;
  const Settings settings_;
  WsMessageReader reader_;
  // What goes out, in this order: whole frames, of which the first may have begun.
  std::string out_;
  std::shared_ptr<const std::string> chunk_;
  std::string tail_;
  std::size_t chunk_sent_ = 0;
  Clock::time_point last_sent_;
  Clock::time_point last_heard_;
  Clock::time_point deadline_ = Clock::time_point::max();  // of a pong, of the close
  Stage stage_ = Stage::open;
  bool blocked_ = false;
  bool corked_ = false;       // answers are gathered
  bool paused_ = false;       // does not read: too many answers wait
  bool peer_closed_ = false;  // it said close; or what it says is not listened to any more
  bool failed_ = false;       // it broke the protocol
};

}  // namespace tapedeck
