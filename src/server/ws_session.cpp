#include "server/ws_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bus/access.hpp"
#include "event/json_writer.hpp"
#include "server/auth_gate.hpp"
#include "server/io_worker.hpp"
#include "server/limits.hpp"
#include "server/narrowing.hpp"
#include "server/publish.hpp"
#include "server/publish_rules.hpp"
#include "server/ws_hub.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

WsConnection::Settings settings_of(const ServerOptions& options, const WsAgreement& agreement) {
  WsConnection::Settings settings;
  settings.limits = {options.ws_message_bytes, agreement.deflate_window.has_value(), false};
  settings.deflate_window = agreement.deflate_window;
  settings.quiet = options.heartbeat;
  settings.pong_timeout = options.ws_pong_timeout;
  settings.stalled_timeout = options.stalled_stream_timeout;
  settings.send_buffer_bytes = options.stream_send_buffer_bytes;
  return settings;
}

/// Whether a grant still stands is asked every few seconds.

/// Where in the message a decoder's error lies.
Error in_message(Error error, const WsOp& op) {
  const std::string_view member = op.is_array ? "/events" : "/event";
  error.field.insert(0, member);
  return error;
}

std::optional<Error> refuse_op(const auth::Grant& grant, auth::Scope scope) {
  auto error = refuse_scope(grant, scope);
  if (error) error->field = "op";
  return error;
}

}  // namespace

WsSession::WsSession(WsHub& hub, Connection connection, const WsRequest& request)
    : WsConnection(std::move(connection), hub.codec(),
                   settings_of(hub.worker().options, request.agreement)),
      hub_(hub),
      api_(request.api),
      grant_(request.grant),
      address_(request.address),
      request_id_(request.request_id) {}

void WsSession::on_message(WsOpcode, std::string& message) {
  message.reserve(message.size() + WsOpParser::kPadding);
  WsOp op;
  auto error = hub_.parser().parse(message, hub_.worker().options, op);
  if (!error) error = do_op(op);
  if (error) say(ws_error(op.id, *error));
}

std::optional<Error> WsSession::do_op(WsOp& op) {
  switch (op.kind) {
    case WsOp::Kind::subscribe:
      return subscribe(op);
    case WsOp::Kind::unsubscribe:
      return unsubscribe(op);
    case WsOp::Kind::publish:
      return publish(op);
    case WsOp::Kind::clear:
      return clear(op);
    case WsOp::Kind::ping:
      say(ws_pong(op.id));
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Error> WsSession::subscribe(WsOp& op) {
  if (auto error = refuse_op(*grant_, auth::Scope::read)) return error;
  if (api_.shutting_down.load(std::memory_order_acquire)) {
    return Error{"shutting_down", "The server is shutting down; come back later.", ""};
  }
  if (subscriptions_.contains(op.id)) {
    return Error{"invalid_message",
                 fmt::format("There is a subscription {} already; unsubscribe it first.", op.id),
                 "id"};
  }
  const std::size_t limit = api_.options.max_subscriptions_per_connection;
  if (subscriptions_.size() >= limit) {
    return Error{"too_many_subscriptions",
                 fmt::format("A connection has at most {} subscriptions.", limit), ""};
  }
  op.stream.query.within = visible_to(*grant_);
  BusAccess::collect_share(api_.bus);  // "from now on" begins after what has been published
  const auto made = std::make_shared<WsSubscription>(
      hub_, *this, op, WsStyle{op.id, op.batch, settings().deflate_window});
  subscriptions_.emplace(op.id, made);
  const auto gap = made->begin(op.stream);
  const std::string last_id = made->last_id();
  say(ws_ack(op.kind, op.id,
             last_id.empty() ? R"(,"last_id":null)" : fmt::format(R"(,"last_id":"{}")", last_id)));
  if (gap) made->announce(*gap);
  hub_.streams().join(made);
  return std::nullopt;
}

void WsSession::drop(WsSubscription& subscription) {
  const auto held = subscription.shared_from_this();
  subscriptions_.erase(held->id());
  held->leave();
}

std::optional<Error> WsSession::unsubscribe(const WsOp& op) {
  const auto found = subscriptions_.find(op.id);
  if (found == subscriptions_.end()) {
    return Error{"unknown_subscription", fmt::format("There is no subscription {}.", op.id), "id"};
  }
  drop(*found->second);
  say(ws_ack(op.kind, op.id));
  return std::nullopt;
}

std::optional<Error> WsSession::clear(const WsOp& op) {
  if (auto error = refuse_op(*grant_, auth::Scope::admin)) return error;
  if (auto error = refuse_narrowed(*grant_, "Clearing empties the buffer")) return error;
  api_.bus.clear_buffer();
  record(api_.auth, AuditedCaller{grant_->id, address_, request_id_}, "clear_buffer");
  say(ws_ack(op.kind, op.id));
  return std::nullopt;
}

// --- publishing ---

std::optional<Error> WsSession::publish(const WsOp& op) {
  if (auto error = refuse_op(*grant_, auth::Scope::publish)) return error;
  if (op.durable && !api_.store.when_durable) return no_disk_to_wait_for();
  if (op.durable && waiting_.size() >= kMaxWaiting) {
    return Error{"busy", "Too many of your events wait for the disk; wait for their acks.", ""};
  }
  if (op.idempotency_key) {
    if (auto error = IdempotencyKeys::refuse_key(*op.idempotency_key)) return error;
  }
  const auto events = hub_.worker().decoder.decode(op.events, BatchFormat::json);
  if (!events) return in_message(events.error(), op);
  StampedEvents stamped;
  const auto allowed = apply_publish_rules(*grant_, *events, stamped);
  if (!allowed) return in_message(allowed.error(), op);
  if (auto refusal =
          api_.limits.check_publish(*grant_, events->size(), op.events.size(), Clock::now())) {
    return std::move(refusal->error);
  }
  const bool known = grant_ != auth::everybody();
  const auto outcome = accept_events(
      api_, {op.events, BatchFormat::json, op.idempotency_key, known ? grant_->id : std::string()},
      *allowed);
  if (!outcome) return outcome.error();
  if (!outcome->replayed) hub_.worker().metrics.posted_events_total.add(events->size());
  if (op.durable && may_lack_disk(api_, outcome->accepted)) {
    answer_when_durable(op, *outcome);
  } else {
    say_accepted(op.id, *outcome);
  }
  return std::nullopt;
}

void WsSession::say_accepted(const std::string& id, const IdempotencyKeys::Outcome& outcome) {
  say(ws_ack(WsOp::Kind::publish, id,
             range_members(outcome.accepted) + (outcome.replayed ? R"(,"replayed":true)" : "")));
}

void WsSession::say_not_durable(const Waiting& waiting, std::string_view code,
                                std::string_view why) {
  say(ws_error(waiting.id, not_durable(waiting.outcome.accepted, code, why),
               range_members(waiting.outcome.accepted)));
}

void WsSession::answer_when_durable(const WsOp& op, const IdempotencyKeys::Outcome& outcome) {
  const std::uint64_t number = ++last_waiting_;
  waiting_.emplace(number, Waiting{op.id, outcome, Clock::now() + api_.options.durable_timeout});
  const auto self = std::static_pointer_cast<WsSession>(shared_from_this());
  const bool taken = api_.store.when_durable(
      outcome.accepted.range.last, [mailbox = hub_.worker().mailbox, number,
                                    weak = std::weak_ptr(self)](std::optional<Error> error) {
        mailbox->post([weak, number, failure = std::move(error)] {
          if (const auto here = weak.lock()) here->on_durable(number, failure);
        });
      });
  if (!taken) on_durable(number, Error{"store_degraded", "The store is not writing.", ""});
}

void WsSession::on_durable(std::uint64_t number, const std::optional<Error>& error) {
  const auto found = waiting_.extract(number);
  if (found.empty() || !is_open()) return;  // told meanwhile that it takes too long
  if (error) return say_not_durable(found.mapped(), "store_degraded", error->message);
  say_accepted(found.mapped().id, found.mapped().outcome);
}

void WsSession::give_up_waiting(Clock::time_point now) {
  while (!waiting_.empty() && waiting_.begin()->second.deadline <= now) {  // the oldest is first
    const auto late = waiting_.extract(waiting_.begin());
    say_not_durable(late.mapped(), "store_slow", "The disk did not take the events in time.");
  }
}

// --- time ---

void WsSession::tick(Clock::time_point now) {
  if (is_open()) {
    if (!still_stands(hub_.worker().hooks, *grant_)) {
      begin_close(WsClose::policy, "the credentials are no longer good");
    }
    give_up_waiting(now);
    heartbeat(now);
  }
  WsConnection::tick(now);
}

/// Tells how far each subscription has looked, so that a client that comes back does not begin
/// further behind than it has to: for those that have been quiet, and when all is quiet.
void WsSession::heartbeat(Clock::time_point now) {
  if (!ready()) return;
  const auto quiet = settings().quiet;
  std::string positions;
  std::uint64_t least = hub_.streams().log().last_seq() + 1;
  for (const auto& [id, subscription] : subscriptions_) {
    if (!subscription->has_begun()) return;
    least = std::min(least, subscription->next_seq());
    if (now - subscription->last_told() < quiet) continue;
    subscription->told(now);
    positions += fmt::format(R"({}{{"sub":{},"last_id":"{}"}})", positions.empty() ? "" : ",", id,
                             subscription->last_id());
  }
  if (positions.empty() && now - last_sent() < quiet) return;
  say(fmt::format(R"({{"op":"heartbeat","last_id":"{}","subs":[{}]}})",
                  hub_.streams().tape().id_of(least - 1), positions));
}

std::vector<std::shared_ptr<WsSubscription>> WsSession::all_subscriptions() const {
  std::vector<std::shared_ptr<WsSubscription>> all;
  all.reserve(subscriptions_.size());
  for (const auto& [id, subscription] : subscriptions_) all.push_back(subscription);
  return all;
}

void WsSession::shut_down(std::chrono::milliseconds retry) {
  for (const auto& subscription : all_subscriptions()) {
    if (!subscription->closed()) hub_.streams().flush(*subscription);
  }
  say(fmt::format(R"({{"op":"shutdown","retry_ms":{}}})", retry.count()));
  begin_close(WsClose::going_away, "the server is shutting down");
}

// --- the connection ---

/// Each subscription in turn, beginning with another every time: none is always last.
void WsSession::on_ready() {
  auto all = all_subscriptions();
  if (all.empty()) return;
  turn_ = (turn_ + 1) % all.size();
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(turn_), all.end());
  for (const auto& subscription : all) {
    if (!ready()) return;
    if (!subscription->closed()) hub_.streams().flush(*subscription);
  }
}

void WsSession::on_closing() {
  for (const auto& [id, subscription] : std::exchange(subscriptions_, {})) subscription->leave();
  waiting_.clear();
}

void WsSession::on_closed() {
  hub_.leave(*this);
}
void WsSession::on_bytes_sent(std::size_t bytes) {
  hub_.worker().metrics.stream_bytes_total.add(bytes);
}
void WsSession::on_blocked() {
  hub_.worker().metrics.stalled_total.add();
}

}  // namespace tapedeck
