#include "store/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

#include "base/random.hpp"
#include "bus/access.hpp"
#include "store/derived.hpp"
#include "store/file_scan.hpp"
#include "store/file_set.hpp"
#include "store/folder_lock.hpp"
#include "store/store_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::store {

struct Store::Impl {
  explicit Impl(StoreOptions given);
  void choose_epoch();

  const StoreOptions options;
  const FolderLock lock;
  BlockCache cache;
  FileSet files;
  Derived derived;
  bool complete = true;          // no file had to be set aside
  std::vector<EpochRow> epochs;  // this run's last; not changed after construction
  std::uint64_t begin_seq = 1;
  std::uint64_t floor_seq = 1;
  TelemetryBus* bus = nullptr;
  std::unique_ptr<Janitor> janitor;
  std::unique_ptr<StoreWriter> writer;
};

namespace {

StoreOptions completed(StoreOptions options) {
  if (!options.now_ns) options.now_ns = [] { return to_ns(now()); };
  if (!options.log) options.log = [](std::string_view) {};
  // The writer and the janitor may have something to say at once.
  options.log = [log = std::move(options.log),
                 mutex = std::make_shared<std::mutex>()](std::string_view line) {
    const std::lock_guard lock(*mutex);
    log(line);
  };
  return options;
}

std::optional<std::uint64_t> as_number(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// A reader waits no longer than this for the writer.
constexpr std::chrono::milliseconds kSettleTime{1000};

/// What SQLite says while reading, as readers know it.
template <typename Read>
auto reading(Read&& read) {
  try {
    return read();
  } catch (const SqliteError& error) {
    throw HistoryError(error.what());
  }
}

}  // namespace

Store::Impl::Impl(StoreOptions given)
    : options(completed(std::move(given))),
      lock(options.folder),
      cache(options.cache_bytes),
      derived({options.rollup, options.trades, options.max_idempotency_keys, options.now_ns},
              files) {
  try {
    complete = open_files(options.folder, {options.max_series}, cache, files, options.log);
  } catch (const WrongSchema& error) {
    throw StoreUnusable(error.what());
  } catch (const SqliteError& error) {
    throw StoreUnusable(
        fmt::format("the history cannot be opened: {}; choose another --data-dir, "
                    "or --memory to keep none",
                    error.what()));
  }
  choose_epoch();
}

/// The epoch goes on after a clean stop. After any other, numbers may have been given that nobody
/// remembers, so a new one begins.
void Store::Impl::choose_epoch() {
  bool clean = false;
  const auto entries = files.entries();
  // A crash may have left a newest file that nothing had been written to.
  for (auto entry = entries.rbegin(); entry != entries.rend() && epochs.empty(); ++entry) {
    epochs = entry->file->epochs();
    floor_seq = as_number(entry->file->setting("floor_seq")).value_or(1);
  }
  if (!entries.empty()) {
    for (const auto& file : files.with_events()) {
      begin_seq = std::max(begin_seq, file->end_seq());
    }
    const auto clean_end = as_number(entries.back().file->setting("clean_end"));
    if (!epochs.empty()) begin_seq = std::max(begin_seq, epochs.back().first_seq);
    clean = complete && clean_end.has_value() && !epochs.empty() && *clean_end >= begin_seq;
    if (clean) begin_seq = *clean_end;
  }
  if (!clean) {
    const std::int64_t number = epochs.empty() ? 1 : epochs.back().number + 1;
    epochs.push_back({number, random_hex(10), begin_seq});
  }
}

Store::Store(StoreOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Store::~Store() {
  stop();
}

const std::string& Store::epoch() const noexcept {
  return impl_->epochs.back().name;
}
std::uint64_t Store::begin_seq() const noexcept {
  return impl_->begin_seq;
}
void Store::complete(BusOptions& options) const {
  options.epoch = epoch();
  options.first_seq = begin_seq();
  options.floor_seq = impl_->floor_seq;
}

void Store::start(TelemetryBus& bus) {
  impl_->bus = &bus;
  const StoreOptions& options = impl_->options;
  if (!options.retention.keep_everything()) {
    impl_->janitor =
        std::make_unique<Janitor>(Retention::Options{.folder = options.folder,
                                                     .rules = options.retention,
                                                     .now_ns = options.now_ns,
                                                     .log = options.log,
                                                     .file = {options.max_series},
                                                     .segment_events = options.segment_events},
                                  impl_->files, impl_->cache);
    impl_->files.when_added([this] { impl_->janitor->call(); });
  }
  impl_->writer = std::make_unique<StoreWriter>(bus, impl_->options, impl_->files, impl_->cache,
                                                impl_->derived, impl_->epochs);
  BusAccess::set_history(bus, this);
}

void Store::stop() {
  if (impl_->writer == nullptr) return;
  impl_->writer->stop();
  BusAccess::set_history(*impl_->bus, nullptr);
  impl_->writer.reset();
  impl_->janitor.reset();
  impl_->files.when_added({});
}

void Store::when_durable(std::uint64_t seq, std::function<void(std::optional<Error>)> done) {
  impl_->writer->when_durable(seq, std::move(done));
}

StoreStats Store::stats() const {
  StoreStats stats;
  for (const FileSet::Entry& entry : impl_->files.entries()) {
    const EventFile::Totals totals = entry.file->totals();
    ++stats.files;
    stats.events += totals.events;
    stats.json_bytes += totals.json_bytes;
    stats.bytes_on_disk += entry.file->bytes_on_disk();
  }
  stats.first_seq = stats.events == 0 ? 0 : first_seq();
  stats.last_seq = stats.events == 0 ? 0 : end_seq() - 1;
  if (impl_->writer) impl_->writer->add_to(stats);
  return stats;
}

void Store::settle() const {
  if (impl_->writer == nullptr) return;
  impl_->bus->flush();
  struct Wait {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const auto wait = std::make_shared<Wait>();
  impl_->writer->when_durable(BusAccess::log(*impl_->bus).last_seq(),
                              [wait](const std::optional<Error>&) {
                                const std::lock_guard lock(wait->mutex);
                                wait->done = true;
                                wait->changed.notify_all();
                              });
  std::unique_lock lock(wait->mutex);
  wait->changed.wait_for(lock, kSettleTime, [&] { return wait->done; });
}

void Store::visit_rollups(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                          const std::function<void(std::string_view)>& sink) const {
  reading([&] { impl_->derived.visit_rollups(dimension, first_minute, last_minute, sink); });
}

void Store::visit_trades(const TradeQuery& query,
                         const std::function<bool(const TradeSummary&)>& visit) const {
  reading([&] { impl_->derived.visit_trades(query, visit); });
}

const std::vector<std::string>& Store::value_fields() const noexcept {
  return impl_->options.rollup.fields;
}

IdempotencyKeys& Store::idempotency_keys() noexcept {
  return impl_->derived.keys();
}

std::uint64_t Store::first_seq() const {
  const auto oldest = impl_->files.oldest_with_events();
  return oldest == nullptr ? impl_->begin_seq : oldest->first_seq();
}

std::uint64_t Store::end_seq() const {
  const auto newest = impl_->files.newest_with_events();
  return newest == nullptr ? impl_->begin_seq : newest->end_seq();
}

std::optional<std::string> Store::epoch_of(std::uint64_t seq) const {
  const auto& epochs = impl_->epochs;
  const auto after = std::find_if(epochs.begin(), epochs.end(),
                                  [&](const EpochRow& row) { return row.first_seq > seq; });
  if (after == epochs.begin()) return std::nullopt;
  return std::prev(after)->name;
}

std::optional<History::EpochRange> Store::range_of(std::string_view epoch) const {
  const auto& epochs = impl_->epochs;
  const auto found = std::find_if(epochs.begin(), epochs.end(),
                                  [&](const EpochRow& row) { return row.name == epoch; });
  if (found == epochs.end()) return std::nullopt;
  const auto next = std::next(found);
  return EpochRange{found->first_seq, next == epochs.end() ? end_seq() : next->first_seq};
}

HistorySlice Store::read_forward(const CompiledFilter& filter, std::uint64_t from,
                                 std::uint64_t end, const ReadLimits& limits) const {
  return reading([&] {
    SliceBuilder out(limits);
    std::uint64_t at = from;
    // A hole is told of at the beginning of a read, or ends it.
    const auto meet_hole = [&](std::uint64_t hole_end) {
      out.slice.next = at == from ? std::min(hole_end, end) : at;
      out.slice.missing = out.slice.next - at;
    };
    for (const auto& file : impl_->files.with_events()) {
      if (file->end_seq() <= at || at >= end) continue;
      if (file->first_seq() > at) {
        meet_hole(file->first_seq());
        return std::move(out.slice);
      }
      FileScan scan(*file, filter);
      for (auto hole = file->next_hole(at); at < std::min(end, file->end_seq());
           hole = file->next_hole(at)) {
        if (hole && hole->begin <= at) {
          meet_hole(hole->end);
          return std::move(out.slice);
        }
        const std::uint64_t stop = std::min({end, file->end_seq(), hole ? hole->begin : end});
        scan.forward(at, stop, out);
        at = out.slice.next;
        if (at < stop) return std::move(out.slice);
      }
    }
    out.slice.next = at;
    return std::move(out.slice);
  });
}

HistorySlice Store::read_backward(const CompiledFilter& filter, std::uint64_t first,
                                  std::uint64_t end, const ReadLimits& limits) const {
  return reading([&] {
    SliceBuilder out(limits);
    out.slice.next = end;
    const FileList files = impl_->files.with_events();
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
      if ((*file)->first_seq() >= end) continue;
      if ((*file)->end_seq() <= first) break;
      if (out.full()) return std::move(out.slice);
      FileScan((**file), filter).backward(first, end, out);
      if (out.slice.next > std::max(first, (*file)->first_seq())) return std::move(out.slice);
    }
    out.slice.next = first;
    return std::move(out.slice);
  });
}

HistorySlice Store::read_latest(const CompiledFilter& filter, const LatestKeys& keys,
                                std::uint64_t end, std::unordered_set<std::string>& seen,
                                const ReadLimits& limits) const {
  return reading([&] {
    SliceBuilder out(limits);
    out.slice.next = end;
    const FileList files = impl_->files.with_events();
    for (auto file = files.rbegin(); file != files.rend() && !out.full(); ++file) {
      if ((*file)->first_seq() >= end) continue;
      FileScan((**file), filter).latest(keys, end, seen, out);
      if (out.slice.next > (*file)->first_seq()) break;  // a limit
    }
    return std::move(out.slice);
  });
}

}  // namespace tapedeck::store
