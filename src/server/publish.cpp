#include "server/publish.hpp"

#include <fmt/format.h>

#include "bus/access.hpp"
#include "query/event_query.hpp"

namespace tapedeck {

using Accepted = IdempotencyKeys::Accepted;

Result<IdempotencyKeys::Outcome> accept_events(const ApiContext& api, const Publication& batch,
                                               std::span<const DecodedEvent> events) {
  const auto append = [&]() -> Result<Accepted> {
    const auto range = BusAccess::append(api.bus, events);
    if (!range) return range.error();
    return Accepted{*range, BusAccess::log(api.bus).epoch(), 0};
  };
  if (!batch.idempotency_key) {
    auto accepted = append();
    if (!accepted) return std::move(accepted).error();
    return IdempotencyKeys::Outcome{std::move(accepted).value(), false};
  }
  const std::uint64_t hash =
      IdempotencyKeys::hash_body(batch.body) + static_cast<std::uint64_t>(batch.format);
  return api.idempotency.accept_once(
      IdempotencyKeys::owned_by(batch.key_owner, *batch.idempotency_key), hash, append);
}

bool may_lack_disk(const ApiContext& api, const Accepted& accepted) {
  return accepted.epoch == api.tape.log().epoch() &&
         accepted.range.last >= api.tape.log().begin_seq();
}

std::string range_members(const Accepted& accepted) {
  return fmt::format(R"(,"accepted":{},"first_id":"{}","last_id":"{}")",
                     accepted.range.last - accepted.range.first + 1,
                     format_event_id(accepted.epoch, accepted.range.first),
                     format_event_id(accepted.epoch, accepted.range.last));
}

Error not_durable(const Accepted& accepted, std::string_view code, std::string_view why) {
  return {std::string(code),
          fmt::format("{} The events were accepted in memory with the ids {} to {}; sent again "
                      "without the same idempotency key they would be there twice.",
                      why, format_event_id(accepted.epoch, accepted.range.first),
                      format_event_id(accepted.epoch, accepted.range.last)),
          ""};
}

Error no_disk_to_wait_for() {
  return {"invalid_parameter",
          "ack=durable: this server keeps events in memory only; ack=memory is what there is.",
          "ack"};
}

}  // namespace tapedeck
