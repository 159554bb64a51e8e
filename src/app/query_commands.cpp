#include "app/query_commands.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "app/aggregate_table.hpp"
#include "app/command_support.hpp"
#include "app/event_line.hpp"
#include "app/trade_table.hpp"

namespace tapedeck::app {
namespace {

constexpr std::size_t kPageEvents = 1000;  // what the server answers at most
constexpr std::string_view kEventsPath = "/api/telemetry/events";

bool colour_wanted() {
  return isatty(STDOUT_FILENO) == 1;
}

/// A page of GET /events or /latest, each event as the server spelled it.
struct Page {
  std::vector<std::string> events;  // oldest first
  std::string next;                 // empty: there are no older ones
  bool truncated = false;           // of /latest: there are more keys
};

Result<Page> read_page(const std::string& answer) {
  Page page;
  const simdjson::padded_string text(answer);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array events;
  if (parser.iterate(text).get(document) != simdjson::SUCCESS ||
      document["events"].get(events) != simdjson::SUCCESS) {
    return not_tapedeck();
  }
  for (auto event : events) {
    simdjson::ondemand::object object;
    std::string_view json;
    if (event.get(object) != simdjson::SUCCESS ||
        object.raw_json().get(json) != simdjson::SUCCESS) {
      return not_tapedeck();
    }
    page.events.emplace_back(json);
  }
  std::string_view next;
  if (document["next"].get(next) == simdjson::SUCCESS) page.next = next;
  bool truncated = false;
  page.truncated = document["truncated"].get(truncated) == simdjson::SUCCESS && truncated;
  return page;
}

/// Writes events, the oldest first, as lines or NDJSON.
class EventWriter {
 public:
  explicit EventWriter(bool json) : json_(json), lines_(now(), colour_wanted()) {}
  /// @return false when nobody reads any more
  bool write(const std::string& event) {
    std::cout << (json_ ? event + '\n' : lines_.next(event, terminal_width()));
    return static_cast<bool>(std::cout);
  }

 private:
  const bool json_;
  EventLines lines_;
};

/// The newest events, page by page towards the past.
Result<Page> fetch_newest(HttpClient& client, const QueryOptions& options) {
  Page all;
  all.next = options.cursor;
  do {
    HttpClient::Parameters parameters = options.filters;
    const std::size_t left = options.limit - all.events.size();
    parameters.emplace_back("limit", std::to_string(std::min(left, kPageEvents)));
    if (!options.in.empty()) parameters.emplace_back("in", options.in);
    if (!all.next.empty()) parameters.emplace_back("cursor", all.next);
    const auto answer = fetch(client, kEventsPath, parameters);
    if (!answer) return answer.error();
    auto page = read_page(*answer);
    if (!page) return std::move(page).error();
    std::move(page->events.rbegin(), page->events.rend(), std::back_inserter(all.events));
    all.next = std::move(page->next);
  } while (!all.next.empty() && all.events.size() < options.limit && !interrupted());
  std::reverse(all.events.begin(), all.events.end());
  return all;
}

/// Everything that matches, as it comes.
int stream_all(HttpClient& client, const QueryOptions& options) {
  EventWriter writer(options.json);
  std::string line;
  const auto on_data = [&](std::string_view bytes) {
    for (std::size_t end = 0; (end = bytes.find('\n')) != std::string_view::npos;) {
      line += bytes.substr(0, end);
      if (!writer.write(line)) return false;
      line.clear();
      bytes.remove_prefix(end + 1);
    }
    line += bytes;
    return true;
  };
  const auto end = client.stream("/api/telemetry/export", options.filters, {}, on_data,
                                 [] { return !interrupted() && !output_is_gone(); });
  if (!end) return fail(end.error().message);
  if (end->status != 200) return fail(error_sentence(end->status, end->body));
  if (const int code = finish_output(); code != kExitDone) return code;
  if (interrupted()) return fail("interrupted: there are more events than were printed");
  if (end->stopped) return kExitDone;  // who reads has enough
  if (!end->whole) return fail("the connection broke: there are more events than were printed");
  return kExitDone;
}

/// Prints a table, or why there is none.
int print_table(const Result<std::string>& table, std::string_view when_empty) {
  if (!table) return fail(table.error().message);
  if (table->empty()) {
    fmt::print(stderr, "tapedeck: {}\n", when_empty);
  } else {
    std::cout << *table;
  }
  return finish_output();
}

}  // namespace

int run_query(const QueryOptions& options) {
  stop_on_signals();
  HttpClient client(options.url);
  if (options.all) return stream_all(client, options);
  const auto page = fetch_newest(client, options);
  if (!page) return fail(page.error().message);
  if (interrupted()) return fail("interrupted before all events had come");
  EventWriter writer(options.json);
  for (const std::string& event : page->events) {
    if (!writer.write(event)) break;
  }
  if (const int code = finish_output(); code != kExitDone) return code;
  if (page->events.empty()) fmt::print(stderr, "tapedeck: no event matches\n");
  if (!page->next.empty()) {
    fmt::print(stderr, "tapedeck: there are older ones: --cursor {}\n", page->next);
  }
  return kExitDone;
}

int run_latest(const LatestOptions& options) {
  HttpClient client(options.url);
  const auto answer = fetch(client, "/api/telemetry/latest", options.parameters);
  if (!answer) return fail(answer.error().message);
  const auto page = read_page(*answer);
  if (!page) return fail(page.error().message);
  EventWriter writer(options.json);
  for (const std::string& event : page->events) writer.write(event);
  if (const int code = finish_output(); code != kExitDone) return code;
  if (page->events.empty()) fmt::print(stderr, "tapedeck: no event matches\n");
  if (page->truncated) {
    fmt::print(stderr, "tapedeck: that is not all: name fewer keys with --by, or filter\n");
  }
  return kExitDone;
}

int run_aggregates(const AggregatesOptions& options) {
  HttpClient client(options.url);
  const auto answer = fetch(client, "/api/telemetry/aggregates", options.parameters);
  if (!answer) return fail(answer.error().message);
  if (options.json) {
    std::cout << *answer;
    return finish_output();
  }
  return print_table(aggregate_table(*answer, terminal_width(), colour_wanted()),
                     "no event matches (without --since the last hour is looked at)");
}

int run_trades(const TradesOptions& options) {
  HttpClient client(options.url);
  const std::string path = options.id.empty() ? "/api/telemetry/trades"
                                              : "/api/telemetry/trades/" + url_part(options.id);
  const auto answer = fetch(client, path, options.parameters);
  if (!answer) return fail(answer.error().message);
  if (options.json) {
    std::cout << *answer;
    return finish_output();
  }
  if (!options.id.empty()) {
    return print_table(trade_chain(*answer, terminal_width(), colour_wanted()), "no such trade");
  }
  const int code =
      print_table(trades_table(*answer, terminal_width(), colour_wanted()), "no trade matches");
  simdjson::dom::parser parser;
  std::string_view next;
  if (code == kExitDone && parser.parse(*answer)["next"].get(next) == simdjson::SUCCESS) {
    fmt::print(stderr, "tapedeck: there are older ones: --cursor '{}'\n", next);
  }
  return code;
}

}  // namespace tapedeck::app
