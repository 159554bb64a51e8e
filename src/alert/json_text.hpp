// JsonObject: what this room writes as JSON, member by member. Appends to a string of the caller's;
// one thread. Numbers and texts are spelled by the one encoder (event/json_writer.hpp).
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alert/notification.hpp"
#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::alert {

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  JsonObject& text(std::string_view name, std::string_view value) {
    begin(name);
    json::append_string(out_, value);
    return *this;
  }
  JsonObject& integer(std::string_view name, std::int64_t value) {
    return raw(name, fmt::to_string(value));
  }
  /// `value` is JSON.
  JsonObject& raw(std::string_view name, std::string_view value) {
    begin(name);
    out_ += value;
    return *this;
  }
  void end() { out_ += '}'; }

 private:
  void begin(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    json::append_string(out_, name);
    out_ += ':';
  }

  std::string& out_;
};

/// Shortest; null for none and for what is not finite.
inline std::string number_json(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return "null";
  char text[json::kMaxNumber];
  return {text, json::write_number(text, *value)};
}

/// RFC 3339; null for 0.
inline std::string time_json(std::int64_t ns) {
  return ns == 0 ? "null" : fmt::format(R"("{}")", format_rfc3339(from_ns(ns)));
}

inline std::string group_json(const Group& group) {
  std::string out;
  JsonObject object(out);
  for (const auto& [name, value] : group) object.text(name, value);
  object.end();
  return out;
}

}  // namespace tapedeck::alert
