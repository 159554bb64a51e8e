// Connection: one accepted client: TCP, with TLS on top or not. Reads and writes never block; who
// gets 0 waits and comes back. The TLS record layer works straight on the socket and gives its
// buffers back between records, so an idle connection costs what OpenSSL's state costs.
//
// Lives on its worker's thread. Movable; must not move while it is waited for.
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "server/limits.hpp"

namespace tapedeck {

using TcpSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

struct SslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

class Connection {
 public:
  /// @param ssl made for this socket by TlsContext::make(); nullptr: without TLS. The handshake is
  /// part of the first reads.
  explicit Connection(TcpSocket socket, SslPtr ssl = nullptr)
      : socket_(std::move(socket)), ssl_(std::move(ssl)), is_new_(ssl_ != nullptr) {}

  /// @return > 0: bytes read; 0: nothing there yet, see wait_readable(); -1: ended or failed.
  std::ptrdiff_t read_some(void* to, std::size_t size) noexcept;

  /// @return > 0: bytes taken, which may be fewer than all; 0: the socket is full, see
  /// wait_writable(); -1: closed or failed.
  std::ptrdiff_t write_some(const iovec* pieces, std::size_t count);

  /// Bytes that write_some() took and that have not left: of TLS, at most one record. Then wait
  /// until writable and call flush_unsent().
  bool has_unsent() const noexcept { return !unsent_.empty(); }
  /// @return false: closed or failed.
  bool flush_unsent() noexcept;

  /// Calls the handler, with an error when the connection is closed or cancel()led meanwhile.
  template <typename Handler>
  auto wait_readable(Handler&& handler) {
    return socket_.async_wait(read_wait_, std::forward<Handler>(handler));
  }
  template <typename Handler>
  auto wait_writable(Handler&& handler) {
    return socket_.async_wait(write_wait_, std::forward<Handler>(handler));
  }
  void cancel() noexcept;

  /// Whether there is TLS; its handshake may be under way still.
  bool secure() const noexcept { return ssl_ != nullptr; }
  /// A client spoke plain HTTP to a TLS port: the read failed, and the connection goes on without
  /// TLS, for an answer that says so.
  bool spoke_plain_http() const noexcept { return spoke_plain_http_; }

  bool is_open() const noexcept { return socket_.is_open(); }
  /// Nothing more will be sent: says so to the client, who may go on sending.
  void finish_sending() noexcept;
  void close() noexcept;

  TcpSocket& socket() noexcept { return socket_; }

  /// What the connection counts as, of its address and of its grant, as long as it lives.
  Limits::Slot& address_slot() noexcept { return address_slot_; }
  Limits::Slot& grant_slot() noexcept { return grant_slot_; }

 private:
  std::ptrdiff_t write_record(const char* bytes, std::size_t size) noexcept;
  std::ptrdiff_t ssl_result(int result, TcpSocket::wait_type& wait) noexcept;
  bool starts_with_plain_http() noexcept;

  TcpSocket socket_;
  SslPtr ssl_;
  std::string unsent_;
  Limits::Slot address_slot_, grant_slot_;
  TcpSocket::wait_type read_wait_ = TcpSocket::wait_read;  // TLS may have to write to go on reading
  TcpSocket::wait_type write_wait_ = TcpSocket::wait_write;
  bool is_new_;
  bool spoke_plain_http_ = false;
  bool failed_ = false;  // of TLS: nothing more may be said, not even goodbye
};

}  // namespace tapedeck
