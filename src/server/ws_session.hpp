// WsSession: a client of GET /api/telemetry/ws (contract §4): what it says is done, what it
// subscribed to is sent. See ws_message.hpp for the messages.
//
// Lives on its worker's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/idempotency_keys.hpp"
#include "server/ws_connection.hpp"
#include "server/ws_message.hpp"
#include "server/ws_request.hpp"
#include "server/ws_subscription.hpp"

namespace tapedeck {

class WsHub;

class WsSession final : public WsConnection {
 public:
  /// Publishes whose answer waits for the disk, at most; more are refused.
  static constexpr std::size_t kMaxWaiting = 1000;

  WsSession(WsHub& hub, Connection connection, const WsRequest& request);

  void tick(Clock::time_point now) override;
  /// Says goodbye and closes. @param retry when the client may come back.
  void shut_down(std::chrono::milliseconds retry);

  // For its subscriptions.
  using WsConnection::ready;
  void say(std::string_view message) { send_message(WsOpcode::text, message); }
  void send_events(std::shared_ptr<const std::string> frames) { send_chunk(std::move(frames)); }
  void drop(WsSubscription& subscription);

 private:
  friend class WsHub;

  /// A publish that is in memory and waits for the disk.
  struct Waiting {
    std::string id;
    IdempotencyKeys::Outcome outcome;
    Clock::time_point deadline;
  };

  void on_message(WsOpcode opcode, std::string& message) override;
  void on_ready() override;
  void on_closing() override;
  void on_closed() override;
  void on_bytes_sent(std::size_t bytes) override;
  void on_blocked() override;

  std::optional<Error> do_op(WsOp& op);
  std::optional<Error> subscribe(WsOp& op);
  std::optional<Error> unsubscribe(const WsOp& op);
  std::optional<Error> publish(const WsOp& op);
  std::optional<Error> clear(const WsOp& op);
  void answer_when_durable(const WsOp& op, const IdempotencyKeys::Outcome& outcome);
  void on_durable(std::uint64_t number, const std::optional<Error>& error);
  void say_accepted(const std::string& id, const IdempotencyKeys::Outcome& outcome);
  void say_not_durable(const Waiting& waiting, std::string_view code, std::string_view why);
  void give_up_waiting(Clock::time_point now);
  void heartbeat(Clock::time_point now);
  std::vector<std::shared_ptr<WsSubscription>> all_subscriptions() const;

  WsHub& hub_;
  const ApiContext& api_;
  const auth::GrantPtr grant_;
  const std::string address_;
  const std::string request_id_;
  std::map<std::string, std::shared_ptr<WsSubscription>, std::less<>> subscriptions_;  // by id
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_waiting_ = 0;
  std::size_t turn_ = 0;   // the subscription that is flushed first
  std::size_t place_ = 0;  // in the hub's list
};

}  // namespace tapedeck
