// SpoolFolder: one publisher's spool on disk, a queue of batches that outlives its process. Written
// at one end, sent and removed at the other. The folder belongs to who holds its lock.
//
// Not thread-safe. What has been appended is with the kernel when append() returns: a killed
// process loses none of it; sync() brings it to the disk.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "remote/spool_format.hpp"

namespace tapedeck::remote {

/// The disk or the folder does not take or give what it should; a sentence.
class SpoolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An open file that forked children have no copy of.
class SpoolFile {
 public:
  SpoolFile() = default;
  SpoolFile(const std::filesystem::path& path, int flags);
  SpoolFile(SpoolFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SpoolFile& operator=(SpoolFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~SpoolFile();
  int fd() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

class SpoolFolder {
 public:
  /// Makes a folder of this process's own. @throws SpoolError
  static std::unique_ptr<SpoolFolder> make(const std::filesystem::path& path,
                                           std::string_view publisher, std::uint64_t segment_bytes);
  /// Takes over what a dead process left; nullptr when its owner lives or it is gone. Parts that
  /// are damaged are left out and counted. @throws SpoolError
  static std::unique_ptr<SpoolFolder> adopt(const std::filesystem::path& path);
  ~SpoolFolder();

  std::uint64_t bytes() const noexcept;
  std::uint64_t events() const noexcept;
  bool empty() const noexcept { return segments_.empty(); }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Bytes that were damaged and have been left out, and events known to have been among them.
  std::uint64_t damaged_bytes() const noexcept { return damaged_bytes_; }
  std::uint64_t damaged_events() const noexcept { return damaged_events_; }

  /// All or none. @param alone see RecordView. @throws SpoolError; then nothing has changed.
  void append(std::span<const Batch> batches, bool alone);
  /// The batch to send next: the records that the claim names, or as many as fit, which are claimed
  /// by that. Must not be empty. @return nothing when what came next was damaged: it has been left
  /// out, and the folder may be empty now. @throws SpoolError
  std::optional<Batch> front(std::size_t batch_bytes, std::size_t batch_events);
  /// What front() gave has been accepted.
  void pop();
  void sync();
  /// Removes the files and the folder; it must be empty.
  void remove() noexcept;

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t size = 0;    // good bytes
    std::uint64_t events = 0;  // that have not been popped
    std::string publisher;
  };
  SpoolFolder(std::filesystem::path path, SpoolFile lock);
  std::filesystem::path file_of(std::uint64_t number) const;
  bool still_there() const noexcept;
  void scan();
  void scan_segment(std::uint64_t number, std::uint64_t from);
  std::optional<Claim> stored_claim() const;
  struct Taken {
    Batch batch;
    std::size_t bytes = 0;  // of its records
  };
  Taken take(std::string_view bytes, std::size_t batch_bytes, std::size_t batch_events,
             bool as_claimed) const;
  Batch accept_claim(Taken taken);
  bool store_claim(std::uint64_t end);
  void open_segment();
  void write_all(std::string_view bytes);
  std::string read_first(std::uint64_t begin, std::uint64_t bytes);
  std::string read_unclaimed(std::size_t batch_bytes);
  void give_up_first_segment() noexcept;
  void drop_first_segment() noexcept;

  const std::filesystem::path path_;
  SpoolFile lock_;
  std::string publisher_;
  std::uint64_t segment_bytes_ = 0;
  std::deque<Segment> segments_;
  std::uint64_t next_number_ = 1;
  SpoolFile writing_;  // the last segment
  SpoolFile reading_;  // the first
  SpoolFile claiming_;
  std::uint64_t read_at_ = kSegmentHeaderBytes;  // in the first
  std::uint64_t claimed_end_ = 0;                // 0: nothing is claimed
  std::uint64_t claimed_events_ = 0;
  std::uint64_t damaged_bytes_ = 0;
  std::uint64_t damaged_events_ = 0;
  bool unsynced_ = false;
};

}  // namespace tapedeck::remote
