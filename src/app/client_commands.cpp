#include "app/client_commands.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "app/command_support.hpp"
#include "app/event_line.hpp"
#include "app/sse_parser.hpp"
#include "app/terminal_text.hpp"
#include "event/json_writer.hpp"

namespace tapedeck::app {
namespace {

constexpr std::size_t kBatchLines = 2000;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr long kNothingMore = 204;  // a play-back that has been seen to its end

/// Waits up to `delay`; false when interrupted meanwhile.
bool pause_for(std::chrono::milliseconds delay) {
  poll(nullptr, 0, static_cast<int>(delay.count()));
  return !interrupted();
}

class Tail {
 public:
  explicit Tail(const TailOptions& options)
      : options_(options),
        client_(options.url),
        parser_([this](const SseMessage& message) { show(message); }),
        lines_(now(), !options.json && isatty(STDOUT_FILENO) == 1) {}

  int run() {
    std::chrono::milliseconds backoff(500);
    for (bool first = true; !interrupted(); first = false) {
      parser_.reset();
      connected_ = false;
      const auto end = connect(first);
      if (ended_ || interrupted() || !std::cout || output_is_gone()) return finish_output();
      if (end && end->status == kNothingMore) return kExitDone;
      if (!end && first) return fail(end.error().message);
      // What is only so for the moment (a restart, a busy disk) passes.
      const bool may_pass = !first && end && end->status >= 500;
      if (end && end->status != 200 && !may_pass) {
        return fail(error_sentence(end->status, end->body));
      }
      if (connected_) backoff = std::chrono::milliseconds(500);
      fmt::print(stderr, "tapedeck: the stream has ended; connecting again\n");
      if (!pause_for(backoff)) return kExitDone;
      backoff = std::min(backoff * 2, std::chrono::milliseconds(10'000));
    }
    return kExitDone;
  }

 private:
  Result<HttpClient::StreamEnd> connect(bool first) {
    std::vector<std::string> headers = {"Accept: text/event-stream"};
    HttpClient::Parameters parameters = options_.filters;
    if (!first && !parser_.last_id().empty()) {
      headers.push_back("Last-Event-ID: " + parser_.last_id());
    }
    return client_.stream(
        "/api/telemetry/stream", parameters, headers,
        [this](std::string_view bytes) {
          connected_ = true;
          parser_.feed(bytes);
          std::cout.flush();
          return static_cast<bool>(std::cout) && !interrupted() && !ended_;
        },
        [] { return !interrupted() && !output_is_gone(); });
  }

  void show(const SseMessage& message) {
    if (message.event.empty()) {
      std::cout << (options_.json ? message.data + '\n'
                                  : lines_.next(message.data, terminal_width()));
    } else if (message.event == "end") {
      ended_ = true;
    } else if (message.event == "gap") {
      fmt::print(stderr, "tapedeck: events are missing here: {}\n", message.data);
    }
  }

  const TailOptions& options_;
  HttpClient client_;
  SseParser parser_;
  EventLines lines_;
  bool connected_ = false;
  bool ended_ = false;  // the play-back has come to its end
};

/// A field's value as JSON: what is JSON stays, anything else is a string.
std::string field_value(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (!text.empty() && parser.parse(text).get(value) == simdjson::SUCCESS) return text;
  return json::quoted(text);
}

Result<std::string> event_from(const PublishOptions& options) {
  std::string payload = options.payload;
  if (!options.fields.empty() && !payload.empty()) {
    return Error{"usage", "give either name=value fields or --payload, not both", ""};
  }
  if (payload.empty()) {
    for (const std::string& field : options.fields) {
      const std::size_t equals = field.find('=');
      if (equals == std::string::npos || equals == 0) {
        return Error{"usage", fmt::format("\"{}\" is no name=value", field), ""};
      }
      payload += payload.empty() ? "{" : ",";
      payload +=
          json::quoted(field.substr(0, equals)) + ":" + field_value(field.substr(equals + 1));
    }
    payload += payload.empty() ? "{}" : "}";
  }
  std::string event = R"({"type":)" + json::quoted(options.type) + R"(,"payload":)" + payload;
  if (!options.timestamp.empty()) event += R"(,"timestamp":)" + json::quoted(options.timestamp);
  return event + "}";
}

/// Sends one batch. @return the exit code so far.
int send(HttpClient& client, const PublishOptions& options, const std::string& body,
         std::string_view content_type, std::uint64_t& accepted) {
  const auto answer = client.post("/api/telemetry/events", content_type, body);
  if (!answer) return fail(answer.error().message);
  if (answer->status != 200) return fail(error_sentence(answer->status, answer->body));
  if (options.json) std::cout << answer->body;
  simdjson::dom::parser parser;
  std::uint64_t count = 0;
  if (parser.parse(answer->body)["accepted"].get(count) == simdjson::SUCCESS) accepted += count;
  return kExitDone;
}

int publish_lines(HttpClient& client, const PublishOptions& options, std::uint64_t& accepted) {
  std::string batch, line;
  std::size_t lines = 0;
  const auto flush = [&] {
    if (batch.empty()) return kExitDone;
    const std::uint64_t before = accepted;
    const int code = send(client, options, batch, "application/x-ndjson", accepted);
    if (code != kExitDone) {
      fmt::print(stderr,
                 "tapedeck: {} events were accepted before that; event numbers count from them\n",
                 before);
    }
    batch.clear();
    lines = 0;
    return code;
  };
  while (!interrupted() && std::getline(std::cin, line)) {
    batch += line;
    batch += '\n';
    // A line typed or piped slowly goes out at once; a file goes in batches.
    const bool nothing_waiting = std::cin.rdbuf()->in_avail() <= 0;
    if (++lines < kBatchLines && batch.size() < kBatchBytes && !nothing_waiting) continue;
    if (const int code = flush(); code != kExitDone) return code;
  }
  return flush();
}

void print_stats(simdjson::dom::element stats) {
  const auto number = [&](const char* name) {
    std::uint64_t value = 0;
    return stats[name].get(value) == simdjson::SUCCESS ? value : 0;
  };
  const auto row = [](std::string_view name, const std::string& value) {
    fmt::print("{:<20} {:>16}\n", name, value);
  };
  double rate = 0, uptime = 0;
  if (stats["events_per_second"].get(rate) != simdjson::SUCCESS) rate = 0;
  if (stats["uptime_seconds"].get(uptime) != simdjson::SUCCESS) uptime = 0;
  row("events in buffer",
      with_commas(number("total_events")) + " of " + with_commas(number("buffer_size")));
  for (const char* name :
       {"published_total", "dropped_total", "evicted_total", "rejected_total", "subscribers"}) {
    std::string label(name);
    std::replace(label.begin(), label.end(), '_', ' ');
    row(label, with_commas(number(name)));
  }
  row("events per second", fmt::format("{:.1f}", rate));
  row("uptime seconds", fmt::format("{:.0f}", uptime));
  simdjson::dom::object counts;
  if (stats["event_counts"].get(counts) != simdjson::SUCCESS) return;
  fmt::print("\n{:<20} {:>16}\n", "type", "in buffer");
  for (const auto [type, count] : counts) {
    std::uint64_t value = 0;
    if (count.get(value) == simdjson::SUCCESS) row(type, with_commas(value));
  }
}

/// The history: what it holds, how small, how far behind the stream, and whether it is written.
void print_store(simdjson::dom::element stats) {
  simdjson::dom::element store;
  bool enabled = false;
  if (stats["store"].get(store) != simdjson::SUCCESS ||
      store["enabled"].get(enabled) != simdjson::SUCCESS || !enabled) {
    fmt::print("\nhistory: none, events are kept in memory only\n");
    return;
  }
  const auto number = [&](const char* name) {
    std::uint64_t value = 0;
    return store[name].get(value) == simdjson::SUCCESS ? value : 0;
  };
  const auto bytes = static_cast<double>(number("bytes"));
  const auto json_bytes = static_cast<double>(number("json_bytes"));
  const std::uint64_t files = number("files");
  fmt::print("\nhistory: {} events in {} file{}, {}", with_commas(number("events")),
             with_commas(files), files == 1 ? "" : "s", bytes_text(bytes));
  if (json_bytes > 0) {
    fmt::print(" for {} of JSON ({:.0f} %)", bytes_text(json_bytes), bytes / json_bytes * 100);
  }
  fmt::print(", {} events behind\n", with_commas(number("lag_events")));
  if (const std::uint64_t lost = number("lost_total"); lost > 0) {
    fmt::print("history: {} events could not be kept\n", with_commas(lost));
  }
  bool degraded = false;
  std::string_view problem;
  if (store["degraded"].get(degraded) != simdjson::SUCCESS || !degraded) return;
  if (store["problem"].get(problem) != simdjson::SUCCESS) problem = "the reason is not known";
  fmt::print("history: NOT WRITTEN: {}\n", printable(problem));
}

}  // namespace

int run_tail(const TailOptions& options) {
  stop_on_signals();
  return Tail(options).run();
}

int run_publish(const PublishOptions& options) {
  stop_on_signals();
  HttpClient client(options.url);
  std::uint64_t accepted = 0;
  int code = kExitDone;
  if (options.type.empty()) {
    code = publish_lines(client, options, accepted);
  } else {
    const auto event = event_from(options);
    if (!event) {
      fail(event.error().message);
      return kExitWrongUsage;
    }
    code = send(client, options, *event, "application/json", accepted);
  }
  if (code == kExitDone && !options.json) {
    fmt::print("{} event{} accepted\n", accepted, accepted == 1 ? "" : "s");
  }
  return code;
}

int run_stats(const StatsOptions& options) {
  HttpClient client(options.url);
  const auto answer = fetch(client, "/api/telemetry/stats");
  if (!answer) return fail(answer.error().message);
  if (options.json) {
    std::cout << *answer;
    return finish_output();
  }
  simdjson::dom::parser parser;
  simdjson::dom::element stats;
  if (parser.parse(*answer).get(stats) != simdjson::SUCCESS) return fail(not_tapedeck().message);
  print_stats(stats);
  print_store(stats);
  return finish_output();
}

}  // namespace tapedeck::app
