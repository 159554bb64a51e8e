#include "alert/threshold_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

#include "alert/json_fields.hpp"
#include "event/json_writer.hpp"
#include "filter/value_expression.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kPointer = "/threshold";
constexpr std::size_t kShownBytes = 40;

constexpr std::array kAggregates{Aggregate::count, Aggregate::rate, Aggregate::sum, Aggregate::avg,
                                 Aggregate::min,   Aggregate::max,  Aggregate::p50, Aggregate::p90,
                                 Aggregate::p99,   Aggregate::last};
// Those of two characters first, as `>` begins `>=`.
constexpr std::array kComparisons{Comparison::at_least,  Comparison::at_most, Comparison::equal,
                                  Comparison::not_equal, Comparison::greater, Comparison::less};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

Error invalid(std::string_view sentence) {
  return {"invalid_rule", fmt::format("threshold: {}", sentence), std::string(kPointer)};
}
std::string shown(std::string_view text) {
  return json::quoted(text.substr(0, kShownBytes));
}

/// What JSON calls a number, and finite: no `inf`, no `0x1`, no `+1`.
std::optional<double> parse_number(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  double number = 0;
  if (text.empty() || parser.parse(text.data(), text.size()).get(element) != simdjson::SUCCESS ||
      !element.is_number() || element.get(number) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return number == 0 ? 0.0 : number;  // -0 is not read back
}

/// Behind the parenthesis: `> 250`.
std::optional<Error> read_limit(std::string_view text, Threshold& to) {
  const auto comparison = std::find_if(kComparisons.begin(), kComparisons.end(), [&](Comparison c) {
    return text.starts_with(to_string(c));
  });
  if (comparison == kComparisons.end()) {
    return invalid(
        fmt::format("behind the parenthesis must be >, >=, <, <=, == or != and a number, not {}.",
                    shown(text)));
  }
  const std::string_view number = trimmed(text.substr(to_string(*comparison).size()));
  const auto limit = parse_number(number);
  if (!limit) {
    return invalid(fmt::format("behind {} must be a number such as 250 or 0.5, not {}.",
                               to_string(*comparison), shown(number)));
  }
  to.comparison = *comparison;
  to.limit = *limit;
  return std::nullopt;
}

}  // namespace

Result<Threshold> parse_threshold(std::string_view text) {
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return invalid(
        fmt::format("must be AGGREGATE(EXPRESSION) COMPARISON NUMBER, such as "
                    "avg(payload.latency_ms) > 250, not {}.",
                    shown(text)));
  }
  Threshold out;
  const std::string_view name = trimmed(text.substr(0, open));
  const auto aggregate = std::find_if(kAggregates.begin(), kAggregates.end(),
                                      [&](Aggregate a) { return to_string(a) == name; });
  if (aggregate == kAggregates.end()) {
    return invalid(fmt::format(
        "there is no aggregate {}; there are count, rate, sum, avg, min, max, p50, p90, p99 and "
        "last.",
        shown(name)));
  }
  out.aggregate = *aggregate;
  out.value = trimmed(text.substr(open + 1, close - open - 1));
  const bool counts = out.aggregate == Aggregate::count || out.aggregate == Aggregate::rate;
  if (out.value.empty() && !counts) {
    return invalid(fmt::format("{0}() needs an expression, such as {0}(payload.price).", name));
  }
  if (!out.value.empty()) {
    // Blanks in the place of what stands before it make columns those of the whole text.
    const std::string padded =
        std::string(open + 1, ' ') + std::string(text.substr(open + 1, close - open - 1));
    const auto compiled = ValueExpression::compile(padded);
    if (!compiled) return located(compiled.error(), "invalid_rule", kPointer);
  }
  if (auto problem = read_limit(trimmed(text.substr(close + 1)), out)) return *std::move(problem);
  return out;
}

std::string threshold_text(const Threshold& threshold) {
  return fmt::format("{}({}) {} {}", to_string(threshold.aggregate), threshold.value,
                     to_string(threshold.comparison), threshold.limit);
}

}  // namespace tapedeck::alert
