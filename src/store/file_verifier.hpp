// FileVerifier: verify() of one file. Works on the bytes as they lie in SQLite, not through
// EventFile, which writes, and which trusts what it reads to be sound enough to be opened.
//
// One thread. Memory: one segment.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/verify.hpp"

namespace tapedeck::store {

class FileVerifier {
 public:
  /// Opens the file and takes a snapshot. @throws SqliteError
  FileVerifier(const std::filesystem::path& path, VerifyReport& report);

  /// Adds what it finds to the report.
  /// @param step called after each block with the share of blocks that have been read
  void run(const std::function<void(double)>& step);

 private:
  struct Expected {
    std::vector<std::pair<std::uint32_t, BlockOrdinal>> postings;
    std::map<SeriesId, std::uint64_t> newest;
    bool complete = true;  // every block could be read
  };

  void damaged(std::optional<BlockOrdinal> block, std::uint64_t events, std::string what);
  bool check_header();
  void check_integrity();
  void load_epochs();
  void load_series();
  void load_blocks();
  void load_segments();
  void check_directory();
  std::optional<std::string> check_block(BlockOrdinal ordinal);
  std::optional<std::string> check_columns(const BlockInfo& info,
                                           const std::vector<EventColumns>& columns) const;
  std::optional<std::string> check_frames(BlockOrdinal ordinal,
                                          const std::vector<EventColumns>& columns,
                                          const std::string& bytes);
  std::optional<std::string> check_frame(const BlockInfo& info, const EventColumns& event,
                                         const char* frame, const FrameIndex& index);
  void expect(const EventColumns& event, const char* frame, const FrameIndex& index,
              BlockOrdinal ordinal);
  void check_segment(const Segment& segment);
  void check_postings(const Segment& segment);
  void check_newest(const Segment& segment);

  const std::string name_;
  VerifyReport& report_;
  SqliteDatabase database_;
  SqliteStatement block_data_;
  FileFacts facts_;
  SeriesTable series_{0};  // only what is stored; nothing is added
  bool without_series_ = false;
  std::vector<EpochRow> epochs_;
  std::vector<BlockInfo> blocks_;
  std::vector<Segment> segments_;
  Expected expected_;  // of the segment that is being read
};

}  // namespace tapedeck::store
