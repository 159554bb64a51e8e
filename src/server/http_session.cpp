#include "server/http_session.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>

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

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// Runs what reads the history. @return why it failed; nothing: it did not.
template <typename Work>
std::optional<Error> failure_of(Work work) {
  try {
    work();
    return std::nullopt;
  } catch (const HistoryError& error) {
    spdlog::warn("cannot read the history: {}", error.what());
    return Error{"store_unreadable", error.what(), ""};
  } catch (const std::exception& error) {
    spdlog::error("a read failed: {}", error.what());
    return Error{"internal_error", "The server failed to answer; its log says why.", ""};
  }
}

HttpResponse too_slow() {
  return error_response({"store_slow",
                         "The history took too long to answer; ask for a shorter range, or later.",
                         ""});
}

HttpResponse run_guarded(const std::function<HttpResponse()>& work) {
  HttpResponse response;
  if (const auto error = failure_of([&] { response = work(); })) return error_response(*error);
  return response;
}

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

/// The credentials that EventSource and WebSocket of a browser can only put into the address. Other
/// requests can send a header, and their addresses are more often shown and kept.
std::string take_access_token(RequestTarget& target) {
  if (target.path != "/api/telemetry/stream" && target.path != "/api/telemetry/ws") return {};
  const auto found = std::find_if(target.parameters.begin(), target.parameters.end(),
                                  [](const auto& given) { return given.name == "access_token"; });
  if (found == target.parameters.end()) return {};
  std::string token = std::move(found->value);
  target.parameters.erase(found);
  return token;
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

template <typename T>
struct HttpSession::Awaited {
  explicit Awaited(const TcpSocket::executor_type& executor) : timer(executor) {}
  asio::steady_timer timer;
  std::optional<T> value;
};

/// Waits for what `begin` sees to: it is given a function that takes the value, from any thread.
/// @return nothing when it did not come in time or the connection is being closed.
template <typename T, typename Begin>
asio::awaitable<std::optional<T>> HttpSession::wait_for(std::chrono::milliseconds patience,
                                                        const Begin& begin) {
  co_await write_out();  // earlier answers need not wait with this one
  const auto awaited = std::make_shared<Awaited<T>>(connection_.socket().get_executor());
  awaited->timer.expires_after(patience);
  waiting_ = std::shared_ptr<asio::steady_timer>(awaited, &awaited->timer);
  enter(Phase::waiting);
  begin([mailbox = worker_.mailbox, weak = std::weak_ptr(awaited)](T value) {
    mailbox->post([weak, held = std::move(value)]() mutable {
      const auto here = weak.lock();
      if (!here || here->value) return;
      here->value = std::move(held);
      here->timer.cancel();
    });
  });
  if (connection_.is_open()) co_await awaited->timer.async_wait(kAwait);
  waiting_.reset();
  enter(Phase::answer);
  co_return std::move(awaited->value);
}

/// Waits until the response is what it comes to in the end.
asio::awaitable<void> HttpSession::settle(HttpResponse& response) {
  while (response.later || response.awaits) {
    const auto patience =
        response.patience.count() > 0 ? response.patience : worker_.options.body_timeout;
    // Named, here and below: GCC 12 destroys temporaries of a co_await expression twice.
    const auto read = [&pool = worker_.pool, later = response.later,
                       id = request_id_](HttpResponse::Reply reply) {
      const bool taken = pool.submit_request([later, reply, id] {
        const RequestScope scope(id);
        reply(run_guarded(later));
      });
      if (!taken) reply(busy_response());
    };
    const std::function<void(HttpResponse::Reply)> begin = response.awaits ? response.awaits : read;
    auto answer = co_await wait_for<HttpResponse>(patience, begin);
    if (!answer) answer = response.too_late ? response.too_late() : too_slow();
    response = std::move(*answer);
  }
}

asio::awaitable<HttpSession::Piece> HttpSession::next_piece(
    const std::shared_ptr<BodySource>& source) {
  const auto begin = [&pool = worker_.pool, source,
                      id = request_id_](std::function<void(Piece)> reply) {
    pool.submit_piece([source, reply, id] {
      const RequestScope scope(id);
      Piece made;
      if (auto error = failure_of([&] { made.more = (*source)(made.bytes); })) {
        made.error = std::move(error);
      }
      reply(std::move(made));
    });
  };
  auto piece = co_await wait_for<Piece>(worker_.options.body_timeout, begin);
  if (!piece) co_return Piece{{}, false, Error{"store_slow", "The history did not answer.", ""}};
  co_return std::move(*piece);
}

/// Sends a response that has a body source. @return whether the connection stays open.
asio::awaitable<bool> HttpSession::send_body(HttpResponse& response) {
  // The first piece comes before the head, so that what cannot be read at all is a proper error.
  const bool http11 = parser_->get().version() >= 11;
  const BodyFraming framing = http11 ? BodyFraming::chunked : BodyFraming::close;
  const bool head_only = request_.method == "HEAD";
  const auto source = std::make_shared<BodySource>(std::move(response.body_source));
  Piece piece{{}, true, {}};
  if (!head_only) piece = co_await next_piece(source);
  const bool open = request_.keep_alive && !finishing_ && http11;
  if (piece.error) response = error_response(*piece.error);
  stamp(response);
  append_response(out_, response, open, head_only, request_.origin,
                  piece.error ? BodyFraming::length : framing);
  if (piece.error || head_only) co_return open;
  for (;;) {
    append_piece(piece, framing);
    enter(Phase::answer);
    if (!piece.more) co_return open;
    if (!co_await write_out()) co_return false;
    piece = co_await next_piece(source);
    if (!piece.error) continue;
    abort();  // without the last chunk: the client sees that this is not all
    co_return false;
  }
}

void HttpSession::append_piece(const Piece& piece, BodyFraming framing) {
  body_bytes_ += piece.bytes.size();
  const bool chunked = framing == BodyFraming::chunked;
  if (!piece.bytes.empty()) {  // an empty chunk would end the body
    if (chunked) fmt::format_to(std::back_inserter(out_), "{:x}\r\n", piece.bytes.size());
    out_ += piece.bytes;
    if (chunked) out_ += "\r\n";
  }
  if (!piece.more && chunked) out_ += "0\r\n\r\n";
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

HttpResponse HttpSession::handle() {
  auto& message = parser_->get();
  message.body().reserve(message.body().size() + EventDecoder::kPadding);
  begin_request(view(message.method_string()), view(message["X-Request-ID"]));
  request_.target = view(message.target());
  request_.host = view(message[http::field::host]);
  request_.origin = view(message[http::field::origin]);
  request_.accept = view(message[http::field::accept]);
  request_.accept_encoding = view(message[http::field::accept_encoding]);
  request_.content_type = view(message[http::field::content_type]);
  request_.last_event_id = view(message["Last-Event-ID"]);
  if (const auto key = message.find("Idempotency-Key"); key != message.end()) {
    request_.idempotency_key = view(key->value());
  }
  if (message.find(http::field::upgrade) != message.end()) read_upgrade();
  request_.authorization = view(message[http::field::authorization]);
  request_.api_key = view(message["X-API-Key"]);
  request_.cookie = view(message[http::field::cookie]);
  request_.body = message.body();
  request_.keep_alive = message.keep_alive();
  look_behind_proxies();

  auto parsed = parse_target(request_.target);
  if (auto refusal = worker_.access.refusal(request_.host, request_.origin)) {
    request_.origin = {};  // no CORS for strangers
    return error_response(*refusal);
  }
  if (!parsed) return error_response(parsed.error());
  request_.parsed = std::move(parsed).value();
  request_.access_token = take_access_token(request_.parsed);
  const RequestScope scope(request_id_);
  identify(worker_.hooks, request_);
  if (const auto refusal = over_limits()) return refusal_response(*refusal);
  return worker_.router.dispatch(request_, worker_);
}

/// Whether the caller has had his share of requests, or of connections: one counts for the grant
/// that its requests show.
std::optional<Refusal> HttpSession::over_limits() {
  const auto now = Clock::now();
  const std::string_view address = request_.remote_address;
  if (auto refusal = worker_.limits.check_request(address, *request_.grant, now)) return refusal;
  if (grant_id_ == request_.grant->id) return std::nullopt;
  auto refusal = worker_.limits.on_grant(*request_.grant, now, connection_.grant_slot());
  if (!refusal) grant_id_ = request_.grant->id;
  return refusal;
}

void HttpSession::read_upgrade() {
  const auto& message = parser_->get();
  const auto joined = [&](http::field name) {
    std::string out;
    const auto [begin, end] = message.equal_range(name);
    for (auto it = begin; it != end; ++it) {
      out += (out.empty() ? "" : ", ") + std::string(view(it->value()));
    }
    return out;
  };
  WsUpgradeFields& ws = request_.ws;
  ws.method = request_.method;
  ws.upgrade = view(message[http::field::upgrade]);
  ws.connection = view(message[http::field::connection]);
  ws.key = view(message[http::field::sec_websocket_key]);
  ws.version = view(message[http::field::sec_websocket_version]);
  ws.protocols = joined(http::field::sec_websocket_protocol);
  ws.extensions = joined(http::field::sec_websocket_extensions);
  ws.http11 = message.version() == 11;
}

/// Who the client is: the peer, or whom a trusted proxy speaks for.
void HttpSession::look_behind_proxies() {
  request_.secure = connection_.secure();
  if (worker_.proxies.empty()) return;
  const auto values = [&message = parser_->get()](std::string_view name) {
    std::vector<std::string_view> lines;
    const auto [begin, end] = message.equal_range(name);
    for (auto line = begin; line != end; ++line) lines.push_back(view(line->value()));
    return lines;
  };
  const auto x_forwarded_for = values("X-Forwarded-For");
  const auto x_forwarded_proto = values("X-Forwarded-Proto");
  const auto forwarded = values("Forwarded");
  ClientAddress client =
      client_address(peer_, connection_.secure(), {x_forwarded_for, x_forwarded_proto, forwarded},
                     worker_.proxies);
  client_ = std::move(client.address);
  request_.remote_address = client_;
  request_.secure = client.secure;
}

void HttpSession::begin_request(std::string_view method, std::string_view wanted_id) {
  asked_ = Clock::now();
  body_bytes_ = 0;
  request_ = {};
  request_.method = method;
  if (is_request_id(wanted_id)) {
    request_id_ = wanted_id;
  } else {
    worker_.request_ids.next(request_id_);
  }
  request_.request_id = request_id_;
  request_.remote_address = peer_;
}

/// To each answer, before its head is written.
void HttpSession::stamp(HttpResponse& response) {
  fmt::format_to(std::back_inserter(response.headers), "X-Request-ID: {}\r\n", request_id_);
  if (connection_.secure() && worker_.options.hsts_seconds > 0) {
    fmt::format_to(std::back_inserter(response.headers),
                   "Strict-Transport-Security: max-age={}\r\n", worker_.options.hsts_seconds);
  }
  if (request_.method != "HEAD") body_bytes_ += response.body.size();
  worker_.metrics.count_response(response.status);
}

/// After each answer.
void HttpSession::note_answer(int status) {
  worker_.log_request(request_, status, body_bytes_, Clock::now() - asked_);
}

void HttpSession::become_stream(const HttpResponse& response) {
  handed_over_ = true;
  worker_.sessions.erase(this);
  const bool http11 = parser_->get().version() == 11;
  // Answers to requests pipelined before this one go first.
  worker_.hub.add(std::move(connection_), *response.stream,
                  out_ + stream_head(request_.origin, http11, response.headers));
}

void HttpSession::become_ws(const HttpResponse& response) {
  handed_over_ = true;
  worker_.sessions.erase(this);
  const auto rest = buffer_.cdata();
  worker_.ws.add(std::move(connection_), *response.ws,
                 out_ + ws_response_head(response.ws->agreement),
                 {static_cast<const char*>(rest.data()), rest.size()});
}

}  // namespace tapedeck
