#include "store/series_table.hpp"

#include <mutex>

#include "base/byte_coding.hpp"

namespace tapedeck::store {
namespace {

constexpr std::size_t kTypeOffset = 15;  // FrameIndex::type_offset() with data_offset 0

/// Length of the type, type; then for each key that is there: its number, length, value.
void write_stored(std::string& out, const char* frame, const FrameIndex& index) {
  out.clear();
  out += static_cast<char>(index.type_length);
  out.append(frame + index.type_offset(), index.type_length);
  for (std::size_t key = 0; key < kKeyCount; ++key) {
    const KeySpan span = index.keys[key];
    if (span.packed == 0 || !is_series_key(static_cast<Key>(key))) continue;
    out += static_cast<char>(key);
    append_varint(out, span.length());
    out.append(frame + span.offset(), span.length());
  }
}

bool read_stored(std::string_view stored, Series& out) {
  if (stored.empty()) return false;
  ByteReader in(stored.substr(1));
  const auto type_length = static_cast<std::uint8_t>(stored.front());
  out.text.assign(kTypeOffset, ' ');
  out.text += in.take(type_length);
  out.index.type_length = type_length;
  while (in.left() > 0 && !in.failed()) {
    const std::uint64_t key = in.varint();
    const std::string_view value = in.take(in.varint());
    if (key >= kKeyCount || value.size() > KeySpan::kMaxLength) return false;
    out.index.keys[key].set(out.text.size(), value.size());
    out.text += value;
  }
  return !in.failed();
}

std::uint32_t hash_of(const Series& series, PostingKind kind, Key key) {
  const KeySpan span = series.index.keys[static_cast<std::size_t>(key)];
  if (span.packed == 0) return 0;
  return posting_hash(kind, {series.text.data() + span.offset(), span.length()});
}

}  // namespace

std::uint32_t posting_hash(PostingKind kind, std::string_view value) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U ^ static_cast<std::uint64_t>(kind);
  hash *= 0x100000001B3U;
  for (const char c : value) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001B3U;
  }
  const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  return folded == 0 ? 1 : folded;  // 0 is "none"
}

SeriesId SeriesTable::number_of(const char* frame, const FrameIndex& index) {
  write_stored(scratch_, frame, index);
  if (const auto found = numbers_.find(scratch_); found != numbers_.end()) return found->second;
  if (series_.size() >= limit_) return 0;
  add(scratch_);
  return size();
}

bool SeriesTable::restore(SeriesId id, std::string_view stored) {
  Series check;
  if (id != size() + 1 || !read_stored(stored, check)) return false;
  add(std::string(stored));
  return true;
}

void SeriesTable::add(std::string stored) {
  Series series;
  read_stored(stored, series);
  series.postings[0] =
      posting_hash(PostingKind::type, {series.text.data() + kTypeOffset, series.index.type_length});
  series.postings[1] = hash_of(series, PostingKind::symbol, Key::symbol);
  series.postings[2] = hash_of(series, PostingKind::strategy, Key::strategy);
  series.postings[3] = hash_of(series, PostingKind::strategy, Key::strategy_name);
  const auto [place, added] = numbers_.emplace(std::move(stored), size() + 1);
  const std::unique_lock lock(mutex_);
  series_.push_back(std::move(series));
  stored_.push_back(&place->first);
}

std::vector<std::uint8_t> SeriesTable::matching(const CompiledFilter& filter, bool& any) const {
  std::vector<std::uint8_t> out;
  any = false;
  const std::shared_lock lock(mutex_);
  out.reserve(series_.size() + 1);
  out.push_back(1);
  for (const Series& series : series_) {
    const bool passes = filter.matches_keys(series.text.data(), series.index, is_series_key);
    out.push_back(passes ? 1 : 0);
    any = any || passes;
  }
  return out;
}

}  // namespace tapedeck::store
