#include "alert/filter_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "event/json_writer.hpp"
#include "filter/expression.hpp"
#include "query/filter_keys.hpp"

namespace tapedeck::alert {
namespace {

constexpr auto kNames = [] {
  std::array<std::string_view, kFilterKeys.size() + 1> names{};
  std::transform(kFilterKeys.begin(), kFilterKeys.end(), names.begin(),
                 [](const FilterKey& key) { return key.name; });
  names.back() = "filter";
  return names;
}();

}  // namespace

std::span<const std::string_view> filter_key_names() {
  return kNames;
}

void require_condition(std::string_view text, std::string_view code, std::string_view pointer) {
  const auto compiled = Expression::compile(text);
  if (!compiled) throw FieldProblem{located(compiled.error(), code, pointer)};
}

Filter read_filter(const JsonFields& fields) {
  Filter filter;
  for (const FilterKey& key : kFilterKeys) fields.read_words(key.name, filter.*key.values);
  fields.read("filter", filter.expression, ExpressionLimits{}.bytes);
  if (fields.has("filter")) {
    require_condition(filter.expression, fields.code(), fields.pointer("filter"));
  }
  return filter;
}

std::string filter_members(const Filter& filter) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", name, json::quoted(value));
  };
  for (const FilterKey& key : kFilterKeys) {
    const auto& values = filter.*key.values;
    if (!values.empty()) add(key.name, fmt::format("{}", fmt::join(values, ",")));
  }
  if (!filter.expression.empty()) add("filter", filter.expression);
  return out;
}

}  // namespace tapedeck::alert
