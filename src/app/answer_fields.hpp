// Members of an answer by their names, where a missing member, null and a value of another type are
// all the same: nothing. Views live as long as the parser that made the element.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tapedeck::app {

/// Empty: there is none.
inline std::string_view text_at(simdjson::dom::element object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}
inline std::optional<double> number_at(simdjson::dom::element object, std::string_view name) {
  double number = 0;
  if (object[name].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}
inline std::optional<std::int64_t> whole_at(simdjson::dom::element object, std::string_view name) {
  std::int64_t number = 0;
  if (object[name].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}
inline bool flag_at(simdjson::dom::element object, std::string_view name) {
  bool flag = false;
  return object[name].get(flag) == simdjson::SUCCESS && flag;
}
inline std::vector<simdjson::dom::element> list_at(simdjson::dom::element object,
                                                   std::string_view name) {
  simdjson::dom::array list;
  if (object[name].get(list) != simdjson::SUCCESS) return {};
  return {list.begin(), list.end()};
}
/// nothing for null
inline std::optional<simdjson::dom::element> object_at(simdjson::dom::element object,
                                                       std::string_view name) {
  simdjson::dom::element element;
  if (object[name].get(element) != simdjson::SUCCESS || !element.is_object()) return std::nullopt;
  return element;
}

}  // namespace tapedeck::app
