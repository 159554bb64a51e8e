// What waits to be told to targets, and the dead letters, which can be sent again.
#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "alert/target.hpp"
#include "server/alert_call.hpp"
#include "server/alert_request.hpp"
#include "server/json_text.hpp"

namespace tapedeck {

HttpResponse get_deliveries(const AlertCall& call) {
  const auto query = read_delivery_query(call.parameters);
  if (!query) return error_response(query.error());
  const auto deliveries = call.alerts.deliveries().list(*query);
  JsonArray out;
  for (const alert::Delivery& delivery : deliveries) {
    out.add(delivery_json(delivery));
  }
  return json_response(fmt::format("{{\"ok\":true,\"deliveries\":{},\"count\":{}}}\n", out.json(),
                                   deliveries.size()));
}

HttpResponse resend_delivery(const AlertCall& call) {
  if (const auto error = call.alerts.deliveries().resend(call.name)) {
    return alert_error_response(*error);
  }
  call.record("alert_delivery_resent", call.name);
  return json_response("{\"ok\":true,\"resent\":1}\n");
}

HttpResponse resend_dead_letters(const AlertCall& call) {
  auto query = read_delivery_query(call.parameters);
  if (!query) return error_response(query.error());
  query->dead = true;
  query->limit = std::numeric_limits<std::size_t>::max();
  const std::size_t resent = call.alerts.deliveries().resend(*query);
  if (resent > 0) {
    call.record("alert_dead_letters_resent",
                fmt::format("{} target={} rule={}", resent, alert::shown_target(query->target),
                            query->rule));
  }
  return json_response(fmt::format("{{\"ok\":true,\"resent\":{}}}\n", resent));
}

HttpResponse discard_delivery(const AlertCall& call) {
  if (const auto error = call.alerts.deliveries().discard(call.name)) {
    return alert_error_response(*error);
  }
  call.record("alert_delivery_discarded", call.name);
  return json_response("{\"ok\":true}\n");
}

}  // namespace tapedeck
