#include "query/aggregate_cells.hpp"

#include <algorithm>

namespace tapedeck {
namespace {

constexpr std::int64_t kMinutesPerDay = 24 * 60;

std::int64_t day_of(std::int64_t minute) noexcept {
  return (minute >= 0 ? minute : minute - (kMinutesPerDay - 1)) / kMinutesPerDay;
}

/// The texts a row needs, numbered as they come up.
class RowTexts {
 public:
  explicit RowTexts(const TextIndex& texts)
      : texts_(texts), places_(texts.size(), TextIndex::kNone) {}

  std::uint32_t place(std::uint32_t number, std::vector<std::string_view>& chosen) {
    std::uint32_t& known = places_[number];
    if (known == TextIndex::kNone) {
      known = static_cast<std::uint32_t>(chosen.size());
      chosen.push_back(texts_[number]);
    }
    return known;
  }

 private:
  const TextIndex& texts_;
  std::vector<std::uint32_t> places_;
};

}  // namespace

RollupCells::Cell& RollupCells::cell(std::uint64_t key) {
  if (last_cell_ != kNone && cells_[last_cell_].key == key) return cells_[last_cell_];
  last_cell_ = index_.find(key);
  if (last_cell_ == kNone) {
    last_cell_ = static_cast<std::uint32_t>(cells_.size());
    index_.insert(key, last_cell_);
    cells_.push_back({key});
  }
  return cells_[last_cell_];
}

RollupCells::Series& RollupCells::series(Cell& cell, std::uint32_t field) {
  std::uint32_t at = cell.first_series;
  while (at != kNone && series_[at].field != field) at = series_[at].next;
  if (at == kNone) {
    at = static_cast<std::uint32_t>(series_.size());
    series_.push_back({field, cell.first_series, {}, {}});
    cell.first_series = at;
  }
  return series_[at];
}

void RollupCells::add(std::uint64_t key, const Number* numbers, std::size_t count) {
  Cell& to = cell(key);
  ++to.count;
  for (const Number* number = numbers; number != numbers + count; ++number) {
    Series& one = series(to, number->field);
    one.stats.add(number->number);
    bins_ -= one.sketch.bins();
    one.sketch.add_key(number->key);
    bins_ += one.sketch.bins();
  }
}

void RollupCells::merge_cell(std::uint64_t key, const RollupCells& other, const Cell& from) {
  Cell& to = cell(key);
  to.count += from.count;
  for (std::uint32_t at = from.first_series; at != kNone; at = other.series_[at].next) {
    Series& one = series(to, other.series_[at].field);
    one.stats.merge(other.series_[at].stats);
    bins_ -= one.sketch.bins();
    one.sketch.merge(other.series_[at].sketch);
    bins_ += one.sketch.bins();
  }
}

std::size_t RollupCells::bytes() const noexcept {
  constexpr std::size_t kBytesABin = 2 * 16;  // vectors grow by doubling
  return index_.bytes() + cells_.size() * sizeof(Cell) + series_.size() * sizeof(Series) +
         bins_ * kBytesABin;
}

void RollupCells::clear() {
  index_.clear();
  cells_.clear();
  series_.clear();
  bins_ = 0;
  last_cell_ = kNone;
}

RowContent RollupCells::content(const Cell* const* begin, const Cell* const* end,
                                const TextIndex& types, const TextIndex& values) const {
  RowContent out;
  RowTexts row_types(types), row_values(values);
  for (; begin != end; ++begin) {
    const Cell& cell = **begin;
    const auto number = static_cast<std::uint32_t>(out.entries.size());
    for (std::uint32_t at = cell.first_series; at != kNone; at = series_[at].next) {
      const Series& one = series_[at];
      out.series.push_back({one.field, number, &one.stats, &one.sketch});
    }
    RowEntry entry;
    entry.minute = CellKey::minute(cell.key);
    entry.type = row_types.place(CellKey::type(cell.key), out.types);
    entry.value = CellKey::value(cell.key);
    if (entry.value >= kFirstValue) {
      entry.value = kFirstValue + row_values.place(entry.value - kFirstValue, out.values);
    }
    entry.count = cell.count;
    out.entries.push_back(entry);
  }
  std::sort(out.series.begin(), out.series.end(), [](const auto& a, const auto& b) {
    return a.field != b.field ? a.field < b.field : a.entry < b.entry;
  });
  return out;
}

std::vector<RollupRow> RollupCells::rows(int dimension, std::int64_t first_minute,
                                         std::int64_t last_minute, const TextIndex& types,
                                         const TextIndex& values,
                                         const std::vector<std::uint32_t>& field_hashes) const {
  std::vector<const Cell*> chosen;
  for (const Cell& cell : cells_) {
    const std::int64_t minute = CellKey::minute(cell.key);
    if (minute >= first_minute && minute <= last_minute) chosen.push_back(&cell);
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Cell* a, const Cell* b) { return a->key < b->key; });
  std::vector<RollupRow> out;
  for (std::size_t at = 0, end = 0; at < chosen.size(); at = end) {
    const std::int64_t day = day_of(CellKey::minute(chosen[at]->key));
    while (end < chosen.size() && day_of(CellKey::minute(chosen[end]->key)) == day) ++end;
    RowContent row = content(chosen.data() + at, chosen.data() + end, types, values);
    row.dimension = dimension;
    row.field_hashes = &field_hashes;
    out.push_back(
        {dimension, row.entries.front().minute, row.entries.back().minute, encode_row(row)});
  }
  return out;
}

}  // namespace tapedeck
