// StoreWriter: the cursor that writes the log into the newest file, in batches, one transaction
// each. When the disk refuses, what is compressed waits in memory, then in the log; what even the
// log cannot keep is counted as lost.
//
// Owns a thread; stats() and when_durable() from any other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "bus/event_log.hpp"
#include "store/derived.hpp"
#include "store/file_set.hpp"
#include "store/store.hpp"

namespace tapedeck::store {

class StoreWriter {
 public:
  /// @param epochs all there are, the one of this run last
  /// @param file the newest, in use; none: the first write makes one
  StoreWriter(TelemetryBus& bus, const StoreOptions& options, FileSet& files, BlockCache& cache,
              Derived& derived, std::vector<EpochRow> epochs);
  ~StoreWriter();

  /// Writes what there is, and that this is all, then ends.
  void stop();

  using Done = std::function<void(std::optional<Error>)>;
  void when_durable(std::uint64_t seq, Done done);
  /// Adds its part.
  void add_to(StoreStats& stats) const;

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  bool has_waiters() const;
  void read_log();
  void add(const char* frame, const FrameIndex& index, std::uint64_t seq);
  void batch_growing_block();
  void finish_block();
  void write_batch();
  void forget_batch();
  bool commit(bool last);
  void prepare(bool last, bool ends_segment);
  void after_commit(std::uint64_t end);
  void after_failure(const SqliteError& error);
  void answer_waiters(std::uint64_t end, const std::optional<Error>& error);
  bool make_file_if_due();
  void make_file();
  void give_up_file();
  void resume(EventFile& file);
  void publish_state(const char* status);

  TelemetryBus& bus_;
  EventLog& log_;
  const StoreOptions& options_;
  FileSet& files_;
  BlockCache& cache_;
  Derived& derived_;
  const std::vector<EpochRow> epochs_;

  // the thread's
  std::shared_ptr<EventFile> file_;
  FileName name_;
  BlockBuilder growing_;
  EventFile::Batch batch_;           // full blocks that are not on disk yet
  std::size_t batch_bytes_ = 0;      // of them
  std::size_t growing_on_disk_ = 0;  // events of growing_ that are
  bool settings_due_ = true;         // the file does not say yet that it is in use
  std::uint64_t floor_on_disk_ = 1;
  std::uint64_t floor_to_write_ = 1;
  std::uint64_t next_ = 0;         // to be read from the log
  std::uint64_t derived_end_ = 0;  // events before it are in derived_
  Clock::time_point last_commit_{};
  Clock::time_point retry_at_{};
  Clock::time_point tell_again_at_{};  // that it is degraded

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  bool stop_ = false;
  std::multimap<std::uint64_t, Done> waiters_;
  std::string problem_;

  std::atomic<std::uint64_t> committed_end_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<bool> degraded_{false};
  LatencyHistogram commit_latency_;
  std::thread thread_;
};

}  // namespace tapedeck::store
