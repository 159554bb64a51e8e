// MetricsText: writes Prometheus' text exposition format 0.0.4, which defines what is escaped and
// in which order lines come. One object makes one answer; not shared between threads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/latency_histogram.hpp"

namespace tapedeck {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  enum class Type : std::uint8_t { counter, gauge, histogram };

  MetricsText() { out_.reserve(std::size_t{32} << 10); }

  /// Begins a metric; its values follow. Names and label names are the caller's to get right.
  void family(std::string_view name, Type type, std::string_view help);
  void value(Labels labels, std::uint64_t value);
  void value(Labels labels, double value);
  /// @param smallest_ns buckets below it are counted together
  void histogram(Labels labels, const LatencyHistogram::Snapshot& values,
                 std::int64_t smallest_ns = 0);

  /// A metric of one value.
  template <typename Value>
  void one(std::string_view name, Type type, std::string_view help, Value number) {
    family(name, type, help);
    value({}, number);
  }

  std::string take() { return std::move(out_); }

 private:
  void sample(std::string_view suffix, Labels labels, std::string_view le = {});

  std::string out_;
  std::string name_;
};

/// The value of a label as it stands between quotes: backslash, quote and line feed are escaped;
/// bytes that are not UTF-8, which Prometheus refuses, become U+FFFD.
std::string escape_label_value(std::string_view value);

}  // namespace tapedeck
