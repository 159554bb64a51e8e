// Rollup: counts and values of events by minute, added up while events come, so that aggregates
// over days need not read the events. For each dimension one view, keyed by (minute, type, value);
// the minutes are those of the events' own timestamps, in UTC.
//
// The store feeds it every event, takes what has gathered with drain() (every 64 Ki events or so,
// when wants_flush() says so, and when a minute is over) and keeps the rows. Rows are differences:
// several of the same minute and group add up, whatever the order, so late events and a replay of
// 2022 beside today's health need no care. Formats: aggregate_row.hpp.
//
// Not thread-safe: one thread adds; who asks for a snapshot meanwhile brings the mutex. add() costs
// some 100 ns and 15 ns for each number and view; memory is bounded by who heeds wants_flush().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate_fields.hpp"
#include "query/aggregate_index.hpp"
#include "query/aggregate_row.hpp"

namespace tapedeck {

/// A minute since 1970 of a moment in ns, rounded down.
inline constexpr std::int64_t kMinuteNs = 60'000'000'000;
inline std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept {
  return value / by - (value % by < 0 ? 1 : 0);
}

struct RollupOptions {
  /// Paths of numbers in the payload; at most AggregateFields::kMaxFields.
  std::vector<std::string> fields = default_value_fields();
  /// Different values of a dimension that are kept apart between two drains; what comes beyond is
  /// counted together as "other". 1 to kMostGroups.
  std::size_t max_groups = 1000;
  /// wants_flush() from this many bytes on.
  std::size_t max_bytes = std::size_t{32} << 20;

  static constexpr std::size_t kMostGroups = 60'000;
};

/// A difference to keep. A row reaches over one UTC day at most.
struct RollupRow {
  int dimension = 0;
  std::int64_t first_minute = 0;  // since 1970
  std::int64_t last_minute = 0;   // inclusive
  std::string data;
};

/// One dimension's cells. A part of Rollup.
class RollupView {
 public:
  RollupView(Dimension dimension, std::size_t max_groups)
      : dimension_(dimension), max_groups_(max_groups) {}

  struct Number {
    std::uint32_t field;
    double number;
    std::int32_t key;  // of the sketch's bin
  };
  void add(std::int64_t minute, std::uint32_t type, const std::optional<std::string_view>& value,
           const Number* numbers, std::size_t count);

  Dimension dimension() const noexcept { return dimension_; }
  std::size_t bytes() const noexcept;
  /// The rows of the cells with first_minute <= minute <= last_minute, in their order.
  std::vector<RollupRow> rows(std::int64_t first_minute, std::int64_t last_minute,
                              const TextIndex& types,
                              const std::vector<std::uint32_t>& field_hashes) const;
  void clear();

 private:
  static constexpr std::uint32_t kNone = FlatIndex::kNone;
  // minute, type and value in one number whose order is theirs.
  static constexpr std::int64_t kMinuteBias = std::int64_t{1} << 28;
  struct Cell {
    std::uint64_t key;
    std::uint64_t count = 0;
    std::uint32_t first_series = kNone;
  };
  struct Series {
    std::uint32_t field;
    std::uint32_t next;  // of the same cell
    ValueStats stats;
    QuantileSketch sketch;
  };

  std::uint32_t value_number(const std::optional<std::string_view>& value);
  Cell& cell(std::uint64_t key);
  void add_number(Cell& cell, const Number& number);
  RollupRow row(const Cell* const* begin, const Cell* const* end, const TextIndex& types,
                const std::vector<std::uint32_t>& field_hashes) const;

  Dimension dimension_;
  std::size_t max_groups_;
  TextIndex values_;
  FlatIndex index_;
  std::vector<Cell> cells_;
  std::vector<Series> series_;
  std::size_t bins_ = 0;
  // Neighbours are often alike.
  std::uint32_t last_value_ = kNone;
  std::uint32_t last_cell_ = kNone;
};

class Rollup {
 public:
  /// @throws std::invalid_argument for options out of range, for fields that are no paths.
  explicit Rollup(RollupOptions options = {});

  const std::vector<std::string>& fields() const noexcept { return fields_.paths(); }
  /// @param frame the frame's first byte
  void add(const char* frame, const FrameIndex& index);

  /// More than options.max_bytes have gathered.
  bool wants_flush() const noexcept { return bytes_ >= options_.max_bytes; }
  /// Roughly what drain() will free; refreshed as events are added.
  std::size_t approximate_bytes() const noexcept { return bytes_; }

  /// What has gathered since the last drain; then it begins anew.
  std::vector<RollupRow> drain();
  /// The same for one dimension and a range of minutes (inclusive), as far as it has not been
  /// drained. For queries: what is stored and what a snapshot gives is everything.
  void snapshot(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                const std::function<void(std::string_view)>& sink) const;

 private:
  static constexpr std::size_t kTypeHints = 4096;
  static constexpr std::uint32_t kBytesEvery = 256;

  std::uint32_t type_number(std::string_view type, std::uint16_t hint);

  RollupOptions options_;
  AggregateFields fields_;
  std::vector<std::uint32_t> field_hashes_;
  TextIndex types_;
  std::vector<std::uint32_t> type_hints_;  // by the log's number: where to look first
  std::vector<RollupView> views_;
  AggregateFields::Found found_;
  std::size_t bytes_ = 0;
  std::uint32_t added_ = 0;
};

}  // namespace tapedeck
