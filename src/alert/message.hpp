// Message: what one request tells a target: a notification, or several that had to wait: as a
// digest that counts them, or, where the target's API takes a list, as that list.
// Plain data and pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alert/notification.hpp"
#include "alert/target.hpp"

namespace tapedeck::alert {

/// How many of each name.
using Tally = std::map<std::string, std::uint64_t>;
/// `{"order_rejected":3}`
std::string tally_json(const Tally& tally);

struct Message {
  static constexpr std::size_t kShownInDigest = 20;

  /// Of several: its own id and summary, state `digest`, the worst severity, no rule.
  Notification notification;
  std::uint64_t messages = 1;
  // Of several only:
  std::vector<Notification> parts;    ///< without their events; of a digest the first ones
  std::vector<std::string> part_ids;  ///< all
  Tally rules, severities, states;

  bool several() const noexcept { return !rules.empty(); }
};

/// @param parts at least one, oldest first, all to one target
Message make_bundle(std::vector<Notification> parts, Format format, std::string id);

/// The body of the request.
/// @param now_ns UTC; Alertmanager is told until when what fires goes on
std::string webhook_body(const Message& message, const Target& target, std::int64_t now_ns);

/// What a dead man's switch is told.
std::string heartbeat_body(std::int64_t now_ns, std::size_t queued, std::size_t dead);

}  // namespace tapedeck::alert
