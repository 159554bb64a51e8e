// The bytes of one rollup row: counts, and what became of the value fields, by minute, type and the
// value of one dimension. Written by Rollup, kept by the store, read by AggregateResult. A row is a
// difference: rows of the same minute and group add up.
//
// Format 1 (varint: aggregate_bytes.hpp; f64: eight bytes, little-endian):
//   byte     1
//   varint   dimension
//   varint   first minute since 1970, zigzag
//   texts    types, then values: varint count; for each varint length, bytes (canonical spelling)
//   varint   entries; for each, ordered: varint minutes since the entry before (since the first
//            minute), varint type, varint value (0 none, 1 other, 2 + place in values), varint
//            count
//   varint   fields that were looked for; for each: 4 bytes FNV-1a of its path, varint length, and
//            so many bytes: its series. No bytes: no event had it.
//   series   of an entry that had numbers: varint distance to the entry of the series before plus
//   1,
//            varint count; count 1: f64 the number; else f64 sum, min, max, varint length, sketch
// So counts are read without touching values, and one field's values without the others'.
//
// RowReader takes any bytes: it never reads outside of them and takes no memory that they do not
// pay for. Views; not thread-safe. Some 10 ns for an entry.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_coding.hpp"
#include "query/quantile_sketch.hpp"

namespace tapedeck {

inline constexpr std::uint8_t kRowFormat = 1;
/// How a row says that an event had no value, or one beyond the number of groups that are kept.
inline constexpr std::uint32_t kNoValue = 0;
inline constexpr std::uint32_t kOtherValue = 1;
inline constexpr std::uint32_t kFirstValue = 2;

/// What became of a value field, but for quantiles.
struct ValueStats {
  std::uint64_t count = 0;
  double sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void add(double value) noexcept {
    ++count;
    sum += value;
    min = value < min ? value : min;
    max = value > max ? value : max;
  }
  void merge(const ValueStats& other) noexcept {
    count += other.count;
    sum += other.sum;
    min = other.min < min ? other.min : min;
    max = other.max > max ? other.max : max;
  }
};

struct RowEntry {
  std::int64_t minute = 0;  // since 1970
  std::uint32_t type = 0;   // place in types
  std::uint32_t value = kNoValue;
  std::uint64_t count = 0;
};

/// A field's name in rows: FNV-1a, 32 bits.
std::uint32_t field_hash(std::string_view path) noexcept;

/// What a row is written from.
struct RowContent {
  struct Series {
    std::uint32_t field = 0;  // place in field_hashes
    std::uint32_t entry = 0;
    const ValueStats* stats = nullptr;
    const QuantileSketch* sketch = nullptr;
  };
  int dimension = 0;
  std::vector<std::string_view> types;
  std::vector<std::string_view> values;
  std::vector<RowEntry> entries;  // ordered by minute
  std::vector<Series> series;     // ordered by field and entry
  const std::vector<std::uint32_t>* field_hashes = nullptr;
};
std::string encode_row(const RowContent& content);

/// Reads a row from front to back: head, entries, a field's series. Wherever something is wrong the
/// rest reads as empty and failed() is true.
class RowReader {
 public:
  explicit RowReader(std::string_view row) : reader_(row) {}

  /// @return false when this is no row
  bool read_head();
  bool failed() const noexcept { return reader_.failed(); }
  std::uint64_t dimension() const noexcept { return dimension_; }
  const std::vector<std::string_view>& types() const noexcept { return types_; }
  const std::vector<std::string_view>& values() const noexcept { return values_; }
  std::size_t entries() const noexcept { return entries_; }

  /// @return false after the last
  bool next_entry(RowEntry& entry) noexcept;

  /// Goes to a field's series; all entries must have been read.
  /// @return false when the row was written without looking for the field
  bool find_field(std::uint32_t hash) noexcept;

  struct Series {
    std::size_t entry = 0;
    ValueStats stats;
    std::string_view sketch;  // empty: of one number
  };
  /// @return false after the field's last
  bool next_series(Series& series) noexcept;

 private:
  static constexpr std::uint64_t kMaxMinute = std::uint64_t{1} << 28;  // 64-bit ns end before

  void read_texts(std::vector<std::string_view>& texts);

  ByteReader reader_;
  ByteReader series_{std::string_view()};
  std::uint64_t dimension_ = 0;
  std::vector<std::string_view> types_;
  std::vector<std::string_view> values_;
  std::size_t entries_ = 0;
  std::size_t entries_read_ = 0;
  std::int64_t minute_ = 0;
  std::size_t series_end_ = 0;  // one behind the entry of the series read last
};

}  // namespace tapedeck
