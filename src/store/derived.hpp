// Derived: what the store keeps beside the events: rollups for aggregates, and trades. Made from
// the events as they are written, stored in the same transactions, so that the two agree after any
// crash.
//
// Thread contract: add() and what follows a commit belong to the store's writer; queries come from
// any thread. One mutex, held by the writer for a batch of events, by a query for a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sqlite.hpp"
#include "query/aggregate_rollup.hpp"
#include "query/idempotency_keys.hpp"
#include "query/trade_source.hpp"
#include "query/trade_tracker.hpp"
#include "store/file_set.hpp"

namespace tapedeck::store {

struct DerivedOptions {
  RollupOptions rollup;
  TradeTrackerOptions trades;
  std::size_t max_idempotency_keys;
  IdempotencyKeys::Clock clock;
};

class Derived {
 public:
  Derived(const DerivedOptions& options, const FileSet& files);

  // --- the writer ---

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  /// While holding lock().
  void add(const char* frame, const FrameIndex& index, std::uint64_t seq) {
    rollup_.add(frame, index);
    trades_.add(frame, index, seq);
  }
  /// After a restart: rollups of events that are stored, but whose rollups are not.
  void add_to_rollups(const char* frame, const FrameIndex& index) { rollup_.add(frame, index); }
  /// After a restart: the newest trades of the files, and the idempotency keys.
  void restore();
  bool wants_flush() const noexcept { return rollup_.wants_flush(); }
  /// Makes ready what the next write() takes. @param ends_segment the rollups too
  /// @param end events before it are part of this write or of a former one
  void prepare(bool ends_segment, std::uint64_t end);
  /// Part of the transaction that stores the events. @throws SqliteError
  void write(SqliteDatabase& database);
  /// A new file takes the place of the one that was written: `add` adds it to the files.
  template <typename Add>
  void begin_file(Add&& add) {
    const auto held = lock();
    add();
    last_rollup_id_ = 0;
  }
  /// The transaction of write() is on disk in the newest file.
  void committed();

  // --- queries ---

  IdempotencyKeys& keys() noexcept { return keys_; }

  /// See RollupSource. @throws SqliteError
  void visit_rollups(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                     const std::function<void(std::string_view)>& sink) const;
  /// See TradeSource. @throws SqliteError
  void visit_trades(const TradeQuery& query,
                    const std::function<bool(const TradeSummary&)>& visit) const;

 private:
  using TradeKey = std::pair<std::string, std::string>;  // correlation_id, first_id

  void visit_named_trades(const TradeQuery& query,
                          const std::function<bool(const TradeSummary&)>& visit) const;
  /// The trade of a correlation_id, put together from its parts.
  std::optional<TradeSummary> find_trade(const std::string& correlation_id) const;
  void restore_trades();
  void restore_keys();
  void write_rollups(SqliteDatabase& database);
  void write_trades(SqliteDatabase& database);
  void write_keys(SqliteDatabase& database);

  const FileSet& files_;
  IdempotencyKeys keys_;
  std::vector<IdempotencyKeys::Record> keys_due_;  // the writer's
  std::size_t keys_ready_ = 0;                     // of them: their events are stored with them
  const std::size_t trades_restored_;              // as many as the tracker keeps
  mutable std::mutex mutex_;                       // guards what follows
  Rollup rollup_;
  TradeTracker trades_;
  std::vector<RollupRow> rollups_due_;
  std::map<TradeKey, TradeSummary> trades_due_;
  std::int64_t last_rollup_id_ = 0;  // on disk, of the newest file
  std::int64_t written_rollup_id_ = 0;
};

}  // namespace tapedeck::store
