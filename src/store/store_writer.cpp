#include "store/store_writer.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "bus/access.hpp"

namespace tapedeck::store {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 20ms;  // between looks at the log: publishers never wake anybody
constexpr std::uint64_t kReadAtOnce = 65'536;
constexpr std::uint64_t kAddedAtOnce = 4096;                // then a query may look
constexpr std::size_t kCommitBytes = std::size_t{4} << 20;  // compressed
constexpr int kNiceness = 5;
constexpr std::int64_t kDay_ns = 86'400'000'000'000;

}  // namespace

StoreWriter::StoreWriter(TelemetryBus& bus, const StoreOptions& options, FileSet& files,
                         BlockCache& cache, Derived& derived, std::vector<EpochRow> epochs)
    : bus_(bus),
      log_(BusAccess::log(bus)),
      options_(options),
      files_(files),
      cache_(cache),
      derived_(derived),
      epochs_(std::move(epochs)),
      next_(log_.begin_seq()),
      committed_end_(next_) {
  log_.hold_from(next_);
  if (!files_.empty()) {
    const FileSet::Entry newest = files_.newest();
    name_ = newest.name;
    try {
      resume(*newest.file);
      file_ = newest.file;
    } catch (const std::exception& error) {
      // It was readable enough to be opened; it stays for readers, writing begins another.
      options_.log(fmt::format("{}: {}; going on in a new file", newest.file->path().string(),
                               error.what()));
    }
  }
  commit(false);  // from here on a crash is one
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "td-store");
    // On a busy machine publishers and streams go first: the log holds what is not written yet.
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
    run();
  });
}

StoreWriter::~StoreWriter() {
  stop();
}

void StoreWriter::resume(EventFile& file) {
  derived_.restore();
  const auto held = derived_.lock();
  file.note_unsegmented([this](const char* frame, const FrameIndex& index, std::uint64_t) {
    derived_.add_to_rollups(frame, index);
  });
}

void StoreWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  log_.hold_from(EventLog::kHoldNothing);
}

bool StoreWriter::has_waiters() const {
  return !waiters_.empty();
}

void StoreWriter::run() {
  for (;;) {
    bool stopping = false, urgent = false;
    {
      std::unique_lock lock(mutex_);
      // What is already waiting to be read is read before the next pause.
      if (file_ == nullptr || next_ > log_.last_seq() || batch_bytes_ > options_.pending_bytes) {
        wake_.wait_for(lock, kLook, [this] { return stop_ || (has_waiters() && !degraded_); });
      }
      stopping = stop_;
      urgent = has_waiters();
    }
    if (stopping) bus_.flush();
    const std::uint64_t goal = log_.last_seq() + 1;
    read_log();
    const auto time = Clock::now();
    const bool due =
        time - last_commit_ >= options_.commit_interval || urgent || batch_bytes_ >= kCommitBytes;
    if (degraded_ && time < retry_at_ && !stopping) continue;
    const bool all_read = next_ >= goal;
    if (stopping && all_read) {
      commit(true);
      answer_waiters(committed_end_, Error{"shutting_down", "The server is shutting down.", ""});
      return;
    }
    if (due || (stopping && degraded_)) {
      const bool fine = commit(false);
      if (stopping && !fine) {  // what the disk does not take now it never gets
        answer_waiters(committed_end_, Error{"shutting_down", "The server is shutting down.", ""});
        return;
      }
    }
  }
}

void StoreWriter::read_log() {
  if (file_ == nullptr) return;  // until one can be made, the log keeps what comes
  const std::uint64_t enough = next_ + kReadAtOnce;
  while (next_ <= log_.last_seq() && next_ < enough && batch_bytes_ <= options_.pending_bytes) {
    const std::uint64_t oldest = log_.first_seq();
    if (next_ < oldest) {
      lost_.fetch_add(oldest - next_, std::memory_order_relaxed);
      finish_block();  // a block's numbers are all there
      next_ = oldest;
    }
    const auto pin = log_.pin(next_);
    if (!pin) continue;
    const std::uint64_t end = std::min({pin->end_seq(), enough, next_ + kAddedAtOnce});
    const auto held = derived_.lock();
    for (; next_ < end && batch_bytes_ <= options_.pending_bytes; ++next_) {
      const FrameIndex& index = pin->index(next_);
      add(pin->frame(index), index, next_);
    }
  }
}

void StoreWriter::add(const char* frame, const FrameIndex& index, std::uint64_t seq) {
  if (!growing_.has_room_for(index.length)) finish_block();
  const SeriesId series = file_->series_to_write().number_of(frame, index);
  growing_.add({frame, index.length}, index, seq, series);
  const auto ordinal = static_cast<BlockOrdinal>(file_->next_ordinal() + batch_.blocks.size());
  file_->note(frame, index, seq, series, ordinal);
  if (seq >= derived_end_) derived_.add(frame, index, seq);  // once, whatever becomes of files
  derived_end_ = std::max(derived_end_, seq + 1);
}

void StoreWriter::batch_growing_block() {
  batch_.blocks.push_back(
      growing_.encode(static_cast<std::uint32_t>(epochs_.back().number), options_.now_ns()));
}

void StoreWriter::finish_block() {
  if (growing_.empty()) return;
  batch_growing_block();
  batch_bytes_ += batch_.blocks.back().data.size() + batch_.blocks.back().columns.size();
  growing_.clear();
  growing_on_disk_ = 0;
}

/// Completes batch_ for one transaction.
void StoreWriter::prepare(bool last, bool ends_segment) {
  if (ends_segment) finish_block();
  batch_.last_block_is_full = growing_.empty();
  batch_.ends_segment = ends_segment;
  derived_.prepare(ends_segment, next_);
  batch_.more = [this](SqliteDatabase& database) { derived_.write(database); };
  batch_.settings.clear();
  batch_.epochs.clear();
  if (settings_due_) {
    batch_.settings.emplace_back("clean_end", "");
    batch_.epochs = epochs_;
  }
  floor_to_write_ = log_.floor_seq();
  batch_.settings.emplace_back("floor_seq", std::to_string(floor_to_write_));
  if (last) batch_.settings.emplace_back("clean_end", std::to_string(next_));
}

void StoreWriter::write_batch() {
  const auto begin = Clock::now();
  file_->write(batch_);
  const std::chrono::nanoseconds took = Clock::now() - begin;
  commit_latency_.observe(took.count());
}

/// @return whether everything that was read is on disk
bool StoreWriter::commit(bool last) {
  last_commit_ = Clock::now();
  try {
    if (!make_file_if_due()) return false;
    const bool ends_segment = file_->noted() >= options_.segment_events || derived_.wants_flush();
    const bool grew = growing_.size() > growing_on_disk_;
    const bool nothing_new = batch_.blocks.empty() && !grew && !settings_due_ && !last &&
                             log_.floor_seq() == floor_on_disk_;
    if (nothing_new && !degraded_) {
      after_commit(committed_end_);
      return true;
    }
    prepare(last, ends_segment);
    const bool with_growing = !growing_.empty();
    if (with_growing) batch_growing_block();
    try {
      write_batch();
    } catch (...) {
      if (with_growing) batch_.blocks.pop_back();
      throw;
    }
    forget_batch();
    growing_on_disk_ = growing_.size();
    settings_due_ = false;
    floor_on_disk_ = floor_to_write_;
    commits_.fetch_add(1, std::memory_order_relaxed);
    after_commit(next_);
    return true;
  } catch (const SqliteError& error) {
    after_failure(error);
  } catch (const std::filesystem::filesystem_error& error) {
    after_failure(SqliteError(0, error.what()));
  }
  return false;
}

/// What was in it is on disk.
void StoreWriter::forget_batch() {
  derived_.committed();
  batch_.blocks.clear();
  batch_bytes_ = 0;
}

void StoreWriter::after_commit(std::uint64_t end) {
  committed_end_.store(end, std::memory_order_release);
  log_.hold_from(end);
  if (degraded_.exchange(false)) {
    {
      const std::lock_guard lock(mutex_);
      problem_.clear();
    }
    options_.log("the history is being written again");
    publish_state("active");
  }
  answer_waiters(end, std::nullopt);
}

void StoreWriter::after_failure(const SqliteError& error) {
  errors_.fetch_add(1, std::memory_order_relaxed);
  retry_at_ = Clock::now() + options_.retry_interval;
  if (error.is_damage() && file_ != nullptr) give_up_file();
  {
    const std::lock_guard lock(mutex_);
    problem_ = error.what();
  }
  if (!degraded_.exchange(true)) {
    options_.log(
        fmt::format("the history cannot be written: {}; the live stream goes on, "
                    "writing is tried again every {} ms",
                    error.what(), options_.retry_interval.count()));
    tell_again_at_ = Clock::time_point::min();
  }
  if (Clock::now() >= tell_again_at_) {
    publish_state("degraded");
    tell_again_at_ = Clock::now() + options_.tell_degraded_every;
  }
  answer_waiters(committed_end_,
                 Error{"store_degraded",
                       fmt::format("The history cannot be written now ({}).", error.what()), ""});
}

void StoreWriter::publish_state(const char* status) {
  EngineHealth health;
  health.engine_name = "Store";
  health.status = status;
  std::string problem;
  {
    const std::lock_guard lock(mutex_);
    problem = problem_;
  }
  health.metrics.set("lost_total", lost_.load(std::memory_order_relaxed))
      .set("waiting_events", log_.last_seq() + 1 - committed_end_.load(std::memory_order_relaxed));
  if (!problem.empty()) health.metrics.set("error", problem);
  bus_.publish(health);
}

void StoreWriter::answer_waiters(std::uint64_t end, const std::optional<Error>& error) {
  std::vector<std::pair<Done, bool>> answered;
  {
    const std::lock_guard lock(mutex_);
    const auto written = waiters_.lower_bound(end);
    const auto until = error ? waiters_.end() : written;
    for (auto waiter = waiters_.begin(); waiter != until; ++waiter) {
      answered.emplace_back(std::move(waiter->second), waiter->first < end);
    }
    waiters_.erase(waiters_.begin(), until);
  }
  for (const auto& [done, on_disk] : answered) done(on_disk ? std::nullopt : error);
}

void StoreWriter::when_durable(std::uint64_t seq, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (degraded_) {
      const Error error{"store_degraded", "The history cannot be written now (" + problem_ + ").",
                        ""};
      if (seq >= committed_end_.load(std::memory_order_acquire)) return done(error);
    }
    waiters_.emplace(seq, std::move(done));
  }
  wake_.notify_all();
}

void StoreWriter::add_to(StoreStats& stats) const {
  stats.lag_events = log_.last_seq() + 1 - committed_end_.load(std::memory_order_acquire);
  stats.lost_total = lost_.load(std::memory_order_relaxed);
  stats.commits_total = commits_.load(std::memory_order_relaxed);
  stats.errors_total = errors_.load(std::memory_order_relaxed);
  stats.commit_latency = commit_latency_.snapshot();
  stats.degraded = degraded_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  stats.problem = problem_;
}

// --- files ---

/// A new file for a new day of receipt, or when the present one has grown large; never for a clock
/// that was set back. @return whether there is a file to write
bool StoreWriter::make_file_if_due() {
  const std::int64_t day = options_.now_ns() / kDay_ns;
  if (file_ == nullptr) {
    make_file();
    return true;
  }
  if (day <= name_.day && file_->bytes_on_disk() < options_.max_file_bytes) return true;
  if (file_->end_seq() == 0 && batch_.blocks.empty() && growing_.empty()) return true;  // empty yet
  // What belongs to the old file is written there first, the end of its segment with it.
  prepare(false, true);
  file_->write(batch_);
  forget_batch();
  make_file();
  return true;
}

void StoreWriter::make_file() {
  FileName name;
  name.number = files_.empty() ? 1 : files_.newest().name.number + 1;
  name.day = std::max(options_.now_ns() / kDay_ns, name_.day);
  auto made = std::make_shared<EventFile>(options_.folder / name.text(),
                                          EventFile::Options{options_.max_series}, cache_);
  derived_.begin_file([&] { files_.add(name, made); });
  if (file_ != nullptr) file_->seal();
  file_ = std::move(made);
  name_ = name;
  settings_due_ = true;
}

/// The file is damaged: what of it can be read goes on being read; what is not on disk yet begins
/// again from the log in a new file.
void StoreWriter::give_up_file() {
  options_.log(
      fmt::format("{} is damaged and is not written any more; a new file is begun. What "
                  "of it can be read stays; tapedeck verify tells how much is damaged",
                  file_->path().string()));
  file_->seal();
  file_ = nullptr;
  batch_ = {};
  batch_bytes_ = 0;
  growing_.clear();
  growing_on_disk_ = 0;
  next_ = committed_end_.load(std::memory_order_relaxed);
}

}  // namespace tapedeck::store
