#include "app/event_line.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::app {
namespace {

namespace dom = simdjson::dom;

// In the order in which they are shown; whatever else a payload holds follows as name=value.
constexpr std::array<std::string_view, 14> kFirst = {
    "symbol", "strategy_name", "strategy", "engine_name",   "signal",     "decision",  "side",
    "status", "qty",           "price",    "position_size", "confidence", "timeframe", "order_id"};

constexpr std::string_view kGreen = "\x1b[32m", kRed = "\x1b[31m", kYellow = "\x1b[33m",
                           kDim = "\x1b[2m", kPlain = "\x1b[0m";

std::string_view colour_of(std::string_view word) {
  constexpr std::array<std::string_view, 4> good = {"BUY", "filled", "active", "resolved"};
  constexpr std::array<std::string_view, 5> bad = {"SELL", "rejected", "error", "firing",
                                                   "degraded"};
  constexpr std::array<std::string_view, 3> notable = {"EXIT", "VETO", "cancelled"};
  const auto in = [&](const auto& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return in(good) ? kGreen : in(bad) ? kRed : in(notable) ? kYellow : std::string_view{};
}

std::string time_of_day(std::string_view timestamp) {
  const auto time = parse_rfc3339(timestamp);
  if (!time) return std::string(timestamp);
  return format_rfc3339(*time + std::chrono::minutes(330)).substr(11, 12);
}

std::string text_of(dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    // A terminal must not obey what an event says.
    std::string clean(text);
    std::replace_if(
        clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    return clean;
  }
  return simdjson::minify(value);
}

/// At most `room` bytes, not cut inside a character.
std::string shortened(std::string text, std::size_t room) {
  if (text.size() <= room) return text;
  if (room < 3) return {};
  std::size_t end = room - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
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
    return event_json;
  }
  std::string out = time_of_day(timestamp) + " " + fmt::format("{:<18}", type);
  if (event["payload"].get(payload) != simdjson::SUCCESS) return out;
  std::size_t shown = out.size();
  for (const std::string_view name : kFirst) {
    dom::element value;
    if (payload[name].get(value) != simdjson::SUCCESS) continue;
    const std::string text = text_of(value);
    const std::string_view paint = colour ? colour_of(text) : std::string_view{};
    out += fmt::format(" {}{}{}", paint, text, paint.empty() ? std::string_view{} : kPlain);
    shown += 1 + text.size();
  }
  std::string details;
  for (const auto [name, value] : payload) {
    if (std::find(kFirst.begin(), kFirst.end(), name) != kFirst.end()) continue;
    details += fmt::format("  {}={}", name, text_of(value));
  }
  if (width > 0) details = shortened(std::move(details), width > shown ? width - shown : 0);
  return colour ? out + std::string(kDim) + details + std::string(kPlain) : out + details;
}

}  // namespace tapedeck::app
