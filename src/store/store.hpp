// Store: everything published, in a folder of SQLite files, and the History that readers see. One
// process at a time owns the folder. A writer thread follows the log like any other cursor; it
// holds the log for what it has not written, so publishers and streams never wait for a disk.
//
// Thread contract: made before the bus, because it knows how numbering goes on; start() and stop()
// from one thread; everything else from any thread between them, reads also before and after.
// Memory: about 100 bytes for 180 stored events, the cache, and what waits to be written.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/latency_histogram.hpp"
#include "bus/history.hpp"
#include "query/aggregate_query.hpp"
#include "query/aggregate_rollup.hpp"
#include "query/idempotency_keys.hpp"
#include "query/trade_source.hpp"
#include "store/event_file.hpp"
#include "store/retention.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::store {

struct StoreOptions {
  std::filesystem::path folder;
  /// Events are on disk after so long at most; ack=durable does not wait for it.
  std::chrono::milliseconds commit_interval{200};
  /// A day of receipt begins another file, and so does a file that has grown to this.
  std::uint64_t max_file_bytes = std::uint64_t{1} << 30;
  /// Compressed events that may wait in memory while the disk refuses them. Beyond it they stay in
  /// the log, as long as that can.
  std::size_t pending_bytes = std::size_t{64} << 20;
  std::chrono::milliseconds retry_interval{1000};
  /// While writing fails, so often at most that is told anew: who waits for it may have come late.
  std::chrono::milliseconds tell_degraded_every{30'000};
  std::size_t segment_events = 65'536;
  std::size_t max_series = 100'000;
  std::size_t cache_bytes = std::size_t{64} << 20;
  RollupOptions rollup{};
  /// 1 to 2 KB a trade; older ones go on where their rows are.
  TradeTrackerOptions trades{.max_trades = 20'000};
  std::size_t max_idempotency_keys = 100'000;
  RetentionRules retention{};  ///< none: everything stays
  /// The wall clock, in ns; for tests.
  std::function<std::int64_t()> now_ns{};
  /// For sentences to the operator, one at a time.
  std::function<void(std::string_view)> log{};
};

struct StoreStats {
  std::uint64_t events = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t json_bytes = 0;  ///< of the stored events
  std::uint64_t first_seq = 0;   ///< 0: nothing stored
  std::uint64_t last_seq = 0;
  std::uint64_t lag_events = 0;  ///< published, not on disk yet
  std::uint64_t lost_total = 0;  ///< left the log before they could be written
  std::uint64_t commits_total = 0;
  std::uint64_t errors_total = 0;
  LatencyHistogram::Snapshot commit_latency;  ///< of transactions that succeeded
  bool degraded = false;
  std::string problem;  ///< what the disk said last, while degraded
};

/// The folder belongs to another process, cannot be written, or was written by a newer version.
class StoreUnusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Store : public History, public RollupSource, public TradeSource {
 public:
  /// Takes the folder (made when missing, 0700). Damaged files are set aside and told of.
  /// @throws StoreUnusable
  explicit Store(StoreOptions options);
  /// Stops.
  ~Store() override;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// How the bus must be made: sets epoch, first_seq and floor_seq.
  void complete(BusOptions& options) const;
  const std::string& epoch() const noexcept;
  std::uint64_t begin_seq() const noexcept;

  /// Begins to write what the bus publishes.
  void start(TelemetryBus& bus);
  /// Writes what has been published, marks the epoch as cleanly ended, and lets go of the bus.
  void stop();

  StoreStats stats() const;
  /// Calls `done` when the event is on disk (nullopt), or cannot be now (an Error); from another
  /// thread, or from this one.
  void when_durable(std::uint64_t seq, std::function<void(std::optional<Error>)> done);

  std::uint64_t first_seq() const override;
  std::uint64_t end_seq() const override;
  std::optional<std::string> epoch_of(std::uint64_t seq) const override;
  std::optional<EpochRange> range_of(std::string_view epoch) const override;
  HistorySlice read_forward(const CompiledFilter& filter, std::uint64_t from, std::uint64_t end,
                            const ReadLimits& limits) const override;
  HistorySlice read_backward(const CompiledFilter& filter, std::uint64_t first, std::uint64_t end,
                             const ReadLimits& limits) const override;
  HistorySlice read_latest(const CompiledFilter& filter, const LatestKeys& keys, std::uint64_t end,
                           std::unordered_set<std::string>& seen,
                           const ReadLimits& limits) const override;

  /// Waits until what has been published so far counts in what follows, or cannot for a while.
  void settle() const;
  void visit_rollups(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                     const std::function<void(std::string_view)>& sink) const override;
  void visit_trades(const TradeQuery& query,
                    const std::function<bool(const TradeSummary&)>& visit) const override;

  /// The payload fields that rollups sum.
  const std::vector<std::string>& value_fields() const noexcept;
  /// Accepted batches by Idempotency-Key; those of a day are kept over restarts.
  IdempotencyKeys& idempotency_keys() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::store
