// AggregateResult: adds up the answer of an AggregateQuery, from rollup rows or from the events
// themselves, and writes it as JSON. Both ways give the same answer (sums may differ in the last
// digits, because they add in another order).
//
// One query, one thread. About 40 ns for an entry of a row (150 ns with a quantile), 120 ns for an
// event (260 ns with a quantile). Memory: kMaxCells groups in buckets at most, and kMaxBins bins of
// sketches (16 bytes each); beyond that the query is an error that says what to change.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate_fields.hpp"
#include "query/aggregate_index.hpp"
#include "query/aggregate_query.hpp"
#include "query/aggregate_row.hpp"

namespace tapedeck {

enum class AggregateOrigin { rollup, events };

class AggregateResult {
 public:
  /// Groups over all buckets of an answer.
  static constexpr std::size_t kMaxCells = 50'000;
  static constexpr std::size_t kMaxBins = std::size_t{4} << 20;

  explicit AggregateResult(AggregateQuery query);

  /// Adds a row of the dimension that rollup_dimension() named.
  /// Error codes: corrupt_aggregate (then what was added before is not whole either),
  /// invalid_parameter (the answer is too large).
  Result<bool> add_row(std::string_view row);
  /// Adds all rows of the query's minutes from `source`; stops at the first error. A query that
  /// rollups cannot answer gets none and needs_events().
  Result<bool> add_rows(const RollupSource& source);
  /// Adds an event that matches compile(query.events).
  /// Error code: invalid_parameter (the answer is too large).
  Result<bool> add_event(const char* frame, const FrameIndex& index);

  /// The rows did not hold the answer: they were written before the field was configured, or a
  /// value that is asked for may be among the "other" ones. Answer from the events.
  bool needs_events() const noexcept { return needs_events_; }

  /// The whole answer; the shape is in docs/contract.md.
  std::string json(AggregateOrigin origin) const;

 private:
  static constexpr std::uint32_t kNone = FlatIndex::kNone;
  static constexpr std::uint32_t kSkipped = kNone - 1;  // a text the filters do not take
  struct Cell {
    std::uint32_t bucket;
    std::uint32_t group;
    std::uint64_t events = 0;
    ValueStats stats;
    QuantileSketch sketch;
  };
  struct Place {
    std::uint32_t bucket;
    std::uint32_t group;
  };
  struct RowTexts;

  bool accepts(const std::vector<std::string>& accepted, std::string_view text) const noexcept;
  Cell* cell(Place place);
  std::uint32_t type_text(RowTexts& row, std::uint32_t type);
  std::uint32_t value_text(RowTexts& row, std::uint32_t value);
  std::optional<std::uint32_t> bucket_of(std::int64_t minute) const noexcept;
  /// What an entry of a row belongs to; nothing when the query does not ask for it.
  std::optional<Place> place_of(RowTexts& row, const RowEntry& entry);
  Result<bool> add_counts(RowReader& reader, RowTexts& row);
  Result<bool> add_values(RowReader& reader, RowTexts& row);
  Result<bool> add_series(RowReader& reader, RowTexts& row);
  /// Nothing when its bytes are damaged; an empty one when the query needs none.
  std::optional<QuantileSketch> sketch_of(const RowReader::Series& series) const;
  Error too_large() const;

  std::vector<std::uint32_t> groups_in_order() const;
  int compare_texts(std::uint32_t a, std::uint32_t b) const noexcept;
  void append_group(std::string& out, const Cell& cell) const;
  void append_value(std::string& out, const Cell& cell) const;

  AggregateQuery query_;
  AggregateFields fields_;
  AggregateFields::Found found_;
  bool reads_payload_;
  std::optional<Dimension> dimension_;
  std::vector<std::string> accepted_types_;   // as spelled; empty: all
  std::vector<std::string> accepted_values_;  // of dimension_
  std::vector<std::string> accepted_strategies_;

  TextIndex texts_;  // keys' texts; numbered as in rows: kNoValue, kOtherValue, kFirstValue + place
  TupleIndex groups_;     // of the texts of a group's keys
  FlatIndex cell_index_;  // (bucket, group) -> cell
  std::vector<Cell> cells_;
  std::size_t bins_ = 0;
  std::vector<RowEntry> entries_;  // of the row being read
  bool needs_events_ = false;
};

}  // namespace tapedeck
