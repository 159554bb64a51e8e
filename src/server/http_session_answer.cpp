// How a session answers: who asks, what the route says, what has to be waited for, bodies piece by
// piece, and what a connection may become.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "query/event_query.hpp"
#include "server/diagnostics.hpp"
#include "server/forwarded.hpp"
#include "server/http_session.hpp"

namespace tapedeck {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

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

}  // namespace

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

HttpResponse HttpSession::handle() {
  auto& message = parser_->get();
  message.body().reserve(message.body().size() + EventDecoder::kPadding);
  begin_request(view(message.method_string()), view(message["X-Request-ID"]));
  request_.target = view(message.target());
  request_.host = view(message[http::field::host]);
  request_.origin = view(message[http::field::origin]);
  request_.accept = view(message[http::field::accept]);
  request_.accept_encoding = view(message[http::field::accept_encoding]);
  request_.if_none_match = joined("If-None-Match");
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

/// A list that may be in several lines, as one (RFC 9110 §5.3).
std::string HttpSession::joined(std::string_view name) const {
  std::string out;
  const auto [begin, end] = parser_->get().equal_range({name.data(), name.size()});
  for (auto line = begin; line != end; ++line) {
    if (!out.empty()) out += ", ";
    out += view(line->value());
  }
  return out;
}

void HttpSession::read_upgrade() {
  const auto& message = parser_->get();
  WsUpgradeFields& ws = request_.ws;
  ws.method = request_.method;
  ws.upgrade = view(message[http::field::upgrade]);
  ws.connection = view(message[http::field::connection]);
  ws.key = view(message[http::field::sec_websocket_key]);
  ws.version = view(message[http::field::sec_websocket_version]);
  ws.protocols = joined("Sec-WebSocket-Protocol");
  ws.extensions = joined("Sec-WebSocket-Extensions");
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
                 out_ + ws_response_head(response.ws->agreement, response.headers),
                 {static_cast<const char*>(rest.data()), rest.size()});
}

}  // namespace tapedeck
