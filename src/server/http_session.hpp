// HttpSession: one HTTP/1.1 connection: keep-alive, pipelining, limits and deadlines, until it is
// closed or becomes a stream. A coroutine on its worker's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "server/io_worker.hpp"
#include "server/stream_session.hpp"

namespace tapedeck {

class HttpSession {
 public:
  static void start(IoWorker& worker, TcpSocket socket);

  HttpSession(IoWorker& worker, TcpSocket socket);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void enforce_deadline(std::chrono::steady_clock::time_point now);
  /// Answers what has been asked, then closes.
  void finish();
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Next : std::uint8_t { read_on, close, became_stream };
  enum class Phase : std::uint8_t { idle, header, body, answer };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> read_request();
  boost::asio::awaitable<bool> read_some();
  boost::asio::awaitable<bool> write_out();
  boost::asio::awaitable<void> close_gracefully();
  Next handle();
  void enter(Phase phase);
  void refuse(int status, const Error& error);
  void become_stream(const HttpRequest& request, const HttpResponse& response);

  IoWorker& worker_;
  TcpSocket socket_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string out_;
  std::chrono::steady_clock::time_point deadline_;
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  bool finishing_ = false;
  bool handed_over_ = false;
};

}  // namespace tapedeck
