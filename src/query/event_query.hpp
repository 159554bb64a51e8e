// EventQuery: the parameters that select events, read once for every endpoint that takes them, so
// that a name means the same everywhere and a misspelt one is an error everywhere.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "bus/compiled_filter.hpp"
#include "query/query_string.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck {

/// `<epoch>-<seq>`
struct EventId {
  std::string epoch;
  std::uint64_t seq = 0;
};
std::optional<EventId> parse_event_id(std::string_view text);
std::string format_event_id(std::string_view epoch, std::uint64_t seq);

struct EventQuery {
  Filter filter;                                 // since and until as times are in here
  std::shared_ptr<const Expression> expression;  // filter.expression, compiled
  std::optional<EventId> since_id;               // exclusive
  std::optional<EventId> until_id;               // exclusive
  std::string since_text;                        // as given, for messages to the client
  /// What the caller may see at all: only its lists count, and are anded with the filter's. Two
  /// queries that differ in it are different ones, whatever was asked.
  Filter within;
};

/// The query made ready to be asked of events.
inline CompiledFilter compile(const EventQuery& query) {
  CompiledFilter filter(query.filter, query.expression);
  filter.narrow(query.within);
  return filter;
}

/// Takes the parameter if it is one of the filters.
/// @return false when it is not, so that the endpoint may look at it.
Result<bool> read_filter_parameter(const QueryParameter& parameter, EventQuery& query);

/// For parameters nobody took. EventSource polyfills add some that mean nothing to us.
std::optional<Error> reject_unknown(const QueryParameter& parameter);

/// A whole number within [min, max].
Result<std::int64_t> read_integer(const QueryParameter& parameter, std::int64_t min,
                                  std::int64_t max);

}  // namespace tapedeck
