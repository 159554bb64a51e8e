#include "server/ws_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

namespace tapedeck {
namespace {

constexpr std::size_t kDeflateFrom = 256;  // bytes; shorter messages hardly shrink
/// With so many bytes of answers waiting, the client is not asked for more.
constexpr std::size_t kMaxAnswers = std::size_t{256} << 10;
constexpr int kReadsPerTurn = 8;  // then others have their turn

}  // namespace

WsDeflater& WsCodec::deflater(int window_bits) {
  auto& found = deflaters_[static_cast<std::size_t>(window_bits)];
  if (!found) found = std::make_unique<WsDeflater>(window_bits);
  return *found;
}

void append_ws_message(std::string& out, WsOpcode opcode, std::string_view payload,
                       WsDeflater* deflater) {
  if (deflater == nullptr || payload.size() < kDeflateFrom) {
    return append_ws_frame(out, opcode, payload);
  }
  std::string deflated;
  deflater->deflate(payload, deflated);
  append_ws_header(out, opcode, deflated.size(), true);
  out += deflated;
}

WsConnection::WsConnection(Connection connection, WsCodec& codec, const Settings& settings)
    : connection_(std::move(connection)),
      codec_(codec),
      settings_(settings),
      reader_(settings.limits),
      last_sent_(Clock::now()),
      last_heard_(last_sent_) {
  const int on = 1;
  const int buffer = settings.send_buffer_bytes;
  const int socket = connection_.socket().native_handle();
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
}

void WsConnection::start(std::string_view head, std::string_view already_read) {
  out_ += head;
  corked_ = true;
  if (!already_read.empty()) take(already_read);
  corked_ = false;
  write();
  // Bytes may wait in TLS already, which no socket tells of.
  if (stage_ != Stage::closed) on_readable();
}

// --- reading ---

void WsConnection::watch() {
  reader_.release();
  connection_.wait_readable([self = shared_from_this()](boost::system::error_code error) {
    if (self->stage_ == Stage::closed) return;
    if (error) return self->close();
    self->on_readable();
  });
}

void WsConnection::on_readable() {
  std::vector<char>& buffer = codec_.read_buffer();
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    paused_ = out_.size() + tail_.size() > kMaxAnswers;
    if (paused_) return;  // after_writing() goes on
    const std::ptrdiff_t n = connection_.read_some(buffer.data(), buffer.size());
    if (n < 0) return close();
    if (n == 0) return watch();
    last_heard_ = Clock::now();
    if (stage_ == Stage::open) deadline_ = Clock::time_point::max();
    corked_ = true;
    take({buffer.data(), static_cast<std::size_t>(n)});
    corked_ = false;
    write();
    if (stage_ == Stage::closed) return;
  }
  read_later();
}

void WsConnection::read_later() {
  boost::asio::post(connection_.socket().get_executor(), [self = shared_from_this()] {
    if (self->stage_ != Stage::closed) self->on_readable();
  });
}

void WsConnection::take(std::string_view bytes) {
  while (!peer_closed_ && stage_ != Stage::closed) {
    const auto got = reader_.next(bytes, codec_.inflater);
    if (got == WsMessageReader::Got::nothing) return;
    handle(got);
  }
}

void WsConnection::handle(WsMessageReader::Got got) {
  switch (got) {
    case WsMessageReader::Got::text:
      if (is_open()) on_message(WsOpcode::text, reader_.message());
      return;
    case WsMessageReader::Got::binary:
      if (is_open()) on_message(WsOpcode::binary, reader_.message());
      return;
    case WsMessageReader::Got::ping:
      if (is_open()) append_ws_frame(queue(), WsOpcode::pong, reader_.control());
      return;
    case WsMessageReader::Got::close:
      return on_close_frame();
    case WsMessageReader::Got::violation:
      failed_ = true;
      begin_close(reader_.close_code(), reader_.reason());
      peer_closed_ = true;
      return;
    case WsMessageReader::Got::pong:
    case WsMessageReader::Got::nothing:
      return;
  }
}

void WsConnection::on_close_frame() {
  begin_close(reader_.close_code(), {});  // the answer, unless it is one
  peer_closed_ = true;
}

// --- closing ---

void WsConnection::begin_close(WsClose code, std::string_view reason) {
  if (stage_ != Stage::open) return;
  leave_open();
  append_ws_close(queue(), code, reason);
  if (!corked_) write();
}

void WsConnection::leave_open() {
  stage_ = Stage::closing;
  deadline_ = Clock::now() + kCloseTimeout;
  on_closing();
}

void WsConnection::abort() {
  close();
}

void WsConnection::close() {
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::open) leave_open();
  stage_ = Stage::closed;
  connection_.close();
  on_closed();
}

void WsConnection::tick(Clock::time_point now) {
  if (now >= deadline_) return close();
  if (blocked_) {
    if (now - last_sent_ > settings_.stalled_timeout) close();
    return;
  }
  const bool waits = deadline_ != Clock::time_point::max();
  if (!is_open() || waits || now - last_heard_ < settings_.quiet) return;
  deadline_ = now + settings_.pong_timeout;
  append_ws_frame(queue(), WsOpcode::ping, {});
  write();
}

// --- writing ---

void WsConnection::send_message(WsOpcode opcode, std::string_view payload) {
  if (!is_open()) return;
  append_ws_message(
      out_, opcode, payload,
      settings_.deflate_window ? &codec_.deflater(*settings_.deflate_window) : nullptr);
  if (!corked_) write();
}

void WsConnection::send_chunk(std::shared_ptr<const std::string> frames) {
  chunk_ = std::move(frames);
  chunk_sent_ = 0;
  write();
}

void WsConnection::write() {
  if (blocked_ || stage_ == Stage::closed) return;
  const auto has_pending = [this] { return !out_.empty() || chunk_ != nullptr; };
  while (has_pending() && write_once()) {
  }
  if (stage_ == Stage::closed) return;
  if (has_pending() || connection_.has_unsent()) return wait_until_writable();
  after_writing();
}

/// @return whether the socket may take more.
bool WsConnection::write_once() {
  std::array<iovec, 3> pieces;
  std::size_t count = 0;
  const auto add = [&](const char* data, std::size_t size) {
    if (size > 0) pieces[count++] = {const_cast<char*>(data), size};
  };
  add(out_.data(), out_.size());
  if (chunk_) add(chunk_->data() + chunk_sent_, chunk_->size() - chunk_sent_);
  add(tail_.data(), tail_.size());
  const std::ptrdiff_t n = connection_.write_some(pieces.data(), count);
  if (n < 0) close();
  if (n <= 0) return false;
  last_sent_ = Clock::now();
  on_bytes_sent(static_cast<std::size_t>(n));
  forget_sent(static_cast<std::size_t>(n));
  return true;
}

void WsConnection::forget_sent(std::size_t bytes) {
  const std::size_t of_out = std::min(bytes, out_.size());
  out_.erase(0, of_out);
  chunk_sent_ += bytes - of_out;
  if (!chunk_ || chunk_sent_ < chunk_->size()) return;
  tail_.erase(0, chunk_sent_ - chunk_->size());
  out_ = std::exchange(tail_, {});
  chunk_.reset();
  chunk_sent_ = 0;
}

void WsConnection::wait_until_writable() {
  blocked_ = true;
  on_blocked();
  connection_.wait_writable([self = shared_from_this()](boost::system::error_code error) {
    self->blocked_ = false;
    if (self->stage_ == Stage::closed) return;
    if (error || !self->connection_.flush_unsent()) return self->close();
    self->write();
    if (self->ready()) self->on_ready();
  });
}

/// Everything has gone out.
void WsConnection::after_writing() {
  std::string().swap(out_);
  if (stage_ == Stage::closing && peer_closed_) {
    if (!failed_) return close();
    // The client may still be sending: closing now would reset the connection and could take the
    // reason with it. What it says is thrown away until it has read that we are done.
    connection_.finish_sending();
    failed_ = false;
    deadline_ = Clock::now() + kCloseTimeout;
  }
  if (std::exchange(paused_, false)) read_later();
}

}  // namespace tapedeck
