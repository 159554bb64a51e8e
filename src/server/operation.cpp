#include "server/operation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "event/json_writer.hpp"
#include "query/filter_keys.hpp"
#include "server/json_text.hpp"
#include "server/operation_tables.hpp"

namespace tapedeck {
namespace tables {

std::vector<ParameterSpec> joined(std::vector<ParameterSpec> first,
                                  const std::vector<ParameterSpec>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<ParameterSpec> filter_keys(const std::vector<std::string_view>& without) {
  std::vector<ParameterSpec> out;
  for (const FilterKey& key : kFilterKeys) {
    if (std::find(without.begin(), without.end(), key.name) != without.end()) continue;
    out.push_back({.name = key.name, .kind = ParameterKind::list, .description = key.meaning});
  }
  return out;
}

std::vector<ParameterSpec> bounds(ParameterKind kind) {
  const bool ids = kind == ParameterKind::time_or_id;
  return {{.name = "since",
           .kind = kind,
           .description = ids ? "From this time on (inclusive), or after the event with this id."
                              : "From this time on (inclusive)."},
          {.name = "until",
           .kind = kind,
           .description = ids ? "Up to this time (inclusive), or before the event with this id."
                              : "Up to this time (inclusive)."}};
}

ParameterSpec expression() {
  return {.name = "filter",
          .description =
              "A condition over type, timestamp, payload and source in a subset of CEL; "
              "at most 4096 bytes.",
          .format = "cel",
          .example = R"("payload.qty * payload.price > 1e6")"};
}

std::vector<ParameterSpec> filters() {
  return joined(joined(filter_keys(), bounds()), {expression()});
}

std::vector<std::string_view> history_errors() {
  return {"invalid_parameter", "invalid_filter", "busy", "store_unreadable", "store_slow"};
}

}  // namespace tables

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> out = tables::event_operations();
    for (auto* chapter :
         {tables::figure_operations, tables::alert_operations, tables::service_operations}) {
      std::vector<Operation> more = chapter();
      std::move(more.begin(), more.end(), std::back_inserter(out));
    }
    return out;
  }();
  return all;
}

const Operation* find_operation(std::string_view method, std::string_view path) {
  const auto& all = operations();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Operation& operation) {
    return operation.method == method && operation.path == path;
  });
  return found == all.end() ? nullptr : &*found;
}

namespace {

JsonObject word_schema(const ParameterSpec& parameter) {
  JsonArray words;
  for (const std::string_view word : parameter.words) words.text(word);
  return JsonObject().text("type", "string").add("enum", words.json());
}

JsonObject list_schema(const ParameterSpec& parameter, const JsonObject& item) {
  JsonObject schema;
  schema.text("type", "array").add("items", item.json()).add("minItems", "1");
  if (parameter.unique) schema.add("uniqueItems", "true");
  return schema;
}

JsonObject text_schema(const ParameterSpec& parameter) {
  JsonObject schema;
  schema.text("type", "string");
  if (!parameter.pattern.empty()) schema.text("pattern", parameter.pattern);
  if (!parameter.format.empty()) schema.text("format", parameter.format);
  return schema;
}

JsonObject number_schema(const ParameterSpec& parameter, std::string_view type) {
  return JsonObject()
      .text("type", type)
      .add("minimum", std::to_string(parameter.min))
      .add("maximum", std::to_string(parameter.max));
}

JsonObject bare_schema(const ParameterSpec& parameter) {
  switch (parameter.kind) {
    case ParameterKind::integer:
      return number_schema(parameter, "integer").text("format", "int64");
    case ParameterKind::number:
      return number_schema(parameter, "number").text("format", "double");
    case ParameterKind::word:
      return word_schema(parameter);
    case ParameterKind::words:
      return list_schema(parameter, word_schema(parameter));
    case ParameterKind::list: {
      const std::string_view pattern = parameter.pattern.empty() ? "^[^,]+$" : parameter.pattern;
      return list_schema(parameter, JsonObject().text("type", "string").text("pattern", pattern));
    }
    case ParameterKind::time:
      return JsonObject().text("type", "string").text("format", "date-time");
    case ParameterKind::time_or_id:
      return JsonObject().add("anyOf",
                              R"([{"type":"string","format":"date-time"},)"
                              R"({"type":"string","pattern":"^[0-9a-z]{1,32}-[0-9]{1,19}$"}])");
    case ParameterKind::text:
    case ParameterKind::refused:
      break;
  }
  return text_schema(parameter);
}

}  // namespace

std::string schema_of(const ParameterSpec& parameter) {
  JsonObject schema = bare_schema(parameter);
  if (!parameter.default_value.empty()) schema.add("default", parameter.default_value);
  return schema.json();
}

}  // namespace tapedeck
