// HttpSession: one HTTP/1.1 connection: keep-alive, pipelining, limits and deadlines, until it is
// closed or becomes a stream. A coroutine on its worker's thread; what an answer needs from others
// (the read pool, the store) it waits for without holding the thread. A body sent piece by piece
// costs two pieces of memory, however long it is and however slowly it is read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/connection.hpp"
#include "server/http_message.hpp"
#include "server/io_worker.hpp"
#include "server/stream_session.hpp"

namespace tapedeck {

inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

class HttpSession {
 public:
  static void start(IoWorker& worker, Connection connection);

  HttpSession(IoWorker& worker, Connection connection);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void enforce_deadline(std::chrono::steady_clock::time_point now);
  /// Answers what has been asked, then closes.
  void finish();
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Phase : std::uint8_t { idle, header, body, answer, waiting };
  /// What is waited for, shared with whoever brings it.
  template <typename T>
  struct Awaited;
  /// A piece of a body.
  struct Piece {
    std::string bytes;
    bool more = false;
    std::optional<Error> error;
  };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> read_request();
  boost::asio::awaitable<bool> read_some();
  boost::asio::awaitable<bool> write_out();
  boost::asio::awaitable<bool> send_all();
  boost::asio::awaitable<void> close_gracefully();
  template <typename T, typename Begin>
  boost::asio::awaitable<std::optional<T>> wait_for(std::chrono::milliseconds patience,
                                                    const Begin& begin);
  boost::asio::awaitable<void> settle(HttpResponse& response);
  boost::asio::awaitable<Piece> next_piece(const std::shared_ptr<BodySource>& source);
  boost::asio::awaitable<bool> send_body(HttpResponse& response);
  HttpResponse handle();
  void append_piece(const Piece& piece, BodyFraming framing);
  void look_behind_proxies();
  void begin_request(std::string_view method, std::string_view wanted_id);
  void stamp(HttpResponse& response);
  void note_answer(int status);
  void enter(Phase phase);
  void refuse(HttpResponse response);
  bool may_connect();
  std::optional<Error> shape_error() const;
  bool has_memory();
  std::optional<Refusal> over_limits();
  std::string joined(std::string_view name) const;
  void read_upgrade();
  void become_stream(const HttpResponse& response);
  void become_ws(const HttpResponse& response);

  IoWorker& worker_;
  Connection connection_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  HttpRequest request_;  // views into the parser's message and the three below
  std::string peer_;     // the connection's other end
  std::string client_;   // of the request, when a proxy speaks for it
  std::string request_id_;
  std::chrono::steady_clock::time_point asked_;  // when the request was there
  std::size_t body_bytes_ = 0;                   // of its answer
  std::string grant_id_;                         // that the connection counts for
  MemoryBudget::Share memory_;
  std::string out_;
  std::shared_ptr<boost::asio::steady_timer> waiting_;  // cancelled when what is awaited has come
  std::chrono::steady_clock::time_point deadline_;
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  bool finishing_ = false;
  bool handed_over_ = false;
};

}  // namespace tapedeck
