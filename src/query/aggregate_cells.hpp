// RollupCells: the accumulators of a rollup, keyed by (minute, type, value): a count, and for each
// value field seen its figures and sketch. A part of Rollup; not thread-safe. About 5 ns to count,
// 10 to 15 ns for a number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/aggregate_index.hpp"
#include "query/aggregate_row.hpp"

namespace tapedeck {

/// A difference to keep. A row reaches over one UTC day at most.
struct RollupRow {
  int dimension = 0;
  std::int64_t first_minute = 0;  // since 1970
  std::int64_t last_minute = 0;   // inclusive
  std::string data;
};

/// Minute, type and value in one number whose order is theirs.
struct CellKey {
  static constexpr std::uint32_t kMaxNumber = 0xffff;  // of a type or a value

  static std::uint64_t of(std::int64_t minute, std::uint32_t type, std::uint32_t value) noexcept {
    return static_cast<std::uint64_t>(minute + kMinuteBias) << 32 | std::uint64_t{type} << 16 |
           value;
  }
  static std::int64_t minute(std::uint64_t key) noexcept {
    return static_cast<std::int64_t>(key >> 32) - kMinuteBias;
  }
  static std::uint32_t type(std::uint64_t key) noexcept { return key >> 16 & kMaxNumber; }
  static std::uint32_t value(std::uint64_t key) noexcept { return key & kMaxNumber; }

 private:
  static constexpr std::int64_t kMinuteBias = std::int64_t{1} << 28;  // 64-bit ns end before
};

class RollupCells {
 public:
  struct Number {
    std::uint32_t field;
    double number;
    std::int32_t key;  // of the sketch's bin
  };

  void add(std::uint64_t key, const Number* numbers, std::size_t count);
  /// Adds all cells of `other`, each under the key that `key_of(its key)` names.
  template <typename KeyOf>
  void merge(const RollupCells& other, KeyOf&& key_of) {
    for (const Cell& cell : other.cells_) merge_cell(key_of(cell.key), other, cell);
  }

  std::size_t bytes() const noexcept;
  /// The cells with first_minute <= minute <= last_minute as rows, in the order of their minutes.
  /// @param types the names of types by number
  /// @param values the texts of values by number, less kFirstValue
  std::vector<RollupRow> rows(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                              const TextIndex& types, const TextIndex& values,
                              const std::vector<std::uint32_t>& field_hashes) const;
  void clear();

 private:
  static constexpr std::uint32_t kNone = FlatIndex::kNone;
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

  Cell& cell(std::uint64_t key);
  Series& series(Cell& cell, std::uint32_t field);
  void merge_cell(std::uint64_t key, const RollupCells& other, const Cell& cell);
  RowContent content(const Cell* const* begin, const Cell* const* end, const TextIndex& types,
                     const TextIndex& values) const;

  FlatIndex index_;
  std::vector<Cell> cells_;
  std::vector<Series> series_;
  std::size_t bins_ = 0;
  std::uint32_t last_cell_ = kNone;  // neighbours are often alike
};

}  // namespace tapedeck
