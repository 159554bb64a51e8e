#include "query/aggregate_row.hpp"

#include <cmath>
#include <span>

namespace tapedeck {
namespace {

void append_texts(std::string& out, const std::vector<std::string_view>& texts) {
  append_varint(out, texts.size());
  for (const std::string_view text : texts) {
    append_varint(out, text.size());
    out += text;
  }
}

void append_entries(std::string& out, const std::vector<RowEntry>& entries) {
  append_varint(out, entries.size());
  std::int64_t minute = entries.empty() ? 0 : entries.front().minute;
  for (const RowEntry& entry : entries) {
    append_varint(out, static_cast<std::uint64_t>(entry.minute - minute));
    append_varint(out, entry.type);
    append_varint(out, entry.value);
    append_varint(out, entry.count);
    minute = entry.minute;
  }
}

void append_series(std::string& out, std::span<const RowContent::Series> series,
                   std::string& scratch) {
  std::uint32_t before = 0;
  for (const RowContent::Series& one : series) {
    append_varint(out, one.entry + 1 - before);
    before = one.entry + 1;
    append_varint(out, one.stats->count);
    append_double(out, one.stats->sum);
    if (one.stats->count == 1) continue;
    append_double(out, one.stats->min);
    append_double(out, one.stats->max);
    scratch.clear();
    one.sketch->encode(scratch);
    append_varint(out, scratch.size());
    out += scratch;
  }
}

void append_fields(std::string& out, const RowContent& content) {
  std::string section, scratch;
  const std::span all(content.series);
  std::size_t at = 0;
  append_varint(out, content.field_hashes->size());
  for (std::uint32_t field = 0; field < content.field_hashes->size(); ++field) {
    std::size_t end = at;
    while (end < all.size() && all[end].field == field) ++end;
    section.clear();
    append_series(section, all.subspan(at, end - at), scratch);
    at = end;
    const std::uint32_t hash = (*content.field_hashes)[field];
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(hash >> shift & 0xff);
    append_varint(out, section.size());
    out += section;
  }
}

}  // namespace

std::uint32_t field_hash(std::string_view path) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::string encode_row(const RowContent& content) {
  std::string out(1, static_cast<char>(kRowFormat));
  append_varint(out, static_cast<std::uint64_t>(content.dimension));
  append_varint(out, zigzag(content.entries.empty() ? 0 : content.entries.front().minute));
  append_texts(out, content.types);
  append_texts(out, content.values);
  append_entries(out, content.entries);
  append_fields(out, content);
  return out;
}

void RowReader::read_texts(std::vector<std::string_view>& texts) {
  const std::uint64_t count = reader_.varint(reader_.left());
  texts.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count && !reader_.failed(); ++i) {
    texts.push_back(reader_.take(reader_.varint()));
  }
}

bool RowReader::read_head() {
  const std::string_view format = reader_.take(1);
  if (format.empty() || static_cast<std::uint8_t>(format.front()) != kRowFormat) {
    reader_.fail();
    return false;
  }
  dimension_ = reader_.varint();
  minute_ = unzigzag(reader_.varint(2 * kMaxMinute));
  read_texts(types_);
  read_texts(values_);
  entries_ = static_cast<std::size_t>(reader_.varint(reader_.left() / 4));
  return !reader_.failed();
}

bool RowReader::next_entry(RowEntry& entry) noexcept {
  if (entries_read_ == entries_) return false;
  ++entries_read_;
  minute_ += static_cast<std::int64_t>(reader_.varint(kMaxMinute));
  entry.minute = minute_;
  entry.type = static_cast<std::uint32_t>(reader_.varint(UINT32_MAX));
  entry.value = static_cast<std::uint32_t>(reader_.varint(UINT32_MAX));
  entry.count = reader_.varint(QuantileSketch::kMaxCount);
  if (entry.type >= types_.size() || entry.value >= kFirstValue + values_.size() ||
      minute_ > static_cast<std::int64_t>(kMaxMinute)) {
    reader_.fail();
  }
  return !reader_.failed();
}

bool RowReader::find_field(std::uint32_t hash) noexcept {
  const std::uint64_t fields = reader_.varint();
  for (std::uint64_t i = 0; i < fields && !reader_.failed(); ++i) {
    std::uint32_t found = 0;
    const std::string_view four = reader_.take(4);
    for (std::size_t at = four.size(); at-- > 0;) {
      found = found << 8 | static_cast<unsigned char>(four[at]);
    }
    const std::string_view section = reader_.take(reader_.varint());
    if (found != hash || reader_.failed()) continue;
    series_ = ByteReader(section);
    series_end_ = 0;
    return true;
  }
  return false;
}

bool RowReader::next_series(Series& series) noexcept {
  if (series_.left() == 0) return false;
  const std::uint64_t step = series_.varint(entries_ - series_end_);
  series_end_ += static_cast<std::size_t>(step);
  series.entry = series_end_ - 1;
  series.stats.count = series_.varint(QuantileSketch::kMaxCount);
  series.stats.sum = series_.number();
  series.stats.min = series.stats.max = series.stats.sum;
  series.sketch = {};
  if (series.stats.count > 1) {
    series.stats.min = series_.number();
    series.stats.max = series_.number();
    series.sketch = series_.take(series_.varint());
    if (series.sketch.empty()) series_.fail();
  }
  if (series_.failed() || step == 0 || series.stats.count == 0 ||
      !std::isfinite(series.stats.min) || !std::isfinite(series.stats.max) ||
      series.stats.min > series.stats.max) {
    reader_.fail();
    return false;
  }
  return true;
}

}  // namespace tapedeck
