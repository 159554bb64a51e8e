#include "server/metrics_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace tapedeck {
namespace {

constexpr std::array<std::string_view, 3> kTypeNames = {"counter", "gauge", "histogram"};

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

std::string seconds(std::int64_t ns) {
  return fmt::format("{}", static_cast<double>(ns) / 1e9);
}

/// The length of the UTF-8 sequence that `text` begins with; 0: it begins with none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  // Overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629 §4).
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

}  // namespace

std::string escape_label_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  while (!value.empty()) {
    const std::size_t length = sequence_length(value);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (value.front() == '\\') {
      out += "\\\\";
    } else if (value.front() == '"') {
      out += "\\\"";
    } else if (value.front() == '\n') {
      out += "\\n";
    } else {
      out += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void MetricsText::family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(out_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help,
                 kTypeNames[static_cast<std::size_t>(type)]);
}

void MetricsText::sample(std::string_view suffix, Labels labels, std::string_view le) {
  out_ += name_;
  out_ += suffix;
  if (labels.size() > 0 || !le.empty()) {
    char separator = '{';
    for (const auto& [label, value] : labels) {
      fmt::format_to(std::back_inserter(out_), "{}{}=\"{}\"", separator, label,
                     escape_label_value(value));
      separator = ',';
    }
    if (!le.empty()) fmt::format_to(std::back_inserter(out_), "{}le=\"{}\"", separator, le);
    out_ += '}';
  }
  out_ += ' ';
}

void MetricsText::value(Labels labels, std::uint64_t value) {
  sample("", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", value);
}

void MetricsText::value(Labels labels, double value) {
  sample("", labels);
  append_number(out_, value);
  out_ += '\n';
}

void MetricsText::histogram(Labels labels, const LatencyHistogram::Snapshot& values,
                            std::int64_t smallest_ns) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < LatencyHistogram::kBounds_ns.size(); ++i) {
    cumulative += values.counts[i];
    const std::int64_t bound = LatencyHistogram::kBounds_ns[i];
    if (bound < smallest_ns) continue;
    sample("_bucket", labels, seconds(bound));
    fmt::format_to(std::back_inserter(out_), "{}\n", cumulative);
  }
  cumulative += values.counts.back();
  sample("_bucket", labels, "+Inf");
  fmt::format_to(std::back_inserter(out_), "{}\n", cumulative);
  sample("_sum", labels);
  append_number(out_, static_cast<double>(values.sum_ns) / 1e9);
  out_ += '\n';
  sample("_count", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", cumulative);
}

}  // namespace tapedeck
