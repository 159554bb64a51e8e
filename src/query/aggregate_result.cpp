#include "query/aggregate_result.hpp"

#include <algorithm>
#include <array>

#include "event/json_writer.hpp"
#include "query/aggregate_rollup.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {
namespace {

Error corrupt() {
  return {"corrupt_aggregate", "A stored aggregate is damaged; the events themselves may not be.",
          ""};
}

std::vector<std::string> spelled(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.push_back(tapedeck::spelled(text));
  return out;
}

/// The values of a dimension that count, as spelled; empty: all.
std::vector<std::string> accepted(const EventQuery& events, Dimension dimension) {
  return accepted_by_both(spelled(*filter_of(dimension, events.filter)),
                          spelled(*filter_of(dimension, events.within)));
}

/// Whether a text may stand between quotes in an answer: rows that are damaged must not reach a
/// client as broken JSON.
bool is_canonical(std::string_view text) {
  std::string plain;  // without what is escaped
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      plain += text[at];
      continue;
    }
    const std::string_view escape = text.substr(at, 6);
    if (escape.size() < 6 || escape[1] != 'u' ||
        escape.find_first_not_of("0123456789abcdefABCDEF", 2) != std::string_view::npos) {
      return false;
    }
    at += 5;
  }
  return tapedeck::spelled(plain) == plain;
}

void append_number(std::string& out, double value) {
  std::array<char, json::kMaxNumber> text;
  out.append(text.data(), json::write_number(text.data(), value));
}

constexpr double quantile_of(Metric metric) noexcept {
  return metric == Metric::p50 ? 0.5 : metric == Metric::p90 ? 0.9 : 0.99;
}

}  // namespace

/// The texts of a row, numbered as in the answer once they have been needed.
struct AggregateResult::RowTexts {
  const RowReader& reader;
  std::vector<std::uint32_t> types = std::vector<std::uint32_t>(reader.types().size(), kNone);
  std::vector<std::uint32_t> values = std::vector<std::uint32_t>(reader.values().size(), kNone);
  bool damaged = false;
};

AggregateResult::AggregateResult(AggregateQuery query)
    : query_(std::move(query)),
      fields_(query_.has_field() ? std::vector{query_.field} : std::vector<std::string>{}),
      reads_payload_(query_.has_field() || std::find(query_.group_by.begin(), query_.group_by.end(),
                                                     Dimension::status) != query_.group_by.end()),
      dimension_(rollup_dimension(query_)),
      accepted_types_(accepted(query_.events, Dimension::type)),
      accepted_strategies_(accepted(query_.events, Dimension::strategy)),
      groups_(query_.group_by.size()) {
  if (!dimension_ || *dimension_ == Dimension::type) return;
  if (*dimension_ != Dimension::status) {
    accepted_values_ = accepted(query_.events, *dimension_);
  }
}

bool AggregateResult::accepts(const std::vector<std::string>& accepted,
                              std::string_view text) const noexcept {
  return accepted.empty() || std::find(accepted.begin(), accepted.end(), text) != accepted.end();
}

AggregateResult::Cell* AggregateResult::cell(Place place) {
  const std::uint64_t key = std::uint64_t{place.bucket} << 32 | place.group;
  const std::uint32_t known = cell_index_.find(key);
  if (known != kNone) return &cells_[known];
  if (cells_.size() == kMaxCells) return nullptr;
  cell_index_.insert(key, static_cast<std::uint32_t>(cells_.size()));
  cells_.push_back({place.bucket, place.group, 0, {}, {}});
  return &cells_.back();
}

Error AggregateResult::too_large() const {
  return {"invalid_parameter",
          "The answer has more than " + std::to_string(kMaxCells) +
              " groups over all buckets, or more numbers than its quantiles can keep apart; take a "
              "longer interval, a shorter range or fewer groups.",
          "interval"};
}

// --- from rows ---

std::uint32_t AggregateResult::type_text(RowTexts& row, std::uint32_t type) {
  std::uint32_t& known = row.types[type];
  if (known != kNone) return known;
  const std::string_view text = row.reader.types()[type];
  if (!TelemetryBus::is_valid_type(text)) row.damaged = true;
  if (row.damaged || !accepts(accepted_types_, text)) return known = kSkipped;
  return known = kFirstValue + texts_.intern(text);
}

std::uint32_t AggregateResult::value_text(RowTexts& row, std::uint32_t value) {
  if (value < kFirstValue) {
    if (accepted_values_.empty()) return value;
    if (value == kOtherValue) needs_events_ = true;
    return kSkipped;
  }
  std::uint32_t& known = row.values[value - kFirstValue];
  if (known != kNone) return known;
  const std::string_view text = row.reader.values()[value - kFirstValue];
  if (!accepts(accepted_values_, text)) return known = kSkipped;
  const std::uint32_t number = texts_.find(text);
  if (number == TextIndex::kNone && !is_canonical(text)) {
    row.damaged = true;
    return known = kSkipped;
  }
  return known = kFirstValue + texts_.intern(text);
}

std::optional<std::uint32_t> AggregateResult::bucket_of(std::int64_t minute) const noexcept {
  minute -= query_.since_ns / kMinuteNs;
  if (minute < 0 || minute >= (query_.until_ns - query_.since_ns) / kMinuteNs) return std::nullopt;
  return static_cast<std::uint32_t>(minute / (query_.interval_ns / kMinuteNs));
}

std::optional<AggregateResult::Place> AggregateResult::place_of(RowTexts& row,
                                                                const RowEntry& entry) {
  const auto bucket = bucket_of(entry.minute);
  if (!bucket) return std::nullopt;
  const std::uint32_t type = type_text(row, entry.type);
  if (type == kSkipped) return std::nullopt;
  const std::uint32_t value = value_text(row, entry.value);
  if (value == kSkipped) return std::nullopt;
  std::array<std::uint32_t, kDimensionCount> texts;
  std::size_t count = 0;
  for (const Dimension dimension : query_.group_by) {
    texts[count++] = dimension == Dimension::type ? type : value;
  }
  return Place{*bucket, groups_.intern({texts.data(), count})};
}

Result<bool> AggregateResult::add_counts(RowReader& reader, RowTexts& row) {
  RowEntry entry;
  while (reader.next_entry(entry)) {
    const auto place = place_of(row, entry);
    if (!place) continue;
    Cell* at = cell(*place);
    if (at == nullptr) return too_large();
    at->events += entry.count;
  }
  if (reader.failed() || row.damaged) return corrupt();
  return true;
}

std::optional<QuantileSketch> AggregateResult::sketch_of(const RowReader::Series& series) const {
  QuantileSketch sketch;
  if (!query_.is_quantile()) return sketch;
  if (series.sketch.empty()) {
    sketch.add(series.stats.sum);
    return sketch;
  }
  auto decoded = QuantileSketch::decode(series.sketch);
  if (!decoded || decoded->count() != series.stats.count) return std::nullopt;
  return std::move(decoded).value();
}

Result<bool> AggregateResult::add_series(RowReader& reader, RowTexts& row) {
  RowReader::Series series;
  while (reader.next_series(series)) {
    const auto place = place_of(row, entries_[series.entry]);
    if (!place) continue;
    const auto sketch = sketch_of(series);
    if (!sketch) return corrupt();
    Cell* at = cell(*place);
    if (at == nullptr || bins_ > kMaxBins) return too_large();
    at->stats.merge(series.stats);
    bins_ -= at->sketch.bins();
    at->sketch.merge(*sketch);
    bins_ += at->sketch.bins();
  }
  if (reader.failed() || row.damaged) return corrupt();
  return true;
}

Result<bool> AggregateResult::add_values(RowReader& reader, RowTexts& row) {
  entries_.clear();
  entries_.reserve(reader.entries());
  RowEntry entry;
  while (reader.next_entry(entry)) entries_.push_back(entry);
  if (reader.find_field(field_hash(query_.field))) return add_series(reader, row);
  if (reader.failed()) return corrupt();
  for (const RowEntry& unknown : entries_) needs_events_ |= bucket_of(unknown.minute).has_value();
  return true;
}

Result<bool> AggregateResult::add_row(std::string_view row) {
  RowReader reader(row);
  if (!reader.read_head()) return corrupt();
  if (!dimension_ || reader.dimension() != static_cast<std::uint64_t>(*dimension_)) {
    return corrupt();
  }
  RowTexts texts{reader};
  return query_.has_field() ? add_values(reader, texts) : add_counts(reader, texts);
}

Result<bool> AggregateResult::add_rows(const RollupSource& source) {
  Result<bool> outcome = true;
  if (!dimension_) {
    needs_events_ = true;
    return outcome;
  }
  source.visit_rollups(static_cast<int>(*dimension_), query_.since_ns / kMinuteNs,
                       query_.until_ns / kMinuteNs - 1, [&](std::string_view row) {
                         if (outcome) outcome = add_row(row);
                       });
  return outcome;
}

// --- from events ---

Result<bool> AggregateResult::add_event(const char* frame, const FrameIndex& index) {
  if (index.timestamp_ns < query_.since_ns || index.timestamp_ns >= query_.until_ns) return true;
  if (reads_payload_) fields_.read(payload_of(frame, index), found_);
  if (query_.has_field() && found_.count == 0) return true;
  // Filters take either name of a strategy, groups the first: an event counts under one.
  if (!accepted_strategies_.empty()) {
    const auto strategy = dimension_value(Dimension::strategy, frame, index, found_.status);
    if (!strategy || !accepts(accepted_strategies_, *strategy)) return true;
  }
  std::array<std::uint32_t, kDimensionCount> texts;
  std::size_t count = 0;
  for (const Dimension dimension : query_.group_by) {
    const auto value = dimension_value(dimension, frame, index, found_.status);
    texts[count++] = value ? kFirstValue + texts_.intern(*value) : kNoValue;
  }
  const auto bucket =
      static_cast<std::uint32_t>((index.timestamp_ns - query_.since_ns) / query_.interval_ns);
  Cell* at = cell({bucket, groups_.intern({texts.data(), count})});
  if (at == nullptr || bins_ > kMaxBins) return too_large();
  ++at->events;
  if (found_.count == 0) return true;
  at->stats.add(found_.values[0].number);
  if (!query_.is_quantile()) return true;
  bins_ -= at->sketch.bins();
  at->sketch.add(found_.values[0].number);
  bins_ += at->sketch.bins();
  return true;
}

// --- the answer ---

int AggregateResult::compare_texts(std::uint32_t a, std::uint32_t b) const noexcept {
  if (a == b) return 0;
  if (a >= kFirstValue && b >= kFirstValue) {
    return texts_[a - kFirstValue].compare(texts_[b - kFirstValue]);
  }
  if (a < kFirstValue && b < kFirstValue) return a < b ? -1 : 1;
  return a < kFirstValue ? 1 : -1;  // events without a value, and other ones, come last
}

/// @return each group's place among the groups in order
std::vector<std::uint32_t> AggregateResult::groups_in_order() const {
  std::vector<std::uint32_t> order(groups_.size()), rank(groups_.size());
  for (std::uint32_t group = 0; group < order.size(); ++group) order[group] = group;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    for (std::size_t i = 0; i < query_.group_by.size(); ++i) {
      const int compared = compare_texts(groups_[a][i], groups_[b][i]);
      if (compared != 0) return compared < 0;
    }
    return false;
  });
  for (std::uint32_t place = 0; place < order.size(); ++place) rank[order[place]] = place;
  return rank;
}

void AggregateResult::append_value(std::string& out, const Cell& cell) const {
  const auto count = static_cast<double>(cell.stats.count);
  switch (query_.metric) {
    case Metric::count:
      out += std::to_string(cell.events);
      return;
    case Metric::rate:
      return append_number(
          out, static_cast<double>(cell.events) / (static_cast<double>(query_.interval_ns) / 1e9));
    case Metric::sum:
      return append_number(out, cell.stats.sum);
    case Metric::avg:
      return append_number(out, cell.stats.sum / count);
    case Metric::min:
      return append_number(out, cell.stats.min);
    case Metric::max:
      return append_number(out, cell.stats.max);
    default:
      break;
  }
  const auto estimate = cell.sketch.quantile(quantile_of(query_.metric));
  append_number(out, std::clamp(estimate->value, cell.stats.min, cell.stats.max));
  if (!estimate->within_error) out += ",\"inexact\":true";
}

void AggregateResult::append_group(std::string& out, const Cell& cell) const {
  bool other = false;
  out += "{\"key\":{";
  for (std::size_t i = 0; i < query_.group_by.size(); ++i) {
    const std::uint32_t text = groups_[cell.group][i];
    out += i == 0 ? "\"" : ",\"";
    out += name_of(query_.group_by[i]);
    out += text < kFirstValue ? "\":null" : "\":\"" + texts_[text - kFirstValue] + "\"";
    other |= text == kOtherValue;
  }
  out += other ? "},\"other\":true,\"value\":" : "},\"value\":";
  append_value(out, cell);
  out += ",\"count\":" + std::to_string(query_.has_field() ? cell.stats.count : cell.events) + '}';
}

std::string AggregateResult::json(AggregateOrigin origin) const {
  std::string out = "{\"ok\":true,\"metric\":\"" + std::string(name_of(query_.metric)) + "\",";
  out += "\"field\":" + (query_.has_field() ? json::quoted(query_.field) : "null");
  out += ",\"group_by\":[";
  for (const Dimension dimension : query_.group_by) {
    out += (out.back() == '[' ? "\"" : ",\"") + std::string(name_of(dimension)) + '"';
  }
  out += "],\"interval\":\"" + query_.interval_name + "\",\"since\":\"" +
         format_rfc3339(from_ns(query_.since_ns)) + "\",\"until\":\"" +
         format_rfc3339(from_ns(query_.until_ns)) + "\",\"source\":\"" +
         (origin == AggregateOrigin::rollup ? "rollup" : "events") + "\",\"buckets\":[";
  const std::vector<std::uint32_t> rank = groups_in_order();
  std::vector<const Cell*> ordered;
  ordered.reserve(cells_.size());
  for (const Cell& cell : cells_) ordered.push_back(&cell);
  std::sort(ordered.begin(), ordered.end(), [&](const Cell* a, const Cell* b) {
    return a->bucket != b->bucket ? a->bucket < b->bucket : rank[a->group] < rank[b->group];
  });
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const bool first = i == 0 || ordered[i]->bucket != ordered[i - 1]->bucket;
    if (first) {
      const std::int64_t start = query_.since_ns + ordered[i]->bucket * query_.interval_ns;
      out += (i == 0 ? "{\"start\":\"" : "]},{\"start\":\"") + format_rfc3339(from_ns(start));
      out += start + query_.interval_ns > query_.now_ns ? "\",\"partial\":true" : "\"";
      out += ",\"groups\":[";
    } else {
      out += ',';
    }
    append_group(out, *ordered[i]);
  }
  out += ordered.empty() ? "]}\n" : "]}]}\n";
  return out;
}

}  // namespace tapedeck
