#include "store/event_file.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

#include "base/byte_coding.hpp"
#include "bus/frame_index.hpp"

namespace tapedeck::store {
namespace {

// Blocks are some kilobytes each: with larger pages fewer of them spill.
constexpr const char* kSchema = R"sql(
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epoch(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_seq INTEGER NOT NULL);
CREATE TABLE block(ordinal INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, end_seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL, events INTEGER NOT NULL, min_ns INTEGER NOT NULL, max_ns INTEGER NOT NULL,
  received_ns INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, json_bytes INTEGER NOT NULL);
CREATE TABLE block_data(ordinal INTEGER PRIMARY KEY, columns BLOB NOT NULL, data BLOB NOT NULL);
CREATE TABLE series(id INTEGER PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE segment(id INTEGER PRIMARY KEY, first_block INTEGER NOT NULL, end_block INTEGER NOT NULL,
  min_ns INTEGER NOT NULL, max_ns INTEGER NOT NULL, newest BLOB NOT NULL);
CREATE TABLE posting(bucket INTEGER NOT NULL, segment INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY(bucket, segment)) WITHOUT ROWID;
CREATE TABLE rollup(id INTEGER PRIMARY KEY, dimension INTEGER NOT NULL,
  first_minute INTEGER NOT NULL, last_minute INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX rollup_by_dimension ON rollup(dimension, first_minute, last_minute);
CREATE TABLE trade(correlation_id TEXT NOT NULL, first_id TEXT NOT NULL,
  decided_ns INTEGER NOT NULL, symbol TEXT NOT NULL, strategy TEXT NOT NULL, account TEXT NOT NULL,
  mode TEXT NOT NULL, outcome TEXT NOT NULL, complete INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY(correlation_id, first_id)) WITHOUT ROWID;
CREATE INDEX trade_by_time ON trade(decided_ns);
CREATE TABLE idempotency(key TEXT PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  epoch TEXT NOT NULL, body_hash INTEGER NOT NULL, at_ns INTEGER NOT NULL) WITHOUT ROWID;
)sql";

std::uint64_t unsigned_of(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value);
}
HistoryError damaged(const std::filesystem::path& path, std::string_view what) {
  return HistoryError(
      fmt::format("{}: {} is damaged; tapedeck verify tells how much is", path.string(), what));
}

// Connections that wait for their next reader, of all files of the process, because its open files
// are one resource: years of history are thousands of files.
constexpr int kMaxIdleReaders = 64;
std::atomic<int> idle_readers{0};

std::int64_t pragma(SqliteDatabase& database, const char* name) {
  SqliteStatement statement(database, fmt::format("PRAGMA {}", name));
  statement.step();
  return statement.integer(0);
}

}  // namespace

void remove_database(const std::filesystem::path& path) noexcept {
  std::error_code ignored;
  for (const char* suffix : {"-wal", "-shm", ""}) {
    std::filesystem::remove(path.string() + suffix, ignored);
  }
}

FileReader::FileReader(const std::filesystem::path& path)
    : database(SqliteDatabase::open_to_read(path)),
      columns(database, "SELECT columns FROM block_data WHERE ordinal = ?"),
      data(database, "SELECT data FROM block_data WHERE ordinal = ?"),
      posting(database, "SELECT segment, data FROM posting WHERE bucket = ? ORDER BY segment"),
      newest(database, "SELECT newest FROM segment WHERE id = ?") {}

EventFile::EventFile(std::filesystem::path path, const Options& options, BlockCache& cache)
    : path_(std::move(path)),
      cache_(cache),
      cache_key_(cache.new_file_key()),
      series_(options.max_series),
      database_(std::make_unique<SqliteDatabase>(path_)) {
  if (pragma(*database_, "schema_version") == 0) {
    make_schema();
  } else {
    check_schema();
  }
  // ack=durable means on disk, also when the power fails.
  database_->execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;");
  load();
}

EventFile::~EventFile() {
  idle_readers -= static_cast<int>(readers_.size());
  readers_.clear();
  database_.reset();
  if (doomed_.load(std::memory_order_acquire)) remove_database(path_);
}

void EventFile::make_schema() {
  database_->execute("BEGIN IMMEDIATE");
  database_->execute(kSchema);
  database_->execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; COMMIT",
                                 kApplicationId, kSchemaVersion)
                         .c_str());
}

void EventFile::check_schema() {
  const std::int64_t version = pragma(*database_, "user_version");
  if (pragma(*database_, "application_id") != kApplicationId || version < 1) {
    throw WrongSchema(fmt::format("{}: this is no file of Tapedeck's", path_.string()));
  }
  if (version > kSchemaVersion) {
    throw WrongSchema(
        fmt::format("{}: was written by a newer Tapedeck (schema {}; this one knows {}); run that "
                    "one, or choose another --data-dir",
                    path_.string(), version, kSchemaVersion));
  }
}

void EventFile::load() {
  SqliteStatement blocks(*database_,
                         "SELECT first_seq, end_seq, epoch, events, min_ns, max_ns, received_ns, "
                         "raw_bytes, json_bytes, ordinal FROM block ORDER BY ordinal");
  while (blocks.step()) {
    if (blocks.integer(9) != static_cast<std::int64_t>(blocks_.size())) {
      throw SqliteError(SQLITE_CORRUPT, path_.string() + ": its blocks are not in a row");
    }
    const BlockInfo info{.first_seq = unsigned_of(blocks.integer(0)),
                         .end_seq = unsigned_of(blocks.integer(1)),
                         .epoch = static_cast<std::uint32_t>(blocks.integer(2)),
                         .events = static_cast<std::uint32_t>(blocks.integer(3)),
                         .min_ns = blocks.integer(4),
                         .max_ns = blocks.integer(5),
                         .received_ns = blocks.integer(6),
                         .raw_bytes = unsigned_of(blocks.integer(7)),
                         .json_bytes = unsigned_of(blocks.integer(8))};
    if (info.first_seq >= info.end_seq || info.first_seq < end_seq() ||
        info.events > info.end_seq - info.first_seq) {
      throw SqliteError(SQLITE_CORRUPT, path_.string() + ": its blocks' numbers are damaged");
    }
    append_info(info);
  }
  SqliteStatement series(*database_, "SELECT id, keys FROM series ORDER BY id");
  while (series.step()) {
    if (!series_.restore(static_cast<SeriesId>(series.integer(0)), series.bytes(1))) {
      throw SqliteError(SQLITE_CORRUPT, path_.string() + ": its series are damaged");
    }
  }
  load_segments();
  load_names();
  next_ordinal_ = static_cast<BlockOrdinal>(blocks_.size());
  stored_series_ = series_.size();
  without_series_ = settings_.contains("events_without_series");
  tail_is_complete_ = unsegmented_from() == next_ordinal_;
}

void EventFile::load_segments() {
  SqliteStatement segments(
      *database_, "SELECT id, first_block, end_block, min_ns, max_ns FROM segment ORDER BY id");
  while (segments.step()) {
    segments_.push_back({.id = segments.integer(0),
                         .first_block = static_cast<BlockOrdinal>(segments.integer(1)),
                         .end_block = static_cast<BlockOrdinal>(segments.integer(2)),
                         .min_ns = segments.integer(3),
                         .max_ns = segments.integer(4)});
    const Segment& added = segments_.back();
    const BlockOrdinal expected = segments_.size() == 1 ? 0 : segments_.end()[-2].end_block;
    if (added.first_block != expected || added.end_block <= expected ||
        added.end_block > blocks_.size()) {
      throw SqliteError(SQLITE_CORRUPT, path_.string() + ": its segments are damaged");
    }
  }
}

void EventFile::load_names() {
  SqliteStatement epochs(*database_, "SELECT number, name, first_seq FROM epoch ORDER BY number");
  while (epochs.step()) {
    epochs_.push_back({epochs.integer(0), epochs.text(1), unsigned_of(epochs.integer(2))});
  }
  SqliteStatement settings(*database_, "SELECT name, value FROM setting");
  while (settings.step()) settings_.emplace(settings.text(0), settings.text(1));
}

void EventFile::append_info(const BlockInfo& info) {
  if (!blocks_.empty() && info.first_seq > blocks_.back().end_seq) {
    holes_.push_back({blocks_.back().end_seq, info.first_seq});
  }
  blocks_.push_back(info);
  totals_.events += info.events;
  totals_.json_bytes += info.json_bytes;
  totals_.last_received_ns = std::max(totals_.last_received_ns, info.received_ns);
}

std::uint64_t EventFile::bytes_on_disk() const noexcept {
  if (const std::uint64_t sealed = sealed_bytes_.load(std::memory_order_acquire); sealed > 0) {
    return sealed;
  }
  std::uint64_t total = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path_.string() + suffix, error);
    if (!error) total += size;
  }
  return total;
}

// --- the directory ---

std::size_t EventFile::block_count() const {
  const std::shared_lock lock(directory_mutex_);
  return blocks_.size();
}

BlockInfo EventFile::block(BlockOrdinal ordinal) const {
  const std::shared_lock lock(directory_mutex_);
  return blocks_[ordinal];
}

BlockOrdinal EventFile::block_of(std::uint64_t seq) const {
  const std::shared_lock lock(directory_mutex_);
  const auto found = std::partition_point(blocks_.begin(), blocks_.end(),
                                          [&](const BlockInfo& b) { return b.end_seq <= seq; });
  return static_cast<BlockOrdinal>(found - blocks_.begin());
}

std::optional<EventFile::Hole> EventFile::next_hole(std::uint64_t seq) const {
  const std::shared_lock lock(directory_mutex_);
  const auto found = std::partition_point(holes_.begin(), holes_.end(),
                                          [&](const Hole& hole) { return hole.end <= seq; });
  if (found == holes_.end()) return std::nullopt;
  return *found;
}

std::vector<Segment> EventFile::segments() const {
  const std::shared_lock lock(directory_mutex_);
  return segments_;
}

std::uint64_t EventFile::first_seq() const {
  const std::shared_lock lock(directory_mutex_);
  return blocks_.empty() ? 0 : blocks_.front().first_seq;
}

std::uint64_t EventFile::end_seq() const {
  const std::shared_lock lock(directory_mutex_);
  return blocks_.empty() ? 0 : blocks_.back().end_seq;
}

EventFile::Totals EventFile::totals() const {
  const std::shared_lock lock(directory_mutex_);
  return totals_;
}

std::vector<EpochRow> EventFile::epochs() const {
  const std::shared_lock lock(directory_mutex_);
  return epochs_;
}

std::string EventFile::setting(std::string_view name) const {
  const std::shared_lock lock(directory_mutex_);
  const auto found = settings_.find(name);
  return found == settings_.end() ? std::string() : found->second;
}

// --- reading ---

EventFile::Lease EventFile::reader() const {
  std::unique_ptr<FileReader> reader;
  {
    const std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      reader = std::move(readers_.back());
      readers_.pop_back();
      --idle_readers;
    }
  }
  if (reader == nullptr) reader = std::make_unique<FileReader>(path_);
  // One snapshot for the lease: a block that grows must not change between its two parts.
  reader->database.execute("BEGIN");
  return {*this, std::move(reader)};
}

void EventFile::give_back(std::unique_ptr<FileReader> reader) const {
  for (SqliteStatement* statement :
       {&reader->columns, &reader->data, &reader->posting, &reader->newest}) {
    statement->reset();
  }
  if (sqlite3_exec(reader->database.get(), "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK)
    return;
  if (idle_readers.fetch_add(1) >= kMaxIdleReaders) {
    --idle_readers;
    return;
  }
  const std::lock_guard lock(readers_mutex_);
  readers_.push_back(std::move(reader));
}

std::vector<EventColumns> EventFile::read_columns(FileReader& reader, BlockOrdinal ordinal) const {
  reader.columns.reset();
  if (!reader.columns.bind(1, std::int64_t{ordinal}).step()) {
    throw damaged(path_, fmt::format("block {}", ordinal));
  }
  auto columns = decode_columns(reader.columns.bytes(0), block(ordinal).first_seq);
  if (!columns) throw damaged(path_, fmt::format("block {}", ordinal));
  return std::move(*columns);
}

std::shared_ptr<const std::string> EventFile::read_data(
    FileReader& reader, BlockOrdinal ordinal, const std::vector<EventColumns>& columns) const {
  const bool grows = ordinal + 1 >= block_count();
  if (auto cached = grows ? nullptr : cache_.find(cache_key_, ordinal)) return cached;
  reader.data.reset();
  if (!reader.data.bind(1, std::int64_t{ordinal}).step()) {
    throw damaged(path_, fmt::format("block {}", ordinal));
  }
  auto bytes = decode_data(reader.data.bytes(0), columns);
  if (bytes == nullptr) throw damaged(path_, fmt::format("block {}", ordinal));
  if (!grows) cache_.put(cache_key_, ordinal, bytes);
  return bytes;
}

std::vector<NewestEvent> EventFile::read_newest(FileReader& reader, const Segment& segment) const {
  reader.newest.reset();
  if (!reader.newest.bind(1, segment.id).step()) throw damaged(path_, "a segment");
  ByteReader in(reader.newest.bytes(0));
  const std::uint64_t count = in.varint();
  const std::uint64_t first_seq = block(segment.first_block).first_seq;
  std::vector<NewestEvent> out;
  out.reserve(std::min<std::uint64_t>(count, in.left()));
  std::uint64_t series = 0;
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    series += in.varint();
    out.push_back({static_cast<SeriesId>(series), first_seq + in.varint()});
  }
  if (in.failed()) throw damaged(path_, "a segment");
  return out;
}

std::vector<BlockOrdinal> EventFile::find_postings(FileReader& reader, std::uint32_t hash) const {
  std::vector<BlockOrdinal> out;
  if (!tail_is_complete_.load(std::memory_order_acquire)) {
    const auto count = static_cast<BlockOrdinal>(block_count());
    for (BlockOrdinal block = unsegmented_from(); block < count; ++block) out.push_back(block);
  }
  // The tail first, then the directory, then the rows: a segment that is written meanwhile is found
  // in one of them at least, because the tail is emptied last.
  tail_.find(hash, out);
  const std::vector<Segment> known = segments();
  reader.posting.reset();
  reader.posting.bind(1, std::int64_t{bucket_of(hash)});
  auto segment = known.begin();
  while (reader.posting.step()) {
    while (segment != known.end() && segment->id < reader.posting.integer(0)) ++segment;
    if (segment == known.end()) break;
    if (segment->id != reader.posting.integer(0)) continue;
    if (!find_in_row(reader.posting.bytes(1), hash, segment->first_block, segment->end_block,
                     out)) {
      throw damaged(path_, "a list of postings");
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  const std::size_t end = block_count();
  std::erase_if(out, [&](BlockOrdinal block) { return block >= end; });
  return out;
}

}  // namespace tapedeck::store
