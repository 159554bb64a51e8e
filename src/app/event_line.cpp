#include "app/event_line.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>

#include "app/terminal_text.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::app {
namespace {

namespace dom = simdjson::dom;

// In the order in which they are shown; whatever else a payload holds follows as name=value.
constexpr std::array<std::string_view, 14> kFirst = {
    "symbol", "strategy_name", "strategy", "engine_name",   "signal",     "decision",  "side",
    "status", "qty",           "price",    "position_size", "confidence", "timeframe", "order_id"};

constexpr std::array<std::string_view, 4> kFirstOfAlerts = {"state", "severity", "rule", "summary"};
constexpr std::array<std::string_view, 5> kFirstOfAlertActions = {"action", "rule", "by", "until",
                                                                  "reason"};

std::span<const std::string_view> first_of(std::string_view type) {
  if (type == "alert_event") return kFirstOfAlerts;
  if (type == "alert_action") return kFirstOfAlertActions;
  return kFirst;
}

std::string text_of(dom::element value) {
  std::string_view text;
  // A terminal must not obey what an event says.
  return printable(value.get(text) == simdjson::SUCCESS ? std::string(text)
                                                        : simdjson::minify(value));
}

std::string ist_text(Timestamp moment) {
  return format_rfc3339(moment + std::chrono::minutes(330));
}

/// `2025-11-18`; empty when the event cannot be read.
std::string ist_day_of(const std::string& event_json) {
  thread_local dom::parser parser;
  std::string_view timestamp;
  if (parser.parse(event_json)["timestamp"].get(timestamp) != simdjson::SUCCESS) return {};
  const auto time = parse_rfc3339(timestamp);
  return time ? ist_text(*time).substr(0, 10) : std::string();
}

}  // namespace

std::string event_line(const std::string& event_json, bool colour, std::size_t width) {
  thread_local dom::parser parser;
  dom::object event;
  std::string_view type, timestamp;
  dom::object payload;
  if (parser.parse(event_json).get(event) != simdjson::SUCCESS ||
      event["type"].get(type) != simdjson::SUCCESS ||
      event["timestamp"].get(timestamp) != simdjson::SUCCESS) {
    return printable(event_json);
  }
  const auto time = parse_rfc3339(timestamp);
  const std::string shown_time = time ? ist_text(*time).substr(11, 12) : printable(timestamp);
  std::string out = fmt::format("{} {:<18}", shown_time, type);
  if (event["payload"].get(payload) != simdjson::SUCCESS) return out;
  std::size_t shown = out.size();
  const std::span<const std::string_view> first = first_of(type);
  for (const std::string_view name : first) {
    dom::element value;
    if (payload[name].get(value) != simdjson::SUCCESS) continue;
    const std::string text = text_of(value);
    const std::string_view paint = colour ? ansi::colour_of(text) : std::string_view{};
    out += fmt::format(" {}{}{}", paint, text, paint.empty() ? std::string_view{} : ansi::kPlain);
    shown += 1 + shown_width(text);
  }
  std::string details;
  for (const auto [name, value] : payload) {
    if (std::find(first.begin(), first.end(), name) != first.end()) continue;
    details += fmt::format("  {}={}", printable(name), text_of(value));
  }
  if (width > 0) details = shortened(std::move(details), width > shown ? width - shown : 0);
  return colour ? out + std::string(ansi::kDim) + details + std::string(ansi::kPlain)
                : out + details;
}

EventLines::EventLines(Timestamp now, bool colour)
    : day_(ist_text(now).substr(0, 10)), colour_(colour) {}

std::string EventLines::next(const std::string& event_json, std::size_t width) {
  std::string out;
  const std::string day = ist_day_of(event_json);
  if (!day.empty() && day != day_) {
    day_ = day;
    out = fmt::format("{}-- {} IST --{}\n", colour_ ? ansi::kDim : "", day,
                      colour_ ? ansi::kPlain : "");
  }
  return out + event_line(event_json, colour_, width) + '\n';
}

}  // namespace tapedeck::app
