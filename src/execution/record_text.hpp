// Records of plain fields as one line of text, for the state store: fields end with a tab, texts
// escape tab, line feed and backslash. What does not read back says so. One thread, pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "execution/money.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::execution {

class RecordWriter {
 public:
  RecordWriter& text(std::string_view value);
  RecordWriter& number(double value);
  RecordWriter& integer(std::int64_t value);
  RecordWriter& money(Money value);
  RecordWriter& moment(Timestamp value) { return integer(to_ns(value)); }
  std::string take() { return std::move(line_); }

 private:
  std::string line_;
};

/// Reads the fields in the order they were written; after the first that is not there or not what
/// it should be, ok() is false and all others are empty.
class RecordReader {
 public:
  explicit RecordReader(std::string_view line) : rest_(line) {}

  std::string text();
  double number();
  std::int64_t integer();
  /// An integer of [0, last].
  std::int64_t choice(std::int64_t last);
  Money money();
  Timestamp moment() { return from_ns(integer()); }
  bool ok() const noexcept { return ok_; }
  /// Whether all was read and nothing is left.
  bool complete() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view field();

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tapedeck::execution
