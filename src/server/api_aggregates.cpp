// GET /aggregates: from the rollups where they hold the answer, else from the events themselves.
#include "query/aggregate_result.hpp"
#include "server/api_handlers.hpp"
#include "server/narrowing.hpp"

namespace tapedeck {
namespace {

constexpr std::size_t kSliceEvents = 10'000;
constexpr std::size_t kSliceBytes = std::size_t{4} << 20;

Error too_many_events(std::size_t most) {
  return {"invalid_parameter",
          "This needs more than " + std::to_string(most) +
              " events to be looked at one by one; narrow since and until, or ask for one of "
              "group_by and filters and an interval of 1m or more, which is kept ready.",
          "since"};
}

HttpResponse from_events(const ApiContext& api, const AggregateQuery& query) {
  AggregateResult result(query);
  const CompiledFilter filter = compile(query.events);
  SeqBounds bounds{api.tape.oldest_seq(), api.tape.end_seq()};
  std::size_t looked_at = 0;
  const std::size_t most = api.options.aggregate_looks;
  while (bounds.first < bounds.end) {
    const Selection slice = api.tape.forward(filter, bounds, {kSliceEvents, kSliceBytes, most});
    for (const ScannedEvent& event : slice.items) {
      const auto added = result.add_event(event.frame, *event.index);
      if (!added) return error_response(added.error());
    }
    looked_at += slice.looked_at;
    if (looked_at > most) return error_response(too_many_events(most));
    if (slice.next <= bounds.first) break;
    bounds.first = slice.next;
  }
  return json_response(result.json(AggregateOrigin::events));
}

HttpResponse answer(const ApiContext& api, const AggregateQuery& query) {
  if (api.store.settle) api.store.settle();
  if (api.store.rollups == nullptr || !rollup_dimension(query)) return from_events(api, query);
  AggregateResult result(query);
  const auto added = result.add_rows(*api.store.rollups);
  // A damaged row is no reason not to answer: the events are still there.
  const bool damaged = !added && added.error().code == "corrupt_aggregate";
  if (!added && !damaged) return error_response(added.error());
  if (damaged || result.needs_events()) return from_events(api, query);
  return json_response(result.json(AggregateOrigin::rollup));
}

}  // namespace

HttpResponse get_aggregates(const ApiContext& api, const HttpRequest& request) {
  auto query = parse_aggregate_query(request.parsed.parameters, now(), api.store.value_fields);
  if (!query) return error_response(query.error());
  query->events.within = visible_to(*request.grant);
  return later_response([&api, held = std::move(query).value()] { return answer(api, held); });
}

}  // namespace tapedeck
