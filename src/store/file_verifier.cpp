#include "store/file_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/byte_coding.hpp"
#include "bus/frame_index.hpp"

namespace tapedeck::store {
namespace {

constexpr std::uint64_t kMostIntegrityRows = 20;

std::uint64_t unsigned_of(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value);
}

std::int64_t pragma(SqliteDatabase& database, const char* name) {
  SqliteStatement statement(database, fmt::format("PRAGMA {}", name));
  statement.step();
  return statement.integer(0);
}

SqliteDatabase open_snapshot(const std::filesystem::path& path) {
  SqliteDatabase database = SqliteDatabase::open_to_read(path);
  database.execute("BEGIN");
  pragma(database, "schema_version");  // only a read takes the snapshot
  return database;
}

}  // namespace

FileVerifier::FileVerifier(const std::filesystem::path& path, VerifyReport& report)
    : name_(path.filename().string()),
      report_(report),
      database_(open_snapshot(path)),
      block_data_(database_, "SELECT columns, data FROM block_data WHERE ordinal = ?") {
  facts_.name = name_;
  std::error_code error;
  for (const char* suffix : {"", "-wal"}) {
    const auto size = std::filesystem::file_size(path.string() + suffix, error);
    if (!error) facts_.bytes += size;
  }
}

void FileVerifier::damaged(std::optional<BlockOrdinal> block, std::uint64_t events,
                           std::string what) {
  report_.add(Damage{name_, block, events, std::move(what)});
}

void FileVerifier::run(const std::function<void(double)>& step) {
  if (!check_header()) return;
  check_integrity();
  load_epochs();
  load_series();
  load_blocks();
  load_segments();
  check_directory();
  auto segment = segments_.begin();
  for (BlockOrdinal ordinal = 0; ordinal < blocks_.size(); ++ordinal) {
    if (auto problem = check_block(ordinal)) {
      expected_.complete = false;
      damaged(ordinal, blocks_[ordinal].events, std::move(*problem));
    }
    facts_.events += blocks_[ordinal].events;
    if (segment != segments_.end() && ordinal + 1 == segment->end_block) {
      check_segment(*segment++);
      expected_ = {};
    }
    step(static_cast<double>(ordinal + 1) / static_cast<double>(blocks_.size()));
  }
  facts_.blocks = blocks_.size();
  if (!blocks_.empty()) {
    facts_.first_seq = blocks_.front().first_seq;
    facts_.end_seq = blocks_.back().end_seq;
  }
  if (!epochs_.empty()) report_.epochs = epochs_;
  report_.files.push_back(facts_);
}

bool FileVerifier::check_header() {
  const std::int64_t version = pragma(database_, "user_version");
  if (pragma(database_, "application_id") != kApplicationId || version < 1) {
    damaged(std::nullopt, 0, "this is no file of Tapedeck's");
    return false;
  }
  if (version > kSchemaVersion) {
    damaged(std::nullopt, 0,
            fmt::format("it was written by a newer Tapedeck (schema {}; this one knows {})",
                        version, kSchemaVersion));
    return false;
  }
  return true;
}

void FileVerifier::check_integrity() {
  SqliteStatement check(database_, fmt::format("PRAGMA integrity_check({})", kMostIntegrityRows));
  while (check.step()) {
    if (std::string said = check.text(0); said != "ok") {
      damaged(std::nullopt, 0, "SQLite says: " + std::move(said));
    }
  }
}

void FileVerifier::load_epochs() {
  SqliteStatement rows(database_, "SELECT number, name, first_seq FROM epoch ORDER BY number");
  while (rows.step()) {
    const EpochRow row{rows.integer(0), rows.text(1), unsigned_of(rows.integer(2))};
    if (!epochs_.empty() && row.first_seq < epochs_.back().first_seq) {
      damaged(std::nullopt, 0, fmt::format("epoch {} begins before the one before it", row.name));
    }
    epochs_.push_back(row);
  }
}

void FileVerifier::load_series() {
  SqliteStatement rows(database_, "SELECT id, keys FROM series ORDER BY id");
  while (rows.step()) {
    if (series_.restore(static_cast<SeriesId>(rows.integer(0)), rows.bytes(1))) continue;
    damaged(std::nullopt, 0, fmt::format("series {} is damaged", rows.integer(0)));
    break;
  }
  SqliteStatement without(database_,
                          "SELECT count(*) FROM setting WHERE name = 'events_without_series'");
  without.step();
  without_series_ = without.integer(0) > 0;
}

void FileVerifier::load_blocks() {
  SqliteStatement rows(database_,
                       "SELECT first_seq, end_seq, epoch, events, min_ns, max_ns, received_ns, "
                       "raw_bytes, json_bytes, ordinal FROM block ORDER BY ordinal");
  while (rows.step()) {
    if (rows.integer(9) != static_cast<std::int64_t>(blocks_.size())) {
      damaged(static_cast<BlockOrdinal>(blocks_.size()), 0, "it is not there; nor is what follows");
      return;
    }
    blocks_.push_back({.first_seq = unsigned_of(rows.integer(0)),
                       .end_seq = unsigned_of(rows.integer(1)),
                       .epoch = static_cast<std::uint32_t>(rows.integer(2)),
                       .events = static_cast<std::uint32_t>(rows.integer(3)),
                       .min_ns = rows.integer(4),
                       .max_ns = rows.integer(5),
                       .received_ns = rows.integer(6),
                       .raw_bytes = unsigned_of(rows.integer(7)),
                       .json_bytes = unsigned_of(rows.integer(8))});
  }
}

void FileVerifier::load_segments() {
  SqliteStatement rows(
      database_, "SELECT id, first_block, end_block, min_ns, max_ns FROM segment ORDER BY id");
  while (rows.step()) {
    const Segment segment{.id = rows.integer(0),
                          .first_block = static_cast<BlockOrdinal>(rows.integer(1)),
                          .end_block = static_cast<BlockOrdinal>(rows.integer(2)),
                          .min_ns = rows.integer(3),
                          .max_ns = rows.integer(4)};
    const BlockOrdinal expected = segments_.empty() ? 0 : segments_.back().end_block;
    if (segment.first_block != expected || segment.end_block <= expected ||
        segment.end_block > blocks_.size()) {
      damaged(std::nullopt, 0,
              fmt::format("segment {} does not follow the one before it", segment.id));
      return;
    }
    segments_.push_back(segment);
  }
}

/// Numbers and epochs of the blocks, and the holes between them.
void FileVerifier::check_directory() {
  for (BlockOrdinal ordinal = 0; ordinal < blocks_.size(); ++ordinal) {
    const BlockInfo& info = blocks_[ordinal];
    const std::uint64_t before = ordinal == 0 ? info.first_seq : blocks_[ordinal - 1].end_seq;
    if (info.first_seq >= info.end_seq || info.first_seq < before) {
      damaged(ordinal, 0,
              fmt::format("its numbers {} to {} do not follow {}", info.first_seq, info.end_seq,
                          before));
    } else if (info.first_seq > before) {
      report_.add(EventFile::Hole{before, info.first_seq});
    }
    const auto epoch = std::find_if(epochs_.begin(), epochs_.end(), [&](const EpochRow& row) {
      return row.number == std::int64_t{info.epoch};
    });
    if (epoch == epochs_.end() || info.first_seq < epoch->first_seq ||
        (std::next(epoch) != epochs_.end() && info.end_seq > std::next(epoch)->first_seq)) {
      damaged(ordinal, 0, fmt::format("its numbers are not of its epoch {}", info.epoch));
    }
  }
}

// --- blocks ---

std::optional<std::string> FileVerifier::check_block(BlockOrdinal ordinal) {
  const BlockInfo& info = blocks_[ordinal];
  if (info.events == 0) return std::nullopt;  // all aged away
  try {
    block_data_.reset();
    if (!block_data_.bind(1, std::int64_t{ordinal}).step()) return "its bytes are not there";
    const auto columns = decode_columns(block_data_.bytes(0), info.first_seq);
    if (!columns) return "its columns' checksum or form is wrong";
    if (auto problem = check_columns(info, *columns)) return problem;
    const auto bytes = decode_data(block_data_.bytes(1), *columns);
    if (bytes == nullptr) return "its events' checksum or form is wrong";
    return check_frames(ordinal, *columns, *bytes);
  } catch (const SqliteError& error) {
    return error.what();
  }
}

std::optional<std::string> FileVerifier::check_columns(
    const BlockInfo& info, const std::vector<EventColumns>& columns) const {
  if (columns.size() != info.events) {
    return fmt::format("it holds {} events instead of {}", columns.size(), info.events);
  }
  auto [first, last] = std::minmax_element(
      columns.begin(), columns.end(),
      [](const auto& a, const auto& b) { return a.timestamp_ns < b.timestamp_ns; });
  if (first->timestamp_ns != info.min_ns || last->timestamp_ns != info.max_ns) {
    return "its events' times are not those noted of it";
  }
  const bool ascending =
      std::adjacent_find(columns.begin(), columns.end(), [](const auto& a, const auto& b) {
        return a.seq >= b.seq;
      }) == columns.end();
  if (!ascending || columns.front().seq < info.first_seq || columns.back().seq >= info.end_seq) {
    return "its events' numbers are not those noted of it";
  }
  if (columns.back().offset + columns.back().length != info.raw_bytes) {
    return "its size is not the one noted of it";
  }
  return std::nullopt;
}

std::optional<std::string> FileVerifier::check_frames(BlockOrdinal ordinal,
                                                      const std::vector<EventColumns>& columns,
                                                      const std::string& bytes) {
  std::uint64_t json_bytes = 0;
  for (const EventColumns& event : columns) {
    const char* frame = bytes.data() + event.offset;
    const auto index = index_frame({frame, event.length}, event.timestamp_ns);
    if (!index) return fmt::format("event {} is no event", event.seq);
    if (auto problem = check_frame(blocks_[ordinal], event, frame, *index)) return problem;
    json_bytes += index->json_length();
    expect(event, frame, *index, ordinal);
  }
  if (json_bytes != blocks_[ordinal].json_bytes) return "its size is not the one noted of it";
  return std::nullopt;
}

std::optional<std::string> FileVerifier::check_frame(const BlockInfo& info,
                                                     const EventColumns& event, const char* frame,
                                                     const FrameIndex& index) {
  const auto epoch = std::find_if(epochs_.begin(), epochs_.end(), [&](const EpochRow& row) {
    return row.number == std::int64_t{info.epoch};
  });
  const std::string_view said(frame, index.data_offset);
  if (epoch != epochs_.end() && said != fmt::format("id: {}-{}\n", epoch->name, event.seq)) {
    return fmt::format("event {} has another's id", event.seq);
  }
  const SeriesId expected = series_.number_of(frame, index);
  if (event.series == 0 ? !without_series_ : event.series != expected) {
    return fmt::format("event {} is filed under another's series", event.seq);
  }
  return std::nullopt;
}

/// Notes by what the event must be found.
void FileVerifier::expect(const EventColumns& event, const char* frame, const FrameIndex& index,
                          BlockOrdinal ordinal) {
  const auto add = [&](std::uint32_t hash) {
    if (hash != 0) expected_.postings.emplace_back(hash, ordinal);
  };
  const auto add_key = [&](Key key, PostingKind kind) {
    const KeySpan span = index.keys[static_cast<std::size_t>(key)];
    if (span.packed != 0) add(posting_hash(kind, {frame + span.offset(), span.length()}));
  };
  add_key(Key::order_id, PostingKind::order_id);
  add_key(Key::correlation_id, PostingKind::correlation_id);
  if (event.series != 0) {
    std::uint64_t& newest = expected_.newest[event.series];
    const bool noted_here = newest >= blocks_[ordinal].first_seq;
    newest = event.seq;
    if (noted_here) return;
    for (const std::uint32_t hash : series_[event.series].postings) add(hash);
    return;
  }
  add(posting_hash(PostingKind::type, {frame + index.type_offset(), index.type_length}));
  add_key(Key::symbol, PostingKind::symbol);
  add_key(Key::strategy, PostingKind::strategy);
  add_key(Key::strategy_name, PostingKind::strategy);
}

// --- segments ---

void FileVerifier::check_segment(const Segment& segment) {
  try {
    check_postings(segment);
    check_newest(segment);
  } catch (const SqliteError& error) {
    damaged(std::nullopt, 0, fmt::format("segment {}: {}", segment.id, error.what()));
  }
}

void FileVerifier::check_postings(const Segment& segment) {
  std::array<std::string, 256> rows;
  SqliteStatement row(database_, "SELECT data FROM posting WHERE bucket = ? AND segment = ?");
  for (std::size_t bucket = 0; bucket < rows.size(); ++bucket) {
    if (row.bind(1, static_cast<std::int64_t>(bucket)).bind(2, segment.id).step()) {
      rows[bucket] = row.bytes(0);
    }
    row.reset();
  }
  auto& wanted = expected_.postings;
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::uint64_t missing = 0;
  std::vector<BlockOrdinal> found;
  std::uint32_t looked_up = 0;  // no hash is 0
  for (const auto& [hash, block] : wanted) {
    if (hash != looked_up) {
      found.clear();
      looked_up = hash;
      if (!find_in_row(rows[bucket_of(hash)], hash, segment.first_block, segment.end_block,
                       found)) {
        found.clear();
      }
    }
    if (!std::binary_search(found.begin(), found.end(), block)) ++missing;
  }
  if (missing > 0) {
    damaged(std::nullopt, 0,
            fmt::format("segment {}: {} of {} postings are missing; filters do not find all events "
                        "of blocks {} to {}",
                        segment.id, missing, wanted.size(), segment.first_block,
                        segment.end_block - 1));
  }
}

void FileVerifier::check_newest(const Segment& segment) {
  if (!expected_.complete) return;
  SqliteStatement row(database_, "SELECT newest FROM segment WHERE id = ?");
  row.bind(1, segment.id).step();
  ByteReader in(row.bytes(0));
  bool agrees = in.varint() == expected_.newest.size();
  std::uint64_t series = 0;
  for (const auto& [id, seq] : expected_.newest) {
    series += in.varint();
    const std::uint64_t stored = blocks_[segment.first_block].first_seq + in.varint();
    agrees = agrees && series == id && stored == seq;
  }
  if (!agrees || in.failed() || in.left() > 0) {
    damaged(std::nullopt, 0,
            fmt::format("segment {}: its newest events are not those of its blocks", segment.id));
  }
}

}  // namespace tapedeck::store
