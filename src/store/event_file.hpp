// EventFile: one SQLite file of events: blocks, the series and postings that find them, and what is
// derived from them (rollups, trades). A store is a row of such files, one a day of receipt, more
// when days are large. docs/architecture.md specifies the schema.
//
// Thread contract: the writer's part belongs to one thread (of the newest file, the store's
// writer); everything else may be called from any thread, also while the writer writes and after
// the file has been deleted: what a reader holds stays readable. Reads cost about 50 us a block
// opened, 5 us a block passed by.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/sqlite.hpp"
#include "bus/history.hpp"
#include "store/block.hpp"
#include "store/block_cache.hpp"
#include "store/postings.hpp"
#include "store/series_table.hpp"

namespace tapedeck::store {

/// Of every file of a store; PRAGMA user_version.
inline constexpr int kSchemaVersion = 1;
inline constexpr int kApplicationId = 0x54415045;  // "TAPE"

/// A file was written by a newer version of this program, or is none of its files.
class WrongSchema : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Blocks [first_block, end_block) whose postings and newest events by series are stored.
struct Segment {
  std::int64_t id = 0;
  BlockOrdinal first_block = 0;
  BlockOrdinal end_block = 0;
  std::int64_t min_ns = 0;
  std::int64_t max_ns = 0;
};

struct EpochRow {
  std::int64_t number = 0;
  std::string name;
  std::uint64_t first_seq = 0;
};

/// Takes an SQLite file off the disk, with its WAL. Nobody may have it open to write.
void remove_database(const std::filesystem::path& path) noexcept;

/// A connection that one reader uses at a time, with its statements.
struct FileReader {
  explicit FileReader(const std::filesystem::path& path);
  SqliteDatabase database;
  SqliteStatement columns, data, posting, newest;
};

/// A series and its newest event in a segment.
struct NewestEvent {
  SeriesId series = 0;
  std::uint64_t seq = 0;
};

class EventFile {
 public:
  struct Options {
    std::size_t max_series = 100'000;
  };
  /// Opens a file or makes a new one. Reads the blocks' directory and the series: about 50 ms a 10
  /// million events. @throws SqliteError, WrongSchema
  EventFile(std::filesystem::path path, const Options& options, BlockCache& cache);
  ~EventFile();

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Together with its WAL.
  std::uint64_t bytes_on_disk() const noexcept;
  /// Deletes it from the disk when its last reader has let it go.
  void delete_when_unused() noexcept { doomed_.store(true, std::memory_order_release); }

  // --- the directory of blocks; any thread ---

  std::size_t block_count() const;
  BlockInfo block(BlockOrdinal ordinal) const;
  /// The first block that ends behind `seq`; block_count() when none does.
  BlockOrdinal block_of(std::uint64_t seq) const;
  std::vector<Segment> segments() const;
  const SeriesTable& series() const noexcept { return series_; }
  const PostingTail& posting_tail() const noexcept { return tail_; }
  /// Whether some events have no series (see SeriesTable): they must be looked at one by one.
  bool has_events_without_series() const noexcept {
    return without_series_.load(std::memory_order_acquire);
  }
  std::uint64_t first_seq() const;  ///< 0: the file is empty
  std::uint64_t end_seq() const;
  /// The first run of numbers, ending behind `seq`, between two blocks: events that were lost.
  struct Hole {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::optional<Hole> next_hole(std::uint64_t seq) const;
  struct Totals {
    std::uint64_t events = 0;
    std::uint64_t json_bytes = 0;
    std::int64_t last_received_ns = 0;
  };
  Totals totals() const;
  std::vector<EpochRow> epochs() const;
  std::string setting(std::string_view name) const;

  // --- reading; any thread ---

  /// A connection, lent until the lease ends. @throws SqliteError
  class Lease;
  Lease reader() const;
  /// @throws HistoryError when it cannot be read
  std::vector<EventColumns> read_columns(FileReader& reader, BlockOrdinal ordinal) const;
  /// The newest event of each series in a segment, by series.
  std::vector<NewestEvent> read_newest(FileReader& reader, const Segment& segment) const;
  /// Blocks in which the hash may occur, ascending. The first read of its lease.
  std::vector<BlockOrdinal> find_postings(FileReader& reader, std::uint32_t hash) const;
  std::shared_ptr<const std::string> read_data(FileReader& reader, BlockOrdinal ordinal,
                                               const std::vector<EventColumns>& columns) const;

  // --- the writer ---

  /// Takes part in write(): rows of one transaction. Full blocks, the one still growing last.
  struct Batch {
    std::vector<EncodedBlock> blocks;  ///< the first replaces the block that was still growing
    std::vector<std::pair<std::string, std::string>> settings;
    std::vector<EpochRow> epochs;
    bool last_block_is_full = false;
    /// With it, what has been noted becomes a segment, which ends with the last, full block.
    bool ends_segment = false;
    /// More rows of the same transaction.
    std::function<void(SqliteDatabase&)> more;
  };
  /// On disk when it returns. @throws SqliteError: nothing of it is
  void write(const Batch& batch);
  /// Number of the block that grows, or would be next.
  BlockOrdinal next_ordinal() const noexcept { return next_ordinal_; }
  SeriesTable& series_to_write() noexcept { return series_; }
  /// Makes an event findable, of the block that is written next or later.
  void note(const char* frame, const FrameIndex& index, std::uint64_t seq, SeriesId series,
            BlockOrdinal block);
  /// Events noted since the last segment.
  std::size_t noted() const noexcept { return noted_; }
  /// Reads what is behind the last segment and notes it again, giving every event to `visit`: after
  /// a restart. @throws HistoryError
  void note_unsegmented(
      const std::function<void(const char*, const FrameIndex&, std::uint64_t)>& visit);
  /// Ends the writing: the write-ahead log is moved into the file.
  void seal() noexcept;

 private:
  void make_schema();
  void check_schema();
  void append_info(const BlockInfo& info);
  void load();
  void load_segments();
  void load_names();
  void write_blocks(const Batch& batch);
  void write_series();
  void write_segment(const Batch& batch, Segment& segment, BlockOrdinal end_block);
  void note_without_series(const char* frame, const FrameIndex& index, BlockOrdinal block);
  void forget_noted();
  BlockOrdinal unsegmented_from() const;
  void give_back(std::unique_ptr<FileReader> reader) const;

  const std::filesystem::path path_;
  BlockCache& cache_;
  const std::uint64_t cache_key_;
  SeriesTable series_;
  PostingTail tail_;
  std::atomic<bool> without_series_{false};
  /// Whether tail_ knows everything behind the last segment; not so until note_unsegmented().
  std::atomic<bool> tail_is_complete_{true};
  std::atomic<bool> doomed_{false};
  std::atomic<std::uint64_t> sealed_bytes_{0};  // its size, once nobody writes it any more

  mutable std::shared_mutex directory_mutex_;  // guards these:
  std::vector<BlockInfo> blocks_;
  std::vector<Hole> holes_;
  std::vector<Segment> segments_;
  std::vector<EpochRow> epochs_;
  std::map<std::string, std::string, std::less<>> settings_;
  Totals totals_;

  mutable std::mutex readers_mutex_;  // guards readers_
  mutable std::vector<std::unique_ptr<FileReader>> readers_;

  // the writer's
  std::unique_ptr<SqliteDatabase> database_;
  BlockOrdinal next_ordinal_ = 0;
  SeriesId stored_series_ = 0;
  std::size_t noted_ = 0;
  // Since the last segment, by series:
  std::vector<std::uint64_t> newest_;   // the newest event; 0: none
  std::vector<BlockOrdinal> noted_in_;  // the last block that was noted, + 1
  std::vector<SeriesId> touched_;
};

class EventFile::Lease {
 public:
  Lease(const EventFile& file, std::unique_ptr<FileReader> reader)
      : file_(&file), reader_(std::move(reader)) {}
  Lease(Lease&&) = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (reader_ != nullptr) file_->give_back(std::move(reader_));
  }
  FileReader& operator*() const noexcept { return *reader_; }

 private:
  const EventFile* file_;
  std::unique_ptr<FileReader> reader_;
};

}  // namespace tapedeck::store
