#include "server/http_session.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "event/json_writer.hpp"

namespace tapedeck {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr std::size_t kWriteBatch = std::size_t{256}
                                    << 10;  // pipelined answers go together up to here
constexpr std::size_t kKeptBytes = std::size_t{64} << 10;  // memory kept between requests
constexpr std::size_t kFarewellBytes = std::size_t{256} << 20;

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

Error describe(const boost::beast::error_code& error, const ServerOptions& options) {
  if (error == http::error::body_limit) {
    return {"body_too_large",
            "The body is larger than the limit of " + std::to_string(options.body_bytes) +
                " bytes; send it in parts.",
            ""};
  }
  if (error == http::error::header_limit) {
    return {"header_too_large",
            "The request's header is larger than the limit of " +
                std::to_string(options.header_bytes) + " bytes.",
            ""};
  }
  return {"malformed_request", "This is no valid HTTP/1.1 request: " + error.message() + ".", ""};
}

}  // namespace

void HttpSession::start(IoWorker& worker, TcpSocket socket) {
  auto executor = socket.get_executor();
  asio::co_spawn(
      executor,
      [](IoWorker& held_worker, TcpSocket held_socket) -> asio::awaitable<void> {
        HttpSession session(held_worker, std::move(held_socket));
        co_await session.run();
      }(worker, std::move(socket)),
      asio::detached);
}

HttpSession::HttpSession(IoWorker& worker, TcpSocket socket)
    : worker_(worker), socket_(std::move(socket)) {
  worker_.sessions.insert(this);
  const int on = 1;
  setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  enter(Phase::header);  // a new connection has to say something soon
}

HttpSession::~HttpSession() {
  worker_.sessions.erase(this);
  if (!handed_over_) worker_.metrics.closed_total.add();
}

void HttpSession::enter(Phase phase) {
  phase_ = phase;
  const ServerOptions& options = worker_.options;
  deadline_ = Clock::now() + (phase == Phase::idle     ? options.idle_timeout
                              : phase == Phase::header ? options.header_timeout
                                                       : options.body_timeout);
}

void HttpSession::enforce_deadline(Clock::time_point now) {
  if (now < deadline_ || timed_out_) return;
  timed_out_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);  // the coroutine sees its operation end and says goodbye
}

void HttpSession::finish() {
  finishing_ = true;
  if (phase_ == Phase::idle || phase_ == Phase::header) abort();
}

void HttpSession::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<void> HttpSession::run() {
  for (bool open = true; open;) {
    if (!co_await read_request()) break;
    switch (handle()) {
      case Next::read_on:
        open = !finishing_;
        break;
      case Next::close:
        open = false;
        break;
      case Next::became_stream:
        co_return;
    }
    // A client that has pipelined more gets its answers in one write.
    const bool more_waiting = open && buffer_.size() > 0 && out_.size() < kWriteBatch;
    if (!more_waiting && !co_await write_out()) co_return;
  }
  co_await close_gracefully();
}

/// @return false when the connection is to be closed after what is in out_.
asio::awaitable<bool> HttpSession::read_request() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(static_cast<std::uint32_t>(worker_.options.header_bytes));
  parser_->body_limit(worker_.options.body_bytes);
  bool said_continue = false;
  while (!parser_->is_done()) {
    if (buffer_.size() > 0) {
      if (phase_ == Phase::idle) enter(Phase::header);
      boost::beast::error_code error;
      const std::size_t used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      if (error && error != http::error::need_more) {
        refuse(status_of(describe(error, worker_.options).code), describe(error, worker_.options));
        co_return false;
      }
      if (parser_->is_done()) break;
      if (parser_->is_header_done()) {
        if (phase_ != Phase::body) enter(Phase::body);
        if (!said_continue &&
            boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
          said_continue = true;
          out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        }
      }
      if (used > 0 && buffer_.size() > 0) continue;
    }
    if (!out_.empty() && !co_await write_out()) co_return false;
    if (!co_await read_some()) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> HttpSession::read_some() {
  const bool fresh = buffer_.size() == 0 && !parser_->got_some();
  if (fresh && buffer_.capacity() > kKeptBytes) buffer_.shrink_to_fit();
  const auto [error, n] = co_await socket_.async_read_some(
      buffer_.prepare(fresh ? kReadBytes / 4 : kReadBytes), kAwait);
  if (!error) {
    buffer_.commit(n);
    co_return true;
  }
  if (timed_out_ && !fresh) {
    refuse(408, {"request_timeout", "The request did not arrive in time.", ""});
  }
  co_return false;
}

asio::awaitable<bool> HttpSession::write_out() {
  if (out_.empty()) co_return true;
  if (phase_ == Phase::idle) enter(Phase::answer);
  const auto [error, n] = co_await asio::async_write(socket_, asio::buffer(out_), kAwait);
  out_.clear();
  if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
  if (phase_ == Phase::answer) enter(Phase::idle);
  co_return !error;
}

/// Closing while the client still sends would reset the connection and could take our answer with
/// it: say that we are done, then read until the client is.
asio::awaitable<void> HttpSession::close_gracefully() {
  enter(Phase::answer);
  if (!co_await write_out()) co_return;
  boost::system::error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
  if (timed_out_) co_return;
  deadline_ = std::min(deadline_, Clock::now() + std::chrono::seconds(5));
  buffer_.clear();
  for (std::size_t dropped = 0; dropped < kFarewellBytes && !finishing_;) {
    const auto [error, n] = co_await socket_.async_read_some(buffer_.prepare(kReadBytes), kAwait);
    if (error) break;
    dropped += n;
  }
}

void HttpSession::refuse(int status, const Error& error) {
  append_response(out_, error_response(status, error), false, false, {});
  worker_.metrics.responses_by_class[static_cast<std::size_t>(status / 100)].add();
}

HttpSession::Next HttpSession::handle() {
  auto& message = parser_->get();
  message.body().reserve(message.body().size() + EventDecoder::kPadding);
  HttpRequest request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.host = view(message[http::field::host]);
  request.origin = view(message[http::field::origin]);
  request.accept = view(message[http::field::accept]);
  request.content_type = view(message[http::field::content_type]);
  request.last_event_id = view(message["Last-Event-ID"]);
  request.body = message.body();
  request.keep_alive = message.keep_alive() && !finishing_;

  HttpResponse response;
  auto parsed = parse_target(request.target);
  if (auto refusal = worker_.access.refusal(request.host, request.origin)) {
    response = error_response(*refusal);
    request.origin = {};  // no CORS for strangers
  } else if (!parsed) {
    response = error_response(parsed.error());
  } else {
    request.parsed = std::move(parsed).value();
    response = worker_.router.dispatch(request, worker_);
  }
  worker_.metrics.responses_by_class[static_cast<std::size_t>(response.status / 100)].add();
  if (response.stream && request.method != "HEAD") {
    become_stream(request, response);
    return Next::became_stream;
  }
  append_response(out_, response, request.keep_alive, request.method == "HEAD", request.origin);
  enter(Phase::idle);
  return request.keep_alive ? Next::read_on : Next::close;
}

void HttpSession::become_stream(const HttpRequest& request, const HttpResponse& response) {
  handed_over_ = true;
  worker_.sessions.erase(this);
  const bool http11 = parser_->get().version() == 11;
  // Answers to requests pipelined before this one go first.
  worker_.hub.add(std::move(socket_), *response.stream, out_ + stream_head(request.origin, http11));
}

}  // namespace tapedeck
