#include "store/derived.hpp"

#include <algorithm>
#include <queue>
#include <unordered_set>

#include "bus/history.hpp"
#include "store/packed.hpp"

namespace tapedeck::store {
namespace {

constexpr std::size_t kMostRollupBytes = std::size_t{256} << 20;

TradeSummary decoded(std::string_view bytes, const SqliteDatabase& database) {
  auto trade = decode_trade(bytes);
  if (!trade) throw HistoryError(database.path() + ": " + trade.error().message);
  return std::move(trade).value();
}

/// A file's trades, newest decision first, read as they are asked for.
class TradeCursorOfFile {
 public:
  /// @param outcomes those a finished trade must have; empty: any
  TradeCursorOfFile(const EventFile& file, std::int64_t since_ns, std::int64_t until_ns,
                    const std::vector<TradeOutcome>& outcomes)
      : lease_(file.reader()), select_((*lease_).database, sql(outcomes)) {
    select_.bind(1, since_ns).bind(2, until_ns);
  }
  bool next() { return select_.step(); }
  std::int64_t decided_ns() const { return select_.integer(0); }
  TradeSummary trade() const { return decoded(select_.bytes(1), (*lease_).database); }

 private:
  static std::string sql(const std::vector<TradeOutcome>& outcomes) {
    std::string out =
        "SELECT decided_ns, data FROM trade WHERE decided_ns >= ? AND decided_ns <= ?";
    const char* before = " AND (complete = 0 OR outcome IN ('";
    for (const TradeOutcome outcome : outcomes) {
      out.append(before).append(to_string(outcome));
      before = "', '";
    }
    if (!outcomes.empty()) out += "'))";
    return out + " ORDER BY decided_ns DESC, correlation_id DESC";
  }

  EventFile::Lease lease_;
  SqliteStatement select_;
};

}  // namespace

Derived::Derived(const DerivedOptions& options, const FileSet& files)
    : files_(files),
      keys_(options.max_idempotency_keys, options.clock),
      trades_restored_(options.trades.max_trades),
      rollup_(options.rollup),
      trades_(options.trades) {}

void Derived::restore() {
  restore_trades();
  restore_keys();
}

void Derived::restore_keys() {
  std::vector<IdempotencyKeys::Record> records;
  for (const FileSet::Entry& entry : files_.entries()) {
    const EventFile::Lease lease = entry.file->reader();
    SqliteStatement select(
        (*lease).database,
        "SELECT key, first_seq, last_seq, epoch, body_hash, at_ns FROM idempotency");
    while (select.step()) {
      records.push_back({select.text(0),
                         {{static_cast<std::uint64_t>(select.integer(1)),
                           static_cast<std::uint64_t>(select.integer(2))},
                          select.text(3),
                          static_cast<std::uint64_t>(select.integer(4))},
                         select.integer(5)});
    }
  }
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  for (IdempotencyKeys::Record& record : records) keys_.restore(std::move(record));
}

void Derived::restore_trades() {
  std::size_t left = trades_restored_;
  const auto entries = files_.entries();
  std::vector<TradeSummary> newest_first;
  for (auto entry = entries.rbegin(); entry != entries.rend() && left > 0; ++entry) {
    TradeCursorOfFile trades(*entry->file, INT64_MIN, INT64_MAX, {});
    for (; left > 0 && trades.next(); --left) newest_first.push_back(trades.trade());
  }
  const auto held = lock();
  for (auto trade = newest_first.rbegin(); trade != newest_first.rend(); ++trade) {
    trades_.restore(std::move(*trade));
  }
}

void Derived::prepare(bool ends_segment, std::uint64_t end) {
  // A key is remembered while its batch is appended, so whoever has read the events finds it here.
  for (IdempotencyKeys::Record& record : keys_.take_new()) keys_due_.push_back(std::move(record));
  const auto later = std::stable_partition(
      keys_due_.begin(), keys_due_.end(),
      [&](const IdempotencyKeys::Record& record) { return record.accepted.range.last < end; });
  keys_ready_ = static_cast<std::size_t>(later - keys_due_.begin());
  const auto held = lock();
  if (ends_segment) {
    for (RollupRow& row : rollup_.drain()) rollups_due_.push_back(std::move(row));
  }
  for (TradeSummary& trade : trades_.drain_changed()) {
    TradeKey key(trade.correlation_id, trade.first_id);
    trades_due_.insert_or_assign(std::move(key), std::move(trade));
  }
}

// What is due is the writer's to change; queries only look at it.
void Derived::write(SqliteDatabase& database) {
  write_rollups(database);
  write_trades(database);
  write_keys(database);
}

void Derived::write_rollups(SqliteDatabase& database) {
  SqliteStatement last(database, "SELECT IFNULL(MAX(id), 0) FROM rollup");
  last.step();
  written_rollup_id_ = last.integer(0);
  last.reset();
  if (rollups_due_.empty()) return;
  SqliteStatement rollup(database, "INSERT INTO rollup VALUES (?, ?, ?, ?, ?)");
  for (const RollupRow& row : rollups_due_) {
    const std::string bytes = packed(row.data);
    rollup.bind(1, ++written_rollup_id_)
        .bind(2, std::int64_t{row.dimension})
        .bind(3, row.first_minute)
        .bind(4, row.last_minute)
        .bind_bytes(5, bytes)
        .run();
  }
}

void Derived::write_trades(SqliteDatabase& database) {
  if (trades_due_.empty()) return;
  SqliteStatement trade(database,
                        "INSERT OR REPLACE INTO trade VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const auto& [key, summary] : trades_due_) {
    const std::string bytes = encode(summary);
    trade.bind(1, summary.correlation_id)
        .bind(2, summary.first_id)
        .bind(3, summary.decided_ns())
        .bind(4, summary.symbol)
        .bind(5, summary.strategy)
        .bind(6, summary.account)
        .bind(7, summary.mode)
        .bind(8, to_string(outcome_of(summary)))
        .bind(9, std::int64_t{is_complete(summary)})
        .bind_bytes(10, bytes)
        .run();
  }
}

void Derived::write_keys(SqliteDatabase& database) {
  if (keys_ready_ == 0) return;
  SqliteStatement key(database, "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < keys_ready_; ++i) {
    const IdempotencyKeys::Record& record = keys_due_[i];
    key.bind(1, record.key)
        .bind(2, static_cast<std::int64_t>(record.accepted.range.first))
        .bind(3, static_cast<std::int64_t>(record.accepted.range.last))
        .bind(4, record.accepted.epoch)
        .bind(5, static_cast<std::int64_t>(record.accepted.body_hash))
        .bind(6, record.at_ns)
        .run();
  }
}

void Derived::committed() {
  keys_due_.erase(keys_due_.begin(), keys_due_.begin() + static_cast<std::ptrdiff_t>(keys_ready_));
  keys_ready_ = 0;
  const auto held = lock();
  rollups_due_.clear();
  trades_due_.clear();
  last_rollup_id_ = written_rollup_id_;
}

void Derived::visit_rollups(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                            const std::function<void(std::string_view)>& sink) const {
  std::vector<std::string> in_memory;
  std::vector<FileSet::Entry> files;
  std::int64_t last_id = 0;
  {
    const std::lock_guard held(mutex_);
    files = files_.entries();
    last_id = last_rollup_id_;
    for (const RollupRow& row : rollups_due_) {
      if (row.dimension == dimension && row.first_minute <= last_minute &&
          row.last_minute >= first_minute) {
        in_memory.push_back(row.data);
      }
    }
    rollup_.snapshot(dimension, first_minute, last_minute,
                     [&](std::string_view row) { in_memory.emplace_back(row); });
  }
  for (const std::string& row : in_memory) sink(row);
  for (const FileSet::Entry& entry : files) {
    const EventFile::Lease lease = entry.file->reader();
    SqliteStatement select((*lease).database,
                           "SELECT data FROM rollup WHERE dimension = ? AND first_minute <= ? AND "
                           "last_minute >= ? AND id <= ?");
    select.bind(1, std::int64_t{dimension}).bind(2, last_minute).bind(3, first_minute);
    // What has been stored in the newest file since the look at memory was seen there.
    select.bind(4, entry.file == files.back().file ? last_id : INT64_MAX);
    while (select.step()) {
      const auto row = unpacked(select.bytes(0), kMostRollupBytes);
      sink(row ? *row : std::string());  // which no row is: the reader sees the damage
    }
  }
}

std::optional<TradeSummary> Derived::find_trade(const std::string& correlation_id) const {
  std::map<std::pair<std::uint64_t, std::string>, TradeSummary> parts;  // oldest first
  for (const FileSet::Entry& entry : files_.entries()) {
    const EventFile::Lease lease = entry.file->reader();
    SqliteStatement select((*lease).database, "SELECT data FROM trade WHERE correlation_id = ?");
    select.bind(1, correlation_id);
    while (select.step()) {
      TradeSummary trade = decoded(select.bytes(0), (*lease).database);
      parts.insert_or_assign({trade.first_seq, trade.first_id}, std::move(trade));
    }
  }
  {
    const std::lock_guard held(mutex_);
    for (auto due = trades_due_.lower_bound({correlation_id, std::string()});
         due != trades_due_.end() && due->first.first == correlation_id; ++due) {
      parts.insert_or_assign({due->second.first_seq, due->second.first_id}, due->second);
    }
  }
  std::optional<TradeSummary> whole;
  for (auto& [key, part] : parts) {
    if (whole) {
      merge(*whole, part);
    } else {
      whole = std::move(part);
    }
  }
  return whole;
}

void Derived::visit_trades(const TradeQuery& query,
                           const std::function<bool(const TradeSummary&)>& visit) const {
  if (!query.filter.correlation_id.empty()) return visit_named_trades(query, visit);
  const std::int64_t since_ns = query.filter.since ? to_ns(*query.filter.since) : INT64_MIN;
  std::int64_t until_ns = query.filter.until ? to_ns(*query.filter.until) : INT64_MAX;
  if (query.cursor) until_ns = std::min(until_ns, query.cursor->decided_ns);

  // Decisions to come back to, beside those of the files: newest on top.
  std::priority_queue<std::pair<std::int64_t, std::string>> due;
  {
    const std::lock_guard held(mutex_);
    for (const auto& [key, trade] : trades_due_) due.emplace(trade.decided_ns(), key.first);
  }

  std::vector<std::unique_ptr<TradeCursorOfFile>> cursors;
  const auto older = [&](std::size_t a, std::size_t b) {
    return cursors[a]->decided_ns() < cursors[b]->decided_ns();
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(older)> heads(older);
  for (const FileSet::Entry& entry : files_.entries()) {
    cursors.push_back(
        std::make_unique<TradeCursorOfFile>(*entry.file, since_ns, until_ns, query.outcomes));
    if (cursors.back()->next()) heads.push(cursors.size() - 1);
  }
  // Trades of one moment are listed by correlation_id, whichever file they are in.
  std::unordered_set<std::string> seen;
  std::vector<TradeSummary> of_one_moment;
  const auto take = [&](const std::string& correlation_id, std::int64_t moment) {
    if (seen.contains(correlation_id)) return;
    auto trade = find_trade(correlation_id);
    if (trade && trade->decided_ns() < moment) {  // this was a later part of it
      due.emplace(trade->decided_ns(), correlation_id);
      return;
    }
    seen.insert(correlation_id);
    if (trade && matches(query, *trade)) of_one_moment.push_back(std::move(*trade));
  };
  while (!heads.empty() || !due.empty()) {
    const std::int64_t moment =
        std::max(heads.empty() ? INT64_MIN : cursors[heads.top()]->decided_ns(),
                 due.empty() ? INT64_MIN : due.top().first);
    while (!due.empty() && due.top().first == moment) {
      const std::string correlation_id = due.top().second;
      due.pop();
      take(correlation_id, moment);
    }
    while (!heads.empty() && cursors[heads.top()]->decided_ns() == moment) {
      const std::size_t head = heads.top();
      heads.pop();
      const TradeSummary trade = cursors[head]->trade();
      // A finished one has no other part that would change the answer.
      if (!is_complete(trade) || matches(query, trade)) take(trade.correlation_id, moment);
      if (cursors[head]->next()) heads.push(head);
    }
    std::sort(of_one_moment.begin(), of_one_moment.end(),
              [](const TradeSummary& a, const TradeSummary& b) { return is_listed_before(a, b); });
    for (const TradeSummary& trade : of_one_moment) {
      if (!visit(trade)) return;
    }
    of_one_moment.clear();
  }
}

void Derived::visit_named_trades(const TradeQuery& query,
                                 const std::function<bool(const TradeSummary&)>& visit) const {
  std::vector<std::string> names = query.filter.correlation_id;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<TradeSummary> found;
  for (const std::string& name : names) {
    auto trade = find_trade(name);
    if (trade && matches(query, *trade)) found.push_back(std::move(*trade));
  }
  std::sort(found.begin(), found.end(),
            [](const TradeSummary& a, const TradeSummary& b) { return is_listed_before(a, b); });
  for (const TradeSummary& trade : found) {
    if (!visit(trade)) return;
  }
}

}  // namespace tapedeck::store
