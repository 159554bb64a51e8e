#include "auth/strict_json.hpp"

#include <algorithm>

namespace tapedeck::auth {
namespace {

using Element = StrictJson::Element;
using Object = StrictJson::Object;

/// A name that an object within has twice.
std::optional<std::string> repeated_name(Element element) {
  if (element.is_array()) {
    for (const Element item : element.get_array()) {
      if (auto name = repeated_name(item)) return name;
    }
    return std::nullopt;
  }
  if (!element.is_object()) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto field : element.get_object()) {
    if (auto name = repeated_name(field.value)) return name;
    names.push_back(field.key);
  }
  std::sort(names.begin(), names.end());
  const auto repeated = std::adjacent_find(names.begin(), names.end());
  if (repeated == names.end()) return std::nullopt;
  return std::string(*repeated);
}

}  // namespace

Result<Object> StrictJson::parse_object(std::string_view text) {
  const auto error = [](std::string what) { return Error{"invalid_json", std::move(what), ""}; };
  Element root;
  if (text.empty() || parser_.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return error("is not valid JSON");
  }
  Object object;
  if (root.get(object) != simdjson::SUCCESS) return error("is not a JSON object");
  if (const auto name = repeated_name(root)) {
    return error(is_printable(*name) && name->size() <= 64 ? "has \"" + *name + "\" twice"
                                                           : "has a name twice");
  }
  return object;
}

std::optional<Element> member_of(Object object, std::string_view name) {
  Element element;
  if (object.at_key(name).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

std::optional<std::string_view> text_of(Element element) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<std::vector<std::string>> texts_of(Element element, std::size_t max_bytes) {
  simdjson::dom::array items;
  if (element.get(items) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string> texts;
  for (const Element item : items) {
    const auto text = text_of(item);
    if (!text || text->empty() || text->size() > max_bytes || !is_printable(*text)) {
      return std::nullopt;
    }
    texts.emplace_back(*text);
  }
  if (texts.empty()) return std::nullopt;
  return texts;
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace tapedeck::auth
