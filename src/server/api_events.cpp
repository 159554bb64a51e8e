// GET /events and GET /latest: the newest events, from the log alone when that is enough, else from
// the history behind it.
#include <fmt/format.h>

#include <algorithm>

#include "bus/access.hpp"
#include "query/event_query.hpp"
#include "query/tape.hpp"
#include "server/api_handlers.hpp"
#include "server/auth_gate.hpp"
#include "server/latest_keys.hpp"
#include "server/narrowing.hpp"

namespace tapedeck {
namespace {

constexpr std::int64_t kDefaultLimit = 100;
constexpr std::int64_t kMaxLimit = 1000;
constexpr std::size_t kMaxLatest = 10'000;
constexpr std::size_t kAnswerBytes = std::size_t{64} << 20;  // of events in one answer

/// `{"ok":true,"events":[...],"count":n` of a selection, oldest first; the caller closes it.
std::string events_json(const Selection& selection) {
  std::size_t size = 128;
  for (const auto& item : selection.items) size += item.index->json_length() + 1;
  std::string out;
  out.reserve(size);
  out += R"({"ok":true,"events":[)";
  for (auto item = selection.items.rbegin(); item != selection.items.rend(); ++item) {
    if (item != selection.items.rbegin()) out += ',';
    out += item->json();
  }
  fmt::format_to(std::back_inserter(out), R"(],"count":{})", selection.items.size());
  return out;
}

/// Where a request wants to look (`in=`).
enum class Where : std::uint8_t { usual, buffer, store };

struct EventsRequest {
  EventQuery query;
  std::size_t limit = kDefaultLimit;
  std::optional<EventId> cursor;
  Where where = Where::usual;

  bool has_range() const {
    return query.filter.since || query.filter.until || query.since_id || query.until_id;
  }
};

std::optional<Error> read_where(const QueryParameter& parameter, const Tape& tape, Where& out) {
  if (parameter.value == "buffer") {
    out = Where::buffer;
    return std::nullopt;
  }
  if (tape.history() == nullptr) {
    return Error{"invalid_parameter",
                 "in=" + parameter.value.substr(0, 40) +
                     ": this server keeps events in memory only; in=buffer is what there is.",
                 "in"};
  }
  out = Where::store;
  if (parameter.value == "store") return std::nullopt;
  return Error{"invalid_parameter",
               "in=" + parameter.value.substr(0, 40) + ": must be buffer or store.", "in"};
}

/// The parameters that GET /events has beside the filters.
std::optional<Error> read_page_parameter(const QueryParameter& parameter, const Tape& tape,
                                         EventsRequest& out) {
  if (parameter.name == "limit") {
    const auto limit = read_integer(parameter, 1, INT64_MAX);
    if (!limit) return limit.error();
    out.limit = static_cast<std::size_t>(std::min(*limit, kMaxLimit));
    return std::nullopt;
  }
  if (parameter.name == "cursor") {
    out.cursor = parse_event_id(parameter.value);
    if (out.cursor) return std::nullopt;
    return Error{"invalid_parameter", "cursor must be the \"next\" of an earlier answer.",
                 "cursor"};
  }
  if (parameter.name == "in") return read_where(parameter, tape, out.where);
  return reject_unknown(parameter);
}

/// The oldest event a request may see. In memory a range reaches what the log still has above what
/// was cleared; stored events are reached by any range and by in=store, cleared or not.
std::uint64_t lowest_seq(const Tape& tape, const EventsRequest& wanted) {
  const EventLog& log = tape.log();
  if (wanted.where == Where::buffer) return log.buffer_first_seq();
  if (tape.history() != nullptr) {
    const bool all = wanted.where == Where::store || wanted.has_range();
    return all ? tape.oldest_seq() : std::max(tape.oldest_seq(), log.floor_seq());
  }
  return wanted.has_range() ? std::max(log.first_seq(), log.floor_seq()) : log.buffer_first_seq();
}

/// The numbers to look at, narrowed by bounds that are ids. An id of a history that is not here
/// bounds nothing: since an older one everything is newer.
SeqBounds bounds_of(const Tape& tape, const EventsRequest& wanted) {
  const std::uint64_t lowest = lowest_seq(tape, wanted);
  SeqBounds bounds = tape.narrow(wanted.query, {lowest, tape.end_seq()});
  bounds.first = std::max(bounds.first, lowest);
  return bounds;
}

HttpResponse page_response(const Tape& tape, const Selection& selection) {
  std::string out = events_json(selection);
  if (selection.more) {
    fmt::format_to(std::back_inserter(out), R"(,"next":"{}")", tape.id_of(selection.next));
  }
  out += "}\n";
  return json_response(std::move(out));
}

}  // namespace

HttpResponse get_events(const ApiContext& api, const HttpRequest& request) {
  EventsRequest wanted;
  wanted.query.within = visible_to(*request.grant);
  for (const QueryParameter& parameter : request.parsed.parameters) {
    const auto taken = read_filter_parameter(parameter, wanted.query);
    if (!taken) return error_response(taken.error());
    if (*taken) continue;
    if (auto error = read_page_parameter(parameter, api.tape, wanted)) {
      return error_response(*error);
    }
  }
  BusAccess::collect_share(api.bus);
  const Tape& tape = api.tape;
  SeqBounds bounds = bounds_of(tape, wanted);
  if (wanted.cursor) {
    const auto before = tape.seq_of(*wanted.cursor);
    if (!before) {
      return error_response({"invalid_parameter",
                             "The cursor belongs to another history; begin again without it.",
                             "cursor"});
    }
    bounds.end = std::min(bounds.end, *before);
  }
  auto filter = compile(wanted.query);
  // What the buffer answers in full needs nobody else.
  const std::uint64_t in_buffer = std::max(bounds.first, tape.log().buffer_first_seq());
  const bool whole = !tape.reaches_history(bounds.first);
  Selection page =
      select_newest(tape.log(), filter, whole ? bounds.first : in_buffer, bounds.end, wanted.limit);
  if (whole || page.more) {
    if (page.more) page.next = page.items.back().seq;
    return page_response(tape, page);
  }
  const ReadLimits limits{wanted.limit, kAnswerBytes, api.options.read_looks};
  return later_response([&tape, filter = std::move(filter), bounds, limits] {
    return page_response(tape, tape.newest(filter, bounds, limits));
  });
}

namespace {

/// Reads a comma list; "type" is no Key.
std::optional<Error> read_latest_keys(const QueryParameter& parameter, LatestKeys& out) {
  out = {};
  std::string_view rest = parameter.value;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    const auto known = std::find_if(kLatestKeys.begin(), kLatestKeys.end(),
                                    [&](const auto& key) { return key.first == name; });
    if (name == "type") {
      out.by_type = true;
    } else if (known != kLatestKeys.end()) {
      out.keys.push_back(known->second);
    } else {
      return Error{"invalid_parameter",
                   "by=" + std::string(name.substr(0, 40)) +
                       ": must be a list of type, symbol, exchange, strategy, engine, order_id, "
                       "correlation_id, host, engine_id, run_id, account, mode.",
                   "by"};
    }
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

/// `at` is `until` by the name that says what it does here.
std::optional<Error> read_moment(const QueryParameter& parameter, EventQuery& query) {
  const auto at = parse_rfc3339(parameter.value);
  if (!at) {
    return Error{"invalid_parameter",
                 "at=" + parameter.value.substr(0, 80) +
                     ": must be an RFC 3339 time with an offset (2025-11-18T07:55:41Z; write + as "
                     "%2B).",
                 "at"};
  }
  if (query.filter.until || query.until_id) {
    return Error{"invalid_parameter", "at and until are the same bound here; give one, once.",
                 "at"};
  }
  query.filter.until = *at;
  return std::nullopt;
}

std::optional<Error> read_latest_parameter(const QueryParameter& parameter, EventsRequest& out,
                                           LatestKeys& keys) {
  if (parameter.name == "by") return read_latest_keys(parameter, keys);
  if (parameter.name == "at") return read_moment(parameter, out.query);
  const auto taken = read_filter_parameter(parameter, out.query);
  if (!taken) return taken.error();
  return *taken ? std::nullopt : reject_unknown(parameter);
}

HttpResponse latest_response(const Selection& selection) {
  return json_response(events_json(selection) +
                       fmt::format(",\"truncated\":{}}}\n", selection.more));
}

}  // namespace

HttpResponse get_latest(const ApiContext& api, const HttpRequest& request) {
  EventsRequest wanted;
  wanted.query.within = visible_to(*request.grant);
  LatestKeys keys{{Key::symbol, Key::strategy, Key::engine}, true};
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (auto error = read_latest_parameter(parameter, wanted, keys)) return error_response(*error);
  }
  BusAccess::collect_share(api.bus);
  const Tape& tape = api.tape;
  const EventLog& log = tape.log();
  SeqBounds bounds = bounds_of(tape, wanted);
  if (tape.history() == nullptr && !wanted.has_range()) {
    bounds.first = std::max(log.first_seq(), log.floor_seq());  // not only the buffer
  }
  const ReadLimits limits{kMaxLatest, kAnswerBytes, api.options.read_looks};
  auto filter = compile(wanted.query);
  if (!tape.reaches_history(bounds.first)) {
    return latest_response(tape.latest(filter, keys, bounds, limits));
  }
  return later_response([&tape, filter = std::move(filter), keys, bounds, limits] {
    return latest_response(tape.latest(filter, keys, bounds, limits));
  });
}

HttpResponse clear_events(const ApiContext& api, const HttpRequest& request) {
  if (const auto error = refuse_narrowed(*request.grant, "Clearing empties the buffer")) {
    return error_response(*error);
  }
  api.bus.clear_buffer();
  record(api.auth, request, "clear_buffer");
  return json_response("{\"ok\":true}\n");
}

}  // namespace tapedeck
