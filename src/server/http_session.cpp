#include "server/http_session.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "server/diagnostics.hpp"
#include "server/forwarded.hpp"
#include "server/gzip_body.hpp"
#include "server/ws_hub.hpp"

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

/// Requests that another reader, a proxy say, could take for something else than we do.
template <typename Message>
std::optional<Error> refuse_shape(const Message& message) {
  if (message.count(http::field::host) > 1) {  // RFC 9112 §3.2
    return Error{"malformed_request", "The request has more than one Host header.", "Host"};
  }
  // RFC 9112 §6.3: where a body ends must not depend on who reads the header.
  const auto codings = message.count(http::field::transfer_encoding);
  const bool chunked =
      codings == 1 && boost::beast::iequals(message[http::field::transfer_encoding], "chunked");
  if (codings > 0 && (!chunked || message.count(http::field::content_length) > 0)) {
    return Error{"malformed_request",
                 "Transfer-Encoding must be chunked, once and without Content-Length.",
                 "Transfer-Encoding"};
  }
  const auto encoding = view(message[http::field::content_encoding]);
  if (!encoding.empty() && !boost::beast::iequals(encoding, "identity")) {
    return Error{"unsupported_media_type", "Bodies are taken uncompressed only.",
                 "Content-Encoding"};
  }
  return std::nullopt;
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

void HttpSession::start(IoWorker& worker, Connection connection) {
  auto executor = connection.socket().get_executor();
  asio::co_spawn(
      executor,
      [](IoWorker& held_worker, Connection held_connection) -> asio::awaitable<void> {
        HttpSession session(held_worker, std::move(held_connection));
        co_await session.run();
      }(worker, std::move(connection)),
      asio::detached);
}

HttpSession::HttpSession(IoWorker& worker, Connection connection)
    : worker_(worker), connection_(std::move(connection)), memory_(worker.memory) {
  worker_.sessions.insert(this);
  const int on = 1;
  setsockopt(connection_.socket().native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  boost::system::error_code error;
  const auto peer = connection_.socket().remote_endpoint(error);
  if (!error) peer_ = peer.address().to_string();
  enter(Phase::header);  // a new connection has to say something soon
}

HttpSession::~HttpSession() {
  worker_.sessions.erase(this);
  if (handed_over_) return;
  worker_.metrics.closed_total.add();
  if (connection_.secure() || connection_.spoke_plain_http()) worker_.metrics.secure.subtract();
}

void HttpSession::enter(Phase phase) {
  phase_ = phase;
  if (phase == Phase::waiting) {  // which has a timer of its own
    deadline_ = Clock::time_point::max();
    return;
  }
  const ServerOptions& options = worker_.options;
  deadline_ = Clock::now() + (phase == Phase::idle     ? options.idle_timeout
                              : phase == Phase::header ? options.header_timeout
                                                       : options.body_timeout);
}

void HttpSession::enforce_deadline(Clock::time_point now) {
  if (now < deadline_ || timed_out_) return;
  timed_out_ = true;
  connection_.cancel();  // the coroutine sees its operation end and says goodbye
}

void HttpSession::finish() {
  finishing_ = true;
  if (phase_ == Phase::idle || phase_ == Phase::header) abort();
}

void HttpSession::abort() {
  connection_.close();
  if (waiting_) waiting_->cancel();
}

/// Whether the address may have another connection; a proxy that is trusted has those of many.
bool HttpSession::may_connect() {
  const auto address = IpAddress::parse(peer_);
  if (address && worker_.proxies.contains(*address)) return true;
  const auto refusal = worker_.limits.on_connect(peer_, Clock::now(), connection_.address_slot());
  if (!refusal) return true;
  refuse(refusal_response(*refusal));
  return false;
}

asio::awaitable<void> HttpSession::run() {
  for (bool open = may_connect(); open;) {
    if (!co_await read_request()) break;
    HttpResponse response = handle();
    if (response.later || response.awaits) co_await settle(response);
    if ((response.stream || response.ws) && finishing_) {
      response = error_response({"shutting_down", "The server is shutting down.", ""});
    }
    if (response.stream && request_.method != "HEAD") {
      stamp(response);
      note_answer(response.status);
      become_stream(response);
      co_return;
    }
    if (response.ws) {
      stamp(response);
      note_answer(response.status);
      become_ws(response);
      co_return;
    }
    compress_answer(response, request_.accept_encoding, worker_.options,
                    worker_.hub.stream_groups().scratch());
    if (response.body_source) {
      open = co_await send_body(response);
    } else {
      stamp(response);
      open = request_.keep_alive && !finishing_;
      append_response(out_, response, open, request_.method == "HEAD", request_.origin);
    }
    note_answer(response.status);
    enter(Phase::idle);
    // A client that has pipelined more gets its answers in one write.
    const bool more_waiting = open && buffer_.size() > 0 && out_.size() < kWriteBatch;
    if (!more_waiting && !co_await write_out()) co_return;
  }
  co_await close_gracefully();
}

/// @return false when the connection is to be closed after what is in out_.
asio::awaitable<bool> HttpSession::read_request() {
  parser_.emplace();
  memory_.resize(0);
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
        refuse(error_response(describe(error, worker_.options)));
        co_return false;
      }
      if (const auto shape = shape_error()) {
        refuse(error_response(*shape));
        co_return false;
      }
      if (!has_memory()) {
        refuse(refusal_response(worker_.memory.busy()));
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

/// What is wrong with the request's header, once it is there.
std::optional<Error> HttpSession::shape_error() const {
  return parser_->is_header_done() ? refuse_shape(parser_->get()) : std::nullopt;
}

/// Whether all requests under way may take what this one has come to, or says that it will.
bool HttpSession::has_memory() {
  const auto announced = parser_->is_header_done() ? parser_->content_length() : boost::none;
  const std::size_t so_far = parser_->get().body().size();
  return memory_.resize(announced ? static_cast<std::size_t>(*announced) : so_far);
}

asio::awaitable<bool> HttpSession::read_some() {
  const bool fresh = buffer_.size() == 0 && !parser_->got_some();
  for (std::ptrdiff_t n = 0; n == 0;) {
    const auto space = buffer_.prepare(fresh ? kReadBytes / 4 : kReadBytes);
    n = connection_.read_some(space.data(), space.size());
    if (n > 0) {
      buffer_.commit(static_cast<std::size_t>(n));
      worker_.metrics.received_bytes_total.add(static_cast<std::uint64_t>(n));
      co_return true;
    }
    if (n < 0) break;
    if (fresh) buffer_.shrink_to_fit();  // who says nothing holds nothing
    const auto [error] = co_await connection_.wait_readable(kAwait);
    if (error) break;
  }
  if (connection_.spoke_plain_http()) {
    refuse(
        error_response({"https_required", "This port speaks HTTPS only; ask with https://.", ""}));
  }
  if (timed_out_ && !fresh) {
    refuse(error_response({"request_timeout", "The request did not arrive in time.", ""}));
  }
  co_return false;
}

asio::awaitable<bool> HttpSession::write_out() {
  if (out_.empty()) co_return true;
  if (phase_ == Phase::idle) enter(Phase::answer);
  worker_.metrics.sent_bytes_total.add(out_.size());
  const bool sent = co_await send_all();
  out_.clear();
  if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
  if (phase_ == Phase::answer) enter(Phase::idle);
  co_return sent;
}

asio::awaitable<bool> HttpSession::send_all() {
  for (std::size_t sent = 0;;) {
    const iovec rest{out_.data() + sent, out_.size() - sent};
    const std::ptrdiff_t n = connection_.write_some(&rest, 1);
    if (n < 0) co_return false;
    sent += static_cast<std::size_t>(n);
    if (sent == out_.size()) break;
    const auto [error] = co_await connection_.wait_writable(kAwait);
    if (error) co_return false;
  }
  while (connection_.has_unsent()) {
    const auto [error] = co_await connection_.wait_writable(kAwait);
    if (error || !connection_.flush_unsent()) co_return false;
  }
  co_return true;
}

/// Closing while the client still sends would reset the connection and could take our answer with
/// it: say that we are done, then read until the client is.
asio::awaitable<void> HttpSession::close_gracefully() {
  enter(Phase::answer);
  if (!co_await write_out()) co_return;
  connection_.finish_sending();
  if (timed_out_) co_return;
  deadline_ = std::min(deadline_, Clock::now() + std::chrono::seconds(5));
  buffer_.clear();
  for (std::size_t dropped = 0; dropped < kFarewellBytes && !finishing_;) {
    const auto space = buffer_.prepare(kReadBytes);
    const std::ptrdiff_t n = connection_.read_some(space.data(), space.size());
    if (n < 0) break;
    dropped += static_cast<std::size_t>(n);
    if (n > 0) continue;
    const auto [error] = co_await connection_.wait_readable(kAwait);
    if (error) break;
  }
}

void HttpSession::refuse(HttpResponse response) {
  begin_request({}, {});
  stamp(response);
  append_response(out_, response, false, false, {});
  note_answer(response.status);
}

}  // namespace tapedeck
