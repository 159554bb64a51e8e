#include "store/file_rewrite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bus/frame_index.hpp"

namespace tapedeck::store {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{4} << 20;  // compressed, of one transaction

std::string_view type_of(const char* frame, const FrameIndex& index) {
  return {frame + index.type_offset(), index.type_length};
}

class Rewriter {
 public:
  Rewriter(const EventFile& from, EventFile& to, const LeftOut& left_out,
           std::size_t segment_events)
      : from_(from),
        to_(to),
        left_out_(left_out),
        segment_events_(segment_events),
        lease_(from.reader()) {
    goes_.push_back(false);  // [0], without a series: each is asked
    from.series().for_each([&](SeriesId, const Series& series) {
      goes_.push_back(left_out(type_of(series.text.data(), series.index)));
    });
  }

  void take(BlockOrdinal ordinal);
  /// @return how many events there are
  std::uint64_t finish();

 private:
  bool goes(const EventColumns& event) const {
    return event.series < goes_.size() && goes_[event.series];
  }
  void take_events(BlockOrdinal ordinal);
  void finish_block(std::uint64_t end_seq);
  void close_run();
  void write(bool ends_segment);

  const EventFile& from_;
  EventFile& to_;
  const LeftOut& left_out_;
  const std::size_t segment_events_;
  const EventFile::Lease lease_;
  std::vector<bool> goes_;  // by series

  BlockBuilder builder_;
  EventFile::Batch batch_;
  std::size_t batch_bytes_ = 0;
  std::uint64_t kept_ = 0;
  // The run of numbers of one epoch without holes that is being copied: what is not in a block yet.
  std::uint64_t run_first_ = 0;
  std::uint64_t run_end_ = 0;
  std::uint32_t epoch_ = 0;
  std::int64_t received_ns_ = 0;
};

void Rewriter::take(BlockOrdinal ordinal) {
  const BlockInfo info = from_.block(ordinal);
  if (info.first_seq != run_end_ || info.epoch != epoch_) {
    close_run();
    run_first_ = info.first_seq;
    epoch_ = info.epoch;
  }
  received_ns_ = info.received_ns;
  if (info.events > 0) take_events(ordinal);
  run_end_ = info.end_seq;
}

void Rewriter::take_events(BlockOrdinal ordinal) {
  const auto columns = from_.read_columns(*lease_, ordinal);
  if (std::all_of(columns.begin(), columns.end(), [&](const auto& e) { return goes(e); })) return;
  const auto bytes = from_.read_data(*lease_, ordinal, columns);
  for (const EventColumns& event : columns) {
    if (goes(event)) continue;
    const char* frame = bytes->data() + event.offset;
    const auto index = index_frame({frame, event.length}, event.timestamp_ns);
    if (!index) {
      throw HistoryError(fmt::format("{}: block {} is damaged; tapedeck verify tells how much is",
                                     from_.path().string(), ordinal));
    }
    if (event.series == 0 && left_out_(type_of(frame, *index))) continue;
    if (!builder_.has_room_for(event.length)) finish_block(builder_.end_seq());
    const SeriesId series = to_.series_to_write().number_of(frame, *index);
    builder_.add({frame, event.length}, *index, event.seq, series);
    to_.note(frame, *index, event.seq, series,
             static_cast<BlockOrdinal>(to_.next_ordinal() + batch_.blocks.size()));
    ++kept_;
  }
}

/// Ends a block that stands for everything of the run up to `end_seq`.
void Rewriter::finish_block(std::uint64_t end_seq) {
  if (builder_.empty()) {
    EncodedBlock nothing;
    nothing.info.first_seq = run_first_;
    nothing.info.end_seq = end_seq;
    nothing.info.epoch = epoch_;
    nothing.info.received_ns = received_ns_;
    batch_.blocks.push_back(std::move(nothing));
  } else {
    batch_.blocks.push_back(
        builder_.encode(epoch_, received_ns_, BlockBuilder::Cover{run_first_, end_seq}));
    builder_.clear();
  }
  batch_bytes_ += batch_.blocks.back().data.size() + batch_.blocks.back().columns.size();
  run_first_ = end_seq;
  if (to_.noted() >= segment_events_) {
    write(true);
  } else if (batch_bytes_ >= kWriteBytes) {
    write(false);
  }
}

void Rewriter::close_run() {
  if (!builder_.empty() || run_first_ < run_end_) finish_block(run_end_);
}

void Rewriter::write(bool ends_segment) {
  batch_.last_block_is_full = true;
  batch_.ends_segment = ends_segment;
  to_.write(batch_);
  batch_.blocks.clear();
  batch_bytes_ = 0;
}

std::uint64_t Rewriter::finish() {
  close_run();
  write(true);
  return kept_;
}

}  // namespace

std::optional<std::uint64_t> rewrite_events(const EventFile& from, EventFile& to,
                                            const LeftOut& left_out, std::size_t segment_events,
                                            const std::atomic<bool>& stop) {
  Rewriter rewriter(from, to, left_out, segment_events);
  const auto count = static_cast<BlockOrdinal>(from.block_count());
  for (BlockOrdinal ordinal = 0; ordinal < count; ++ordinal) {
    if (stop.load(std::memory_order_relaxed)) return std::nullopt;
    rewriter.take(ordinal);
  }
  return rewriter.finish();
}

void copy_derived_tables(const std::filesystem::path& from, const std::filesystem::path& to,
                         std::string_view settings_note) {
  SqliteDatabase database(to);
  SqliteStatement(database, "ATTACH ? AS old").bind(1, std::string_view(from.native())).run();
  std::vector<std::string> tables;
  {
    SqliteStatement names(database,
                          "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name IN "
                          "(SELECT name FROM old.sqlite_master WHERE type = 'table') AND name NOT "
                          "IN ('setting', 'block', 'block_data', 'series', 'segment', 'posting')");
    while (names.step()) tables.push_back(names.text(0));
  }
  database.execute("BEGIN IMMEDIATE");
  for (const std::string& table : tables) {
    database.execute(
        fmt::format("INSERT INTO main.\"{0}\" SELECT * FROM old.\"{0}\"", table).c_str());
  }
  // Whether events are without a series the new file knows by itself.
  database.execute(
      "INSERT OR REPLACE INTO main.setting SELECT * FROM old.setting WHERE name <> "
      "'events_without_series'");
  SqliteStatement(database, "INSERT OR REPLACE INTO main.setting VALUES ('retention', ?)")
      .bind(1, settings_note)
      .run();
  database.execute("COMMIT");
}

}  // namespace tapedeck::store
