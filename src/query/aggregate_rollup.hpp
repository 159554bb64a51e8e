// Rollup: counts and values of events by minute, added up while events come, so that aggregates
// over days need not read the events. For each dimension one view, keyed by (minute, type, value);
// the minutes are those of the events' own timestamps, in UTC.
//
// The store feeds it every event, takes what has gathered with drain() (every 64 Ki events or so,
// when wants_flush() says so, and when a minute is over) and keeps the rows. Rows are differences:
// several of the same minute and group add up, whatever the order, so late events and a replay of
// 2022 beside today's health need no care. Formats: aggregate_row.hpp.
//
// Symbol, strategy and status change from event to event and are counted each by itself. Where an
// event comes from (engine, engine_id, host, account, mode) hardly changes: it is counted once, by
// all five together, and taken apart when rows are made.
//
// Not thread-safe: one thread adds; who asks for a snapshot meanwhile brings the mutex. Memory is
// bounded by who heeds wants_flush(). add() costs some 60 ns, a walk over the payload
// (0.3 ns a byte) and 60 to 110 ns for each number.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate_cells.hpp"
#include "query/aggregate_fields.hpp"

namespace tapedeck {

/// A minute since 1970 of a moment in ns is floor_div(ns, kMinuteNs).
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

class Rollup {
 public:
  /// @throws std::invalid_argument for options out of range, for fields that are no paths.
  explicit Rollup(RollupOptions options = {});

  const std::vector<std::string>& fields() const noexcept { return fields_.paths(); }
  /// @param frame the frame's first byte
  void add(const char* frame, const FrameIndex& index);

  /// More than options.max_bytes have gathered.
  bool wants_flush() const noexcept { return bytes_ >= options_.max_bytes; }
  /// Roughly what drain() will free; refreshed every kBytesEvery events.
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
  static constexpr std::uint32_t kNone = TextIndex::kNone;
  static constexpr std::array kCountedAlone = {Dimension::symbol, Dimension::strategy,
                                               Dimension::status};
  static constexpr std::array kOriginParts = {Dimension::engine, Dimension::engine_id,
                                              Dimension::host, Dimension::account, Dimension::mode};
  static constexpr std::uint32_t kOtherOrigin = 0;

  /// The values a dimension has had, numbered as in rows.
  struct Values {
    TextIndex texts;
    std::uint32_t last = kNone;  // neighbours are often alike
  };

  std::uint32_t type_number(std::string_view type, std::uint16_t hint);
  std::uint32_t value_number(Dimension dimension, const std::optional<std::string_view>& value);
  std::uint32_t origin_number(const char* frame, const FrameIndex& index);
  std::vector<RollupRow> rows(Dimension dimension, std::int64_t first_minute,
                              std::int64_t last_minute) const;
  std::size_t bytes() const noexcept;
  void begin_anew();

  RollupOptions options_;
  AggregateFields fields_;
  std::vector<std::uint32_t> field_hashes_;
  TextIndex types_;
  std::vector<std::uint32_t> type_hints_;  // by the log's number: where to look first
  std::array<Values, kDimensionCount> values_;
  std::array<RollupCells, kCountedAlone.size()> alone_;
  RollupCells by_origin_;                    // keyed by the origin's number instead of a value
  TupleIndex origins_{kOriginParts.size()};  // of the numbers of their values
  std::uint32_t last_origin_ = kOtherOrigin;
  AggregateFields::Found found_;
  std::size_t bytes_ = 0;
  std::uint32_t added_ = 0;
};

}  // namespace tapedeck
