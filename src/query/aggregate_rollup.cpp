#include "query/aggregate_rollup.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <unordered_set>

#include "bus/event_log.hpp"

namespace tapedeck {
namespace {

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

Rollup::Rollup(RollupOptions options)
    : options_(std::move(options)),
      fields_((check(options_), options_.fields)),
      type_hints_(kTypeHints, kNone) {
  for (const std::string& path : options_.fields) field_hashes_.push_back(field_hash(path));
  begin_anew();
}

void Rollup::begin_anew() {
  types_.clear();
  std::fill(type_hints_.begin(), type_hints_.end(), kNone);
  for (Values& values : values_) {
    values.texts.clear();
    values.last = kNone;
  }
  for (RollupCells& cells : alone_) cells.clear();
  by_origin_.clear();
  origins_.clear();
  std::array<std::uint32_t, kOriginParts.size()> other;
  other.fill(kOtherValue);
  last_origin_ = origins_.intern(other);  // kOtherOrigin
  bytes_ = 0;
}

// --- numbers for texts ---

std::uint32_t Rollup::type_number(std::string_view type, std::uint16_t hint) {
  // The log has fewer types than keys have numbers for; more could not be told apart.
  static_assert(EventLog::kMaxTypes <= CellKey::kMaxNumber);
  std::uint32_t& known = type_hints_[hint % kTypeHints];
  if (known == kNone || !same_text(types_[known], type)) known = types_.intern(type);
  return known & CellKey::kMaxNumber;
}

std::uint32_t Rollup::value_number(Dimension dimension,
                                   const std::optional<std::string_view>& value) {
  if (!value) return kNoValue;
  Values& known = values_[static_cast<std::size_t>(dimension)];
  if (known.last != kNone && same_text(known.texts[known.last], *value)) {
    return kFirstValue + known.last;
  }
  std::uint32_t number = known.texts.find(*value);
  if (number == kNone) {
    if (known.texts.size() == options_.max_groups) return kOtherValue;
    number = known.texts.intern(*value);
  }
  known.last = number;
  return kFirstValue + number;
}

std::uint32_t Rollup::origin_number(const char* frame, const FrameIndex& index) {
  std::array<std::uint32_t, kOriginParts.size()> origin;
  for (std::size_t i = 0; i < origin.size(); ++i) {
    origin[i] =
        value_number(kOriginParts[i], dimension_value(kOriginParts[i], frame, index, std::nullopt));
  }
  const TupleIndex::Tuple last = origins_[last_origin_];
  if (std::equal(origin.begin(), origin.end(), last.begin())) return last_origin_;
  // As with values: what comes beyond the numbers there are is counted together.
  if (origins_.size() > CellKey::kMaxNumber) {
    const std::uint32_t known = origins_.find(origin);
    return last_origin_ = known == TupleIndex::kNone ? kOtherOrigin : known;
  }
  return last_origin_ = origins_.intern(origin);
}

// --- adding ---

void Rollup::add(const char* frame, const FrameIndex& index) {
  fields_.read(payload_of(frame, index), found_);
  std::array<RollupCells::Number, AggregateFields::kMaxFields> numbers;
  for (std::size_t i = 0; i < found_.count; ++i) {
    const AggregateFields::Value& value = found_.values[i];
    numbers[i] = {value.field, value.number, QuantileSketch::key_of(value.number)};
  }
  const std::int64_t minute = floor_div(index.timestamp_ns, kMinuteNs);
  const std::uint32_t type =
      type_number({frame + index.type_offset(), index.type_length}, index.type);
  by_origin_.add(CellKey::of(minute, type, origin_number(frame, index)), numbers.data(),
                 found_.count);
  for (std::size_t i = 0; i < kCountedAlone.size(); ++i) {
    const auto value = dimension_value(kCountedAlone[i], frame, index, found_.status);
    alone_[i].add(CellKey::of(minute, type, value_number(kCountedAlone[i], value)), numbers.data(),
                  found_.count);
  }
  if (++added_ % kBytesEvery == 0) bytes_ = bytes();
}

std::size_t Rollup::bytes() const noexcept {
  std::size_t sum = by_origin_.bytes() + origins_.bytes() + types_.bytes();
  for (const RollupCells& cells : alone_) sum += cells.bytes();
  for (const Values& values : values_) sum += values.texts.bytes();
  return sum;
}

// --- rows ---

std::vector<RollupRow> Rollup::rows(Dimension dimension, std::int64_t first_minute,
                                    std::int64_t last_minute) const {
  const TextIndex& texts = values_[static_cast<std::size_t>(dimension)].texts;
  const auto make = [&](const RollupCells& cells) {
    return cells.rows(static_cast<int>(dimension), first_minute, last_minute, types_, texts,
                      field_hashes_);
  };
  const auto alone = std::find(kCountedAlone.begin(), kCountedAlone.end(), dimension);
  if (alone != kCountedAlone.end()) {
    return make(alone_[static_cast<std::size_t>(alone - kCountedAlone.begin())]);
  }
  // One part of the origins; none of them for the dimension `type`.
  const auto part = static_cast<std::size_t>(
      std::find(kOriginParts.begin(), kOriginParts.end(), dimension) - kOriginParts.begin());
  RollupCells cells;
  cells.merge(by_origin_, [&](std::uint64_t key) {
    const std::uint32_t value =
        part == kOriginParts.size() ? kNoValue : origins_[CellKey::value(key)][part];
    return CellKey::of(CellKey::minute(key), CellKey::type(key), value);
  });
  return make(cells);
}

std::vector<RollupRow> Rollup::drain() {
  std::vector<RollupRow> out;
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    auto rows_of_one = rows(static_cast<Dimension>(i), INT64_MIN, INT64_MAX);
    std::move(rows_of_one.begin(), rows_of_one.end(), std::back_inserter(out));
  }
  begin_anew();
  return out;
}

void Rollup::snapshot(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                      const std::function<void(std::string_view)>& sink) const {
  if (dimension < 0 || static_cast<std::size_t>(dimension) >= kDimensionCount) return;
  for (const RollupRow& row : rows(static_cast<Dimension>(dimension), first_minute, last_minute)) {
    sink(row.data);
  }
}

}  // namespace tapedeck
