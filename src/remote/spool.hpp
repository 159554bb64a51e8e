// Spool: all of a publisher's batches on disk as one queue: what dead publishers to the same url
// left, oldest first, then its own. Bounded in total.
//
// Not thread-safe. Trouble with the disk is a state, not an error: it is told by problem() and
// tried again after kRetry.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "remote/spool_folder.hpp"

namespace tapedeck::remote {

class Spool {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kRetry{1000};
  /// A power failure takes no more than what came within this time.
  static constexpr std::chrono::milliseconds kSyncEvery{1000};

  struct Options {
    std::filesystem::path folder;  ///< of all publishers
    std::string server;            ///< names the url; begins the names of its publishers' folders
    std::string publisher;         ///< kPublisherBytes letters and digits
    std::uint64_t bytes = 0;       ///< 0: no spool
    std::function<void(std::string_view)> log;
  };
  explicit Spool(Options options);

  /// Takes over what dead publishers left.
  void adopt();
  bool enabled() const noexcept { return options_.bytes > 0; }
  bool empty() const noexcept { return folders_.empty(); }
  std::uint64_t events() const noexcept;
  /// Events that were found damaged.
  std::uint64_t damaged_events() const noexcept { return damaged_events_; }
  /// What is wrong with the disk; empty: nothing. Being full is nothing wrong.
  const std::string& problem() const noexcept { return problem_; }

  /// All or none. @param alone see RecordView. @param beyond_limit for a last word.
  /// @return whether they are in the spool.
  bool append(std::span<const Batch> batches, bool alone, bool beyond_limit = false);
  /// The batch to send next; nothing when the spool is empty or cannot be read now.
  std::optional<Batch> front(std::size_t batch_bytes, std::size_t batch_events);
  /// What front() gave has been accepted.
  void pop();
  /// Syncs once in kSyncEvery.
  void sync_if_due(Clock::time_point now);
  void sync();

 private:
  std::filesystem::path new_folder_path();
  void begin_own(std::span<const Batch> batches, bool alone);
  void note_problem(const SpoolError& error);
  void drop_front_folder_if_empty();

  const Options options_;
  const std::uint64_t segment_bytes_;
  std::deque<std::unique_ptr<SpoolFolder>> folders_;  // none is empty; own_ is the last
  SpoolFolder* own_ = nullptr;
  std::uint64_t damaged_events_ = 0;
  std::string problem_;
  Clock::time_point retry_at_{};
  Clock::time_point read_again_at_{};
  Clock::time_point synced_at_{};
};

}  // namespace tapedeck::remote
