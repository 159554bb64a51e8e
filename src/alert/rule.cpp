#include "alert/rule.hpp"

#include <algorithm>

namespace tapedeck::alert {

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::critical:
      return "critical";
    default:
      return "warning";
  }
}

std::string_view to_string(Aggregate aggregate) noexcept {
  switch (aggregate) {
    case Aggregate::count:
      return "count";
    case Aggregate::rate:
      return "rate";
    case Aggregate::sum:
      return "sum";
    case Aggregate::avg:
      return "avg";
    case Aggregate::min:
      return "min";
    case Aggregate::max:
      return "max";
    case Aggregate::p50:
      return "p50";
    case Aggregate::p90:
      return "p90";
    case Aggregate::p99:
      return "p99";
    default:
      return "last";
  }
}

std::string_view to_string(Comparison comparison) noexcept {
  switch (comparison) {
    case Comparison::greater:
      return ">";
    case Comparison::at_least:
      return ">=";
    case Comparison::less:
      return "<";
    case Comparison::at_most:
      return "<=";
    case Comparison::equal:
      return "==";
    default:
      return "!=";
  }
}

bool holds(Comparison comparison, double value, double limit) noexcept {
  switch (comparison) {
    case Comparison::greater:
      return value > limit;
    case Comparison::at_least:
      return value >= limit;
    case Comparison::less:
      return value < limit;
    case Comparison::at_most:
      return value <= limit;
    case Comparison::equal:
      return value == limit;
    default:
      return value != limit;
  }
}

bool is_rule_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

}  // namespace tapedeck::alert
