#include "query/aggregate_rollup.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

namespace tapedeck {
namespace {

constexpr std::int64_t kMinutesPerDay = 24 * 60;

void check(const RollupOptions& options) {
  if (options.max_groups < 1 || options.max_groups > RollupOptions::kMostGroups) {
    throw std::invalid_argument("max_groups must be 1 to 60000, not " +
                                std::to_string(options.max_groups));
  }
  std::unordered_set<std::uint32_t> hashes;
  for (const std::string& path : options.fields) {
    if (!hashes.insert(field_hash(path)).second) {
      throw std::invalid_argument("the value field \"" + path +
                                  "\" is given twice or looks in rows like another");
    }
  }
}

}  // namespace

// --- a view ---

std::uint32_t RollupView::value_number(const std::optional<std::string_view>& value) {
  if (!value) return kNoValue;
  if (last_value_ != kNone && values_[last_value_] == *value) return kFirstValue + last_value_;
  std::uint32_t number = values_.find(*value);
  if (number == TextIndex::kNone) {
    if (values_.size() == max_groups_) return kOtherValue;
    number = values_.intern(*value);
  }
  last_value_ = number;
  return kFirstValue + number;
}

RollupView::Cell& RollupView::cell(std::uint64_t key) {
  if (last_cell_ != kNone && cells_[last_cell_].key == key) return cells_[last_cell_];
  last_cell_ = index_.find(key);
  if (last_cell_ == kNone) {
    last_cell_ = static_cast<std::uint32_t>(cells_.size());
    index_.insert(key, last_cell_);
    cells_.push_back({key});
  }
  return cells_[last_cell_];
}

void RollupView::add_number(Cell& cell, const Number& number) {
  std::uint32_t at = cell.first_series;
  while (at != kNone && series_[at].field != number.field) at = series_[at].next;
  if (at == kNone) {
    at = static_cast<std::uint32_t>(series_.size());
    series_.push_back({number.field, cell.first_series, {}, {}});
    cell.first_series = at;
  }
  Series& series = series_[at];
  series.stats.add(number.number);
  bins_ -= series.sketch.bins();
  series.sketch.add_key(number.key);
  bins_ += series.sketch.bins();
}

void RollupView::add(std::int64_t minute, std::uint32_t type,
                     const std::optional<std::string_view>& value, const Number* numbers,
                     std::size_t count) {
  const std::uint64_t key = static_cast<std::uint64_t>(minute + kMinuteBias) << 32 |
                            std::uint64_t{type} << 16 | value_number(value);
  Cell& at = cell(key);
  ++at.count;
  for (std::size_t i = 0; i < count; ++i) add_number(at, numbers[i]);
}

std::size_t RollupView::bytes() const noexcept {
  constexpr std::size_t kBytesABin = 2 * 16;  // vectors grow by doubling
  return index_.bytes() + cells_.size() * sizeof(Cell) + series_.size() * sizeof(Series) +
         bins_ * kBytesABin + values_.size() * sizeof(std::string);
}

void RollupView::clear() {
  values_.clear();
  index_.clear();
  cells_.clear();
  series_.clear();
  bins_ = 0;
  last_value_ = last_cell_ = kNone;
}

RollupRow RollupView::row(const Cell* const* begin, const Cell* const* end, const TextIndex& types,
                          const std::vector<std::uint32_t>& field_hashes) const {
  RowContent content;
  content.dimension = static_cast<int>(dimension_);
  content.field_hashes = &field_hashes;
  // Only the texts that this row needs, in the order they come up.
  std::vector<std::uint32_t> type_places(types.size(), kNone);
  std::vector<std::uint32_t> value_places(values_.size(), kNone);
  const auto place = [](std::uint32_t& known, std::vector<std::string_view>& texts,
                        const std::string& text) {
    if (known == kNone) {
      known = static_cast<std::uint32_t>(texts.size());
      texts.push_back(text);
    }
    return known;
  };
  for (; begin != end; ++begin) {
    const Cell& cell = **begin;
    RowEntry entry;
    entry.minute = static_cast<std::int64_t>(cell.key >> 32) - kMinuteBias;
    const auto type = static_cast<std::uint32_t>(cell.key >> 16 & 0xffff);
    entry.type = place(type_places[type], content.types, types[type]);
    entry.value = static_cast<std::uint32_t>(cell.key & 0xffff);
    if (entry.value >= kFirstValue) {
      const std::uint32_t value = entry.value - kFirstValue;
      entry.value = kFirstValue + place(value_places[value], content.values, values_[value]);
    }
    entry.count = cell.count;
    const auto number = static_cast<std::uint32_t>(content.entries.size());
    for (std::uint32_t at = cell.first_series; at != kNone; at = series_[at].next) {
      content.series.push_back(
          {series_[at].field, number, &series_[at].stats, &series_[at].sketch});
    }
    content.entries.push_back(entry);
  }
  std::sort(content.series.begin(), content.series.end(), [](const auto& a, const auto& b) {
    return a.field != b.field ? a.field < b.field : a.entry < b.entry;
  });
  return {content.dimension, content.entries.front().minute, content.entries.back().minute,
          encode_row(content)};
}

std::vector<RollupRow> RollupView::rows(std::int64_t first_minute, std::int64_t last_minute,
                                        const TextIndex& types,
                                        const std::vector<std::uint32_t>& field_hashes) const {
  const auto minute_of = [](const Cell* cell) {
    return static_cast<std::int64_t>(cell->key >> 32) - kMinuteBias;
  };
  std::vector<const Cell*> chosen;
  for (const Cell& cell : cells_) {
    const std::int64_t minute = minute_of(&cell);
    if (minute >= first_minute && minute <= last_minute) chosen.push_back(&cell);
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Cell* a, const Cell* b) { return a->key < b->key; });
  std::vector<RollupRow> out;
  for (std::size_t at = 0; at < chosen.size();) {
    const std::int64_t day = floor_div(minute_of(chosen[at]), kMinutesPerDay);
    std::size_t end = at;
    while (end < chosen.size() && floor_div(minute_of(chosen[end]), kMinutesPerDay) == day) ++end;
    out.push_back(row(chosen.data() + at, chosen.data() + end, types, field_hashes));
    at = end;
  }
  return out;
}

// --- all views ---

Rollup::Rollup(RollupOptions options)
    : options_(std::move(options)),
      fields_((check(options_), options_.fields)),
      type_hints_(kTypeHints, TextIndex::kNone) {
  for (const std::string& path : options_.fields) field_hashes_.push_back(field_hash(path));
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    views_.emplace_back(static_cast<Dimension>(i), options_.max_groups);
  }
}

std::uint32_t Rollup::type_number(std::string_view type, std::uint16_t hint) {
  std::uint32_t& known = type_hints_[hint % kTypeHints];
  if (known == TextIndex::kNone || types_[known] != type) known = types_.intern(type);
  return known;
}

void Rollup::add(const char* frame, const FrameIndex& index) {
  fields_.read(payload_of(frame, index), found_);
  std::array<RollupView::Number, AggregateFields::kMaxFields> numbers;
  for (std::size_t i = 0; i < found_.count; ++i) {
    const AggregateFields::Value& value = found_.values[i];
    numbers[i] = {value.field, value.number, QuantileSketch::key_of(value.number)};
  }
  const std::int64_t minute = floor_div(index.timestamp_ns, kMinuteNs);
  const std::uint32_t type =
      type_number({frame + index.type_offset(), index.type_length}, index.type);
  // The view of types has no second key.
  views_[0].add(minute, type, std::nullopt, numbers.data(), found_.count);
  for (std::size_t i = 1; i < views_.size(); ++i) {
    views_[i].add(minute, type,
                  dimension_value(static_cast<Dimension>(i), frame, index, found_.status),
                  numbers.data(), found_.count);
  }
  if (++added_ % kBytesEvery != 0) return;
  bytes_ = 0;
  for (const RollupView& view : views_) bytes_ += view.bytes();
}

std::vector<RollupRow> Rollup::drain() {
  std::vector<RollupRow> out;
  for (RollupView& view : views_) {
    auto rows = view.rows(INT64_MIN, INT64_MAX, types_, field_hashes_);
    std::move(rows.begin(), rows.end(), std::back_inserter(out));
    view.clear();
  }
  types_.clear();
  std::fill(type_hints_.begin(), type_hints_.end(), TextIndex::kNone);
  bytes_ = 0;
  return out;
}

void Rollup::snapshot(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                      const std::function<void(std::string_view)>& sink) const {
  if (dimension < 0 || static_cast<std::size_t>(dimension) >= views_.size()) return;
  const RollupView& view = views_[static_cast<std::size_t>(dimension)];
  for (const RollupRow& row : view.rows(first_minute, last_minute, types_, field_hashes_)) {
    sink(row.data);
  }
}

}  // namespace tapedeck
