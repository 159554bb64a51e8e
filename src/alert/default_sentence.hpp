// What an alert says when its rule has no message of its own, short enough for a phone:
//   every      order_rejected (strategy momentum): order_event NIFTY SELL rejected: RMS: margin
//   count      rejects (strategy momentum): 7 order_event within 1m, at least 5
//   absence    feed_stale (symbol NIFTY): no tick_event for 30s
//   threshold  slow (engine Execution): p99 latency_ms within 1m is 312.4, over 250 for 5m
//              unknown_order (order_id P-1): payload.status == "unknown" for 5s
// What was not told before is counted at the end. A resolved alert names the rule and its group and
// claims nothing more, as much can end an alert; but a threshold's value that is in order is shown.
// Pure function; any thread.
#pragma once

#include <string>

#include "alert/message_template.hpp"

namespace tapedeck::alert {

std::string default_sentence(const MessageContext& context);

}  // namespace tapedeck::alert
