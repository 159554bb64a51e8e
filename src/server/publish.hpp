// How events from outside are accepted, over HTTP and WebSocket: all or none, once for each
// idempotency key, and what can be said of it. Worker threads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "event/event_decoder.hpp"
#include "query/idempotency_keys.hpp"
#include "server/api.hpp"

namespace tapedeck {

struct Publication {
  std::string_view body;  ///< as it came, to tell a retry from another batch
  BatchFormat format = BatchFormat::json;
  std::optional<std::string_view> idempotency_key{};
  std::string key_owner{};  ///< Grant::id; empty: everybody
};

/// Appends the events, once for each key. Error codes: those of IdempotencyKeys and of the bus.
Result<IdempotencyKeys::Outcome> accept_events(const ApiContext& api, const Publication& batch,
                                               std::span<const DecodedEvent> events);

/// Whether the disk may still lack them: what a former run accepted is there already.
bool may_lack_disk(const ApiContext& api, const IdempotencyKeys::Accepted& accepted);

/// `,"accepted":...,"first_id":...,"last_id":...`: more members of an answer.
std::string range_members(const IdempotencyKeys::Accepted& accepted);

/// They are in memory and will be streamed, but nobody can promise that they survive.
Error not_durable(const IdempotencyKeys::Accepted& accepted, std::string_view code,
                  std::string_view why);

/// A wish for `ack=durable` where there is no disk.
Error no_disk_to_wait_for();

}  // namespace tapedeck
