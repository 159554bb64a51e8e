// Dispatcher: brings notifications to their targets, on a thread of its own, over libcurl: at least
// once, in order for each rule and target, retried with backoff and jitter, with a dead-letter list
// for what could not be delivered. A target that is dead or hangs delays no other.
//
// Thread contract: every member from any thread; start and stop once, from one. send() never
// blocks and never waits for the disk or the network.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/notification.hpp"
#include "alert/target.hpp"
#include "base/error.hpp"
#include "base/value_store.hpp"

namespace tapedeck::alert {

struct DeliveryOptions {
  std::vector<Target> targets;  ///< of the configuration
  std::string secret;           ///< signs what goes to URLs in `notify`; empty: not signed
  AddressRules addresses;
  std::string proxy;  ///< URL of a proxy for all; empty: none, whatever the environment says
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds retry_first{1000};  ///< the bound of the first wait, doubled each time
  std::chrono::milliseconds retry_longest{60'000};
  std::chrono::seconds retry_for{3600};      ///< then it is a dead letter
  std::size_t max_queued_per_target = 1000;  ///< beyond it, dead letters
  std::size_t max_dead_letters = 10'000;     ///< beyond it the oldest is forgotten
  std::size_t max_connections_per_target = 4;
  /// A dead man's switch elsewhere that is told regularly that Tapedeck lives; empty: none.
  std::string heartbeat_url;
  std::chrono::seconds heartbeat_interval{60};
};

/// Reads what `[alerts]` says about delivery beside rules and targets; keys are named as the
/// members (durations as texts), `allow_addresses`, `secret_file`, `secret_env`, and
/// `heartbeat = {url, interval}`. Error codes: malformed_json, invalid_alerts.
Result<DeliveryOptions> parse_delivery_options(std::string_view json);

/// One that waits, is on its way, or is dead.
struct Delivery {
  Notification notification;
  std::uint64_t number = 0;  ///< grows in the order they were sent
  unsigned attempts = 0;
  std::string last_error;        ///< of the last attempt, without secrets
  std::int64_t next_try_ns = 0;  ///< wall clock; of one that waits
  bool dead = false;
  /// Those it stands for, when it is a digest; at least 1.
  std::uint64_t messages = 1;
};

struct TargetStatus {
  std::string name;  ///< shown_target()
  Format format = Format::json;
  std::size_t queued = 0;
  std::size_t dead = 0;
  std::uint64_t delivered_total = 0;
  std::uint64_t failed_total = 0;  ///< attempts
  std::uint64_t digests_total = 0;
  std::int64_t last_delivered_ns = 0;
  std::string last_error;  ///< of the last attempt, if that failed
};

/// How often what fires is to be told a target again.
struct Repeat {
  std::chrono::seconds every{0};   ///< 0: not
  bool also_acknowledged = false;  ///< alertmanager, which forgets what is not repeated
};

class Dispatcher {
 public:
  /// @param store where what waits and what is dead is kept; nullptr: nowhere. Must outlive it.
  /// @param log gets a sentence about what somebody should look at.
  /// @throws std::runtime_error when libcurl cannot be had.
  Dispatcher(DeliveryOptions options, ValueStore* store,
             std::function<void(std::string_view)> log = {});
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Takes up what the store has.
  void start();
  /// Waits for requests under way, up to `patience`; what was not delivered stays in the store.
  void stop(std::chrono::milliseconds patience = std::chrono::milliseconds(500));

  /// Whether an entry of `notify` can be used: a known name, or a URL that may be.
  /// Error code: invalid_rule.
  std::optional<Error> check_target(std::string_view name_or_url) const;
  /// Of the target of an entry.
  Repeat repeat_of(std::string_view name_or_url) const;

  /// What was sent already (the id is queued or was among the last delivered) is left out. Changes
  /// of the store that belong to it are in it when this returns.
  void send(std::vector<Notification> notifications);
  /// Asked before each heartbeat, on the dispatcher's thread: false lets that one out, so that a
  /// heartbeat also says that whoever decides about alerts is at work. Before start().
  void set_alive_check(std::function<bool()> alive);

  /// As a message that is sent at once beside the queues and not kept.
  /// @return the error of the attempt; nothing: it was delivered. Blocks up to the timeouts.
  std::optional<Error> send_now(const Notification& notification);

  /// Targets, options; what waits goes on with them.
  void reload(DeliveryOptions options);

  struct ListQuery {
    std::optional<bool> dead;
    std::string target;  ///< as in notify, or as shown; empty: all
    std::string rule;
    std::size_t limit = 100;
  };
  /// Oldest first.
  std::vector<Delivery> list(const ListQuery& query) const;
  /// Puts dead letters back into the queue. @return how many
  std::size_t resend(const ListQuery& query);
  /// Error codes: not_found; not_resent (its target is not configured, or has a full queue).
  std::optional<Error> resend(std::string_view id);
  /// One that waits or is dead; one under way is not tried again. Error code: not_found.
  std::optional<Error> discard(std::string_view id);

  std::vector<TargetStatus> targets() const;
  /// Dead letters that gave way to newer ones, since the process began.
  std::uint64_t forgotten_total() const noexcept;
  /// How long the last delivered notification took from Notification::at_ns on, in ns; 0: none yet.
  std::int64_t last_latency_ns() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::alert
