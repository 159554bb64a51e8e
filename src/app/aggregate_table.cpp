#include "app/aggregate_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/answer_fields.hpp"
#include "app/command_support.hpp"
#include "app/table.hpp"
#include "app/terminal_text.hpp"
#include "app/time_words.hpp"

namespace tapedeck::app {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kFootnote = "* not over yet\n";

std::string start_of(dom::element bucket) {
  return ist_date_and_time(text_at(bucket, "start")) + (flag_at(bucket, "partial") ? " *" : "");
}

std::string value_of(dom::element group, bool whole) {
  if (const auto count = whole_at(group, "value"); whole && count && *count >= 0) {
    return with_commas(static_cast<std::uint64_t>(*count));
  }
  const auto value = number_at(group, "value");
  if (!value) return "-";
  return (flag_at(group, "inexact") ? "~" : "") + decimal(*value);
}

std::string count_of(dom::element group) {
  return with_commas(
      static_cast<std::uint64_t>(std::max<std::int64_t>(whole_at(group, "count").value_or(0), 0)));
}

/// What a group's events have in common: a value, `(none)`, `(other)`.
std::string key_of(dom::element group, std::string_view dimension) {
  dom::element key;
  std::string_view text;
  if (group["key"].get(key) == simdjson::SUCCESS && key[dimension].get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  return flag_at(group, "other") ? "(other)" : "(none)";
}

/// The different keys of the one dimension, in the order of the answer.
std::vector<std::string> keys_of(dom::element answer, std::string_view dimension) {
  std::vector<std::string> keys;
  for (const dom::element bucket : list_at(answer, "buckets")) {
    for (const dom::element group : list_at(bucket, "groups")) {
      const std::string key = key_of(group, dimension);
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
      if (keys.size() > kMaxGroupColumns) return keys;
    }
  }
  // An answer orders the groups of each bucket; one that comes first in a later bucket does not.
  std::sort(keys.begin(), keys.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.starts_with('('), std::string_view(a)) <
           std::pair(b.starts_with('('), std::string_view(b));
  });
  return keys;
}

Table wide_table(dom::element answer, std::string_view dimension,
                 const std::vector<std::string>& keys, bool whole) {
  std::vector<Table::Column> columns = {{"from (IST)"}};
  for (const std::string& key : keys) columns.push_back({key, Align::right});
  Table table(std::move(columns));
  for (const dom::element bucket : list_at(answer, "buckets")) {
    std::vector<std::string> row(keys.size() + 1);
    row[0] = start_of(bucket);
    for (const dom::element group : list_at(bucket, "groups")) {
      const auto at = std::find(keys.begin(), keys.end(), key_of(group, dimension));
      row[static_cast<std::size_t>(at - keys.begin()) + 1] = value_of(group, whole);
    }
    table.add_row(std::move(row));
  }
  return table;
}

Table long_table(dom::element answer, const std::vector<std::string_view>& dimensions,
                 std::string_view title, bool whole) {
  std::vector<Table::Column> columns = {{"from (IST)"}};
  for (const std::string_view dimension : dimensions) columns.push_back({std::string(dimension)});
  columns.push_back({std::string(title), Align::right});
  if (!whole) columns.push_back({"count", Align::right});
  Table table(std::move(columns));
  for (const dom::element bucket : list_at(answer, "buckets")) {
    for (const dom::element group : list_at(bucket, "groups")) {
      std::vector<std::string> row = {start_of(bucket)};
      for (const std::string_view dimension : dimensions) row.push_back(key_of(group, dimension));
      row.push_back(value_of(group, whole));
      row.push_back(count_of(group));
      table.add_row(std::move(row));
    }
  }
  return table;
}

}  // namespace

Result<std::string> aggregate_table(const std::string& answer, std::size_t width, bool colour) {
  dom::parser parser;
  dom::element root;
  dom::array buckets;
  if (parser.parse(answer).get(root) != simdjson::SUCCESS ||
      root["buckets"].get(buckets) != simdjson::SUCCESS) {
    return not_tapedeck();
  }
  if (buckets.size() == 0) return std::string();
  const std::string_view metric = text_at(root, "metric"), field = text_at(root, "field");
  const bool whole = metric == "count";
  std::vector<std::string_view> dimensions;
  for (const dom::element name : list_at(root, "group_by")) {
    std::string_view dimension;
    if (name.get(dimension) == simdjson::SUCCESS) dimensions.push_back(dimension);
  }
  const auto finish = [&](const Table& table) {
    std::string out = table.text(width, colour);
    const auto partial = [](dom::element bucket) { return flag_at(bucket, "partial"); };
    if (std::any_of(buckets.begin(), buckets.end(), partial)) out += kFootnote;
    return out;
  };
  if (dimensions.size() == 1) {
    const std::vector<std::string> keys = keys_of(root, dimensions.front());
    if (keys.size() <= kMaxGroupColumns) {
      return finish(wide_table(root, dimensions.front(), keys, whole));
    }
  }
  const std::string title =
      field.empty() ? std::string(metric) : fmt::format("{} {}", metric, field);
  return finish(long_table(root, dimensions, title, whole));
}

}  // namespace tapedeck::app
