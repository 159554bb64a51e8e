#include "server/connection.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tapedeck {
namespace {

constexpr std::size_t kRecordBytes = std::size_t{16} << 10;  // RFC 8446 §5.1

bool would_block(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS;
}

}  // namespace

/// Browsers and curl begin with a method; a TLS client begins with a handshake record, 0x16.
bool Connection::starts_with_plain_http() noexcept {
  char first = 0;
  const ssize_t n =
      ::recv(socket_.native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n == 1) is_new_ = false;
  return n == 1 && first >= 'A' && first <= 'Z';
}

std::ptrdiff_t Connection::read_some(void* to, std::size_t size) noexcept {
  if (ssl_ == nullptr) {
    const ssize_t n = ::recv(socket_.native_handle(), to, size, MSG_DONTWAIT);
    if (n > 0) return n;
    return n < 0 && would_block(errno) ? 0 : -1;
  }
  if (failed_) return -1;
  if (is_new_ && starts_with_plain_http()) {
    ssl_.reset();
    spoke_plain_http_ = true;
    return -1;
  }
  ERR_clear_error();
  const int n = SSL_read(ssl_.get(), to, static_cast<int>(std::min(size, kRecordBytes)));
  return n > 0 ? n : ssl_result(n, read_wait_);
}

std::ptrdiff_t Connection::ssl_result(int result, TcpSocket::wait_type& wait) noexcept {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wait = TcpSocket::wait_read;
      return 0;
    case SSL_ERROR_WANT_WRITE:
      wait = TcpSocket::wait_write;
      return 0;
    case SSL_ERROR_ZERO_RETURN:
      return -1;
    default:
      failed_ = true;  // RFC 8446 §6.2: after a fatal error nothing else
      return -1;
  }
}

std::ptrdiff_t Connection::write_some(const iovec* pieces, std::size_t count) {
  if (ssl_ == nullptr) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return n;
    return would_block(errno) ? 0 : -1;
  }
  if (!flush_unsent()) return -1;
  std::array<char, kRecordBytes> record;
  std::ptrdiff_t taken = 0;
  std::size_t piece = 0, offset = 0;
  while (piece < count && !has_unsent()) {
    std::size_t filled = 0;
    for (; piece < count && filled < record.size();) {
      const std::size_t n = std::min(record.size() - filled, pieces[piece].iov_len - offset);
      std::memcpy(record.data() + filled, static_cast<const char*>(pieces[piece].iov_base) + offset,
                  n);
      filled += n;
      offset += n;
      if (offset == pieces[piece].iov_len) {
        ++piece;
        offset = 0;
      }
    }
    if (filled == 0) break;
    const std::ptrdiff_t n = write_record(record.data(), filled);
    if (n < 0) return -1;
    // What the socket did not take is encrypted already: OpenSSL wants the same bytes again, so
    // they count as taken and wait here.
    if (n == 0) unsent_.assign(record.data(), filled);
    taken += static_cast<std::ptrdiff_t>(filled);
  }
  return taken;
}

bool Connection::flush_unsent() noexcept {
  if (unsent_.empty()) return true;
  const std::ptrdiff_t n = write_record(unsent_.data(), unsent_.size());
  if (n > 0) std::string().swap(unsent_);
  return n >= 0;
}

/// @return size, 0 when the socket is full, -1 when the connection has failed.
std::ptrdiff_t Connection::write_record(const char* bytes, std::size_t size) noexcept {
  if (failed_) return -1;
  ERR_clear_error();
  const int n = SSL_write(ssl_.get(), bytes, static_cast<int>(size));
  return n > 0 ? n : ssl_result(n, write_wait_);
}

void Connection::finish_sending() noexcept {
  if (ssl_ != nullptr && !failed_ && !has_unsent() && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());  // close_notify, when the socket takes it
  }
  boost::system::error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void Connection::cancel() noexcept {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace tapedeck
