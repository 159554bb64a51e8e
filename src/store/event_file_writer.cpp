// The writer's part of EventFile.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/byte_coding.hpp"
#include "bus/frame_index.hpp"
#include "store/event_file.hpp"

namespace tapedeck::store {
namespace {

std::int64_t signed_of(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value);
}

/// Rolls back unless it is told that all is well.
class Transaction {
 public:
  explicit Transaction(SqliteDatabase& database) : database_(&database) {
    database.execute("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (database_ == nullptr) return;
    try {
      database_->execute("ROLLBACK");
    } catch (const SqliteError&) {  // SQLite has rolled back by itself (a full disk)
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_->execute("COMMIT");
    database_ = nullptr;
  }

 private:
  SqliteDatabase* database_;
};

}  // namespace

void EventFile::note(const char* frame, const FrameIndex& index, std::uint64_t seq, SeriesId series,
                     BlockOrdinal block) {
  ++noted_;
  for (const auto& [key, kind] : {std::pair{Key::order_id, PostingKind::order_id},
                                  std::pair{Key::correlation_id, PostingKind::correlation_id}}) {
    const KeySpan span = index.keys[static_cast<std::size_t>(key)];
    if (span.packed != 0) {
      tail_.add(posting_hash(kind, {frame + span.offset(), span.length()}), block);
    }
  }
  if (series == 0) {
    without_series_.store(true, std::memory_order_release);
    note_without_series(frame, index, block);
    return;
  }
  if (series >= newest_.size()) {
    newest_.resize(series + 1);
    noted_in_.resize(series + 1);
  }
  if (newest_[series] == 0) touched_.push_back(series);
  newest_[series] = seq;
  if (noted_in_[series] == block + 1) return;
  noted_in_[series] = block + 1;
  for (const std::uint32_t hash : series_[series].postings) {
    if (hash != 0) tail_.add(hash, block);
  }
}

void EventFile::note_without_series(const char* frame, const FrameIndex& index,
                                    BlockOrdinal block) {
  tail_.add(posting_hash(PostingKind::type, {frame + index.type_offset(), index.type_length}),
            block);
  for (const auto& [key, kind] : {std::pair{Key::symbol, PostingKind::symbol},
                                  std::pair{Key::strategy, PostingKind::strategy},
                                  std::pair{Key::strategy_name, PostingKind::strategy}}) {
    const KeySpan span = index.keys[static_cast<std::size_t>(key)];
    if (span.packed != 0) {
      tail_.add(posting_hash(kind, {frame + span.offset(), span.length()}), block);
    }
  }
}

void EventFile::write(const Batch& batch) {
  Transaction transaction(*database_);
  write_series();
  write_blocks(batch);
  const auto end_block = static_cast<BlockOrdinal>(next_ordinal_ + batch.blocks.size());
  const bool ends_segment = batch.ends_segment && end_block > unsegmented_from();
  Segment segment;
  if (ends_segment) write_segment(batch, segment, end_block);
  SqliteStatement add_epoch(*database_, "INSERT OR REPLACE INTO epoch VALUES (?, ?, ?)");
  for (const EpochRow& epoch : batch.epochs) {
    add_epoch.bind(1, epoch.number).bind(2, epoch.name).bind(3, signed_of(epoch.first_seq)).run();
  }
  auto settings = batch.settings;
  if (has_events_without_series()) settings.emplace_back("events_without_series", "yes");
  SqliteStatement set(*database_, "INSERT OR REPLACE INTO setting VALUES (?, ?)");
  for (const auto& [name, value] : settings) set.bind(1, name).bind(2, value).run();
  if (batch.more) batch.more(*database_);
  transaction.commit();

  // From here on nothing fails.
  stored_series_ = series_.size();
  {
    const std::unique_lock lock(directory_mutex_);
    if (!batch.blocks.empty() && blocks_.size() > next_ordinal_) {
      // It had been written while it was growing.
      totals_.events -= blocks_.back().events;
      totals_.json_bytes -= blocks_.back().json_bytes;
      if (!holes_.empty() && holes_.back().end == blocks_.back().first_seq) holes_.pop_back();
      blocks_.pop_back();
    }
    for (const EncodedBlock& block : batch.blocks) append_info(block.info);
    if (ends_segment) segments_.push_back(segment);
    for (const EpochRow& epoch : batch.epochs) {
      std::erase_if(epochs_, [&](const EpochRow& row) { return row.number == epoch.number; });
      epochs_.push_back(epoch);
    }
    for (const auto& [name, value] : settings) settings_[name] = value;
  }
  if (!batch.blocks.empty()) {
    next_ordinal_ += static_cast<BlockOrdinal>(batch.blocks.size() - 1);
    if (batch.last_block_is_full) ++next_ordinal_;
  }
  if (ends_segment) forget_noted();
}

void EventFile::forget_noted() {
  tail_.clear();  // readers find all of it in the segment by now
  for (const SeriesId series : touched_) newest_[series] = 0;
  touched_.clear();
  noted_ = 0;
}

BlockOrdinal EventFile::unsegmented_from() const {
  const std::shared_lock lock(directory_mutex_);
  return segments_.empty() ? 0 : segments_.back().end_block;
}

void EventFile::write_series() {
  if (stored_series_ == series_.size()) return;
  SqliteStatement insert(*database_, "INSERT OR REPLACE INTO series VALUES (?, ?)");
  for (SeriesId id = stored_series_ + 1; id <= series_.size(); ++id) {
    insert.bind(1, std::int64_t{id}).bind_bytes(2, series_.stored(id)).run();
  }
}

void EventFile::write_blocks(const Batch& batch) {
  if (batch.blocks.empty()) return;
  SqliteStatement info(*database_,
                       "INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  SqliteStatement data(*database_, "INSERT OR REPLACE INTO block_data VALUES (?, ?, ?)");
  std::int64_t ordinal = next_ordinal_;
  for (const EncodedBlock& block : batch.blocks) {
    info.bind(1, ordinal)
        .bind(2, signed_of(block.info.first_seq))
        .bind(3, signed_of(block.info.end_seq))
        .bind(4, std::int64_t{block.info.epoch})
        .bind(5, std::int64_t{block.info.events})
        .bind(6, block.info.min_ns)
        .bind(7, block.info.max_ns)
        .bind(8, block.info.received_ns)
        .bind(9, signed_of(block.info.raw_bytes))
        .bind(10, signed_of(block.info.json_bytes))
        .run();
    if (block.info.events > 0) {
      data.bind(1, ordinal).bind_bytes(2, block.columns).bind_bytes(3, block.data).run();
    }
    ++ordinal;
  }
}

// Newest events: how many, then for each by series: series - series before, number - the segment's
// first number.
void EventFile::write_segment(const Batch& batch, Segment& segment, BlockOrdinal end_block) {
  segment.first_block = unsegmented_from();
  segment.end_block = end_block;
  std::uint64_t first_seq = 0;
  {
    const std::shared_lock lock(directory_mutex_);
    segment.id = segments_.empty() ? 1 : segments_.back().id + 1;
    const auto info_of = [&](BlockOrdinal ordinal) -> const BlockInfo& {
      return ordinal < next_ordinal_ ? blocks_[ordinal]
                                     : batch.blocks[ordinal - next_ordinal_].info;
    };
    first_seq = info_of(segment.first_block).first_seq;
    segment.min_ns = std::numeric_limits<std::int64_t>::max();
    segment.max_ns = std::numeric_limits<std::int64_t>::min();
    for (BlockOrdinal ordinal = segment.first_block; ordinal < end_block; ++ordinal) {
      if (info_of(ordinal).events == 0) continue;  // all aged away
      segment.min_ns = std::min(segment.min_ns, info_of(ordinal).min_ns);
      segment.max_ns = std::max(segment.max_ns, info_of(ordinal).max_ns);
    }
  }
  std::sort(touched_.begin(), touched_.end());
  std::string newest;
  append_varint(newest, touched_.size());
  SeriesId before = 0;
  for (const SeriesId series : touched_) {
    append_varint(newest, series - before);
    append_varint(newest, newest_[series] - first_seq);
    before = series;
  }
  SqliteStatement(*database_, "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)")
      .bind(1, segment.id)
      .bind(2, std::int64_t{segment.first_block})
      .bind(3, std::int64_t{segment.end_block})
      .bind(4, segment.min_ns)
      .bind(5, segment.max_ns)
      .bind_bytes(6, newest)
      .run();
  SqliteStatement insert(*database_, "INSERT INTO posting VALUES (?, ?, ?)");
  for (const auto& [bucket, row] : tail_.encode(segment.first_block, end_block)) {
    insert.bind(1, std::int64_t{bucket}).bind(2, segment.id).bind_bytes(3, row).run();
  }
}

void EventFile::note_unsegmented(
    const std::function<void(const char*, const FrameIndex&, std::uint64_t)>& visit) {
  const Lease lease = reader();
  for (BlockOrdinal ordinal = unsegmented_from(); ordinal < next_ordinal_; ++ordinal) {
    if (block(ordinal).events == 0) continue;  // all aged away
    const auto columns = read_columns(*lease, ordinal);
    const auto bytes = read_data(*lease, ordinal, columns);
    for (const EventColumns& event : columns) {
      const char* frame = bytes->data() + event.offset;
      const auto index = index_frame({frame, event.length}, event.timestamp_ns);
      if (!index || event.series > series_.size()) {
        throw HistoryError(fmt::format("{}: block {} is damaged", path_.string(), ordinal));
      }
      note(frame, *index, event.seq, event.series, ordinal);
      visit(frame, *index, event.seq);
    }
  }
  tail_is_complete_.store(true, std::memory_order_release);
}

void EventFile::seal() noexcept {
  try {
    database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const SqliteError&) {  // the next to open it does it
  }
  database_.reset();
  sealed_bytes_.store(bytes_on_disk(), std::memory_order_release);
}

}  // namespace tapedeck::store
