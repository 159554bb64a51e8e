#include "execution/record_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tapedeck::execution {
namespace {

// Money is written as two integers: 128 bits have no standard text.
constexpr Money kHalf = 1'000'000'000'000'000'000;
constexpr std::int64_t kMaxHigh = 1'000'000'000'000;  // sums of such amounts do not overflow

}  // namespace

RecordWriter& RecordWriter::text(std::string_view value) {
  for (const char c : value) {
    if (c == '\t') {
      line_ += "\\t";
    } else if (c == '\n') {
      line_ += "\\n";
    } else if (c == '\\') {
      line_ += "\\\\";
    } else {
      line_ += c;
    }
  }
  line_ += '\t';
  return *this;
}

RecordWriter& RecordWriter::number(double value) {
  line_ += fmt::format("{}\t", value);  // the shortest text that reads back as the same
  return *this;
}

RecordWriter& RecordWriter::integer(std::int64_t value) {
  line_ += fmt::format("{}\t", value);
  return *this;
}

RecordWriter& RecordWriter::money(Money value) {
  integer(static_cast<std::int64_t>(value / kHalf));
  return integer(static_cast<std::int64_t>(value % kHalf));
}

std::string_view RecordReader::field() {
  const std::size_t end = ok_ ? rest_.find('\t') : std::string_view::npos;
  if (end == std::string_view::npos) {
    ok_ = false;
    return {};
  }
  const std::string_view found = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return found;
}

std::string RecordReader::text() {
  const std::string_view escaped = field();
  std::string value;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      value += escaped[i];
      continue;
    }
    const char code = ++i < escaped.size() ? escaped[i] : '?';
    ok_ = ok_ && (code == 't' || code == 'n' || code == '\\');
    value += code == 't' ? '\t' : code == 'n' ? '\n' : '\\';
  }
  return value;
}

double RecordReader::number() {
  const std::string_view digits = field();
  double value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() ||
      !std::isfinite(value)) {
    ok_ = false;
    return 0;
  }
  return value;
}

std::int64_t RecordReader::integer() {
  const std::string_view digits = field();
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) {
    ok_ = false;
    return 0;
  }
  return value;
}

std::int64_t RecordReader::choice(std::int64_t last) {
  const std::int64_t value = integer();
  if (value >= 0 && value <= last) return value;
  ok_ = false;
  return 0;
}

Money RecordReader::money() {
  const std::int64_t high = integer();
  const std::int64_t low = integer();
  if (high < -kMaxHigh || high > kMaxHigh) ok_ = false;
  return ok_ ? static_cast<Money>(high) * kHalf + low : 0;
}

}  // namespace tapedeck::execution
