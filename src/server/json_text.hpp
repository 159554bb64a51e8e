// JsonObject and JsonArray put JSON text together member by member, in the order they are given.
// For documents made once, not for hot roads. Not thread-safe.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "event/json_writer.hpp"

namespace tapedeck {

class JsonObject {
 public:
  /// @param value JSON text
  JsonObject& add(std::string_view name, std::string_view value) {
    if (!members_.empty()) members_ += ',';
    json::append_string(members_, name);
    members_ += ':';
    members_ += value;
    return *this;
  }
  JsonObject& text(std::string_view name, std::string_view value) {
    return add(name, json::quoted(value));
  }
  bool empty() const noexcept { return members_.empty(); }
  std::string json() const { return fmt::format("{{{}}}", members_); }

 private:
  std::string members_;
};

class JsonArray {
 public:
  /// @param value JSON text
  JsonArray& add(std::string_view value) {
    if (!items_.empty()) items_ += ',';
    items_ += value;
    return *this;
  }
  JsonArray& text(std::string_view value) { return add(json::quoted(value)); }
  std::string json() const { return fmt::format("[{}]", items_); }

 private:
  std::string items_;
};

/// `{"$ref":"..."}`
inline std::string json_reference(std::string_view to) {
  return JsonObject().text("$ref", to).json();
}

}  // namespace tapedeck
