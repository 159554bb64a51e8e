#include "store/retention.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>

#include "base/files.hpp"
#include "store/file_rewrite.hpp"
#include "tapedeck/events.hpp"

namespace tapedeck::store {
namespace {

constexpr std::int64_t kHour_ns = 3'600'000'000'000;
constexpr int kNiceness = 10;
constexpr std::string_view kUnfinished = ".tmp";

Error invalid(std::string_view item, std::string_view why) {
  return {"invalid_parameter", fmt::format("retention {}: {}", item.substr(0, 100), why),
          "retention"};
}

Result<RetentionRules::Age> parse_age(std::string_view item, std::string_view text) {
  if (text == "forever") return RetentionRules::Age{};
  std::uint32_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(stop - text.data()));
  const std::int64_t hours = unit == "h"   ? 1
                             : unit == "d" ? 24
                             : unit == "w" ? 7 * 24
                             : unit == "y" ? 365 * 24
                                           : 0;
  if (error == std::errc::result_out_of_range) return invalid(item, "1000y is the longest age.");
  if (error != std::errc{} || hours == 0) {
    return invalid(item,
                   "an age is a whole number and h, d, w or y, such as 30d, or the word forever.");
  }
  if (count == 0) return invalid(item, "an age of nothing would keep nothing; at least 1h.");
  if (count > RetentionRules::kMaxAge.count() / hours) {
    return invalid(item, "1000y is the longest age.");
  }
  return RetentionRules::Age{std::chrono::hours{count * hours}};
}

Result<bool> take_item(std::string_view item, RetentionRules& rules, bool& has_default) {
  const std::size_t equals = item.find('=');
  const auto age =
      parse_age(item, equals == std::string_view::npos ? item : item.substr(equals + 1));
  if (!age) return age.error();
  if (equals == std::string_view::npos) {
    if (has_default) return invalid(item, "a second age for all types; say TYPE=AGE for one.");
    has_default = true;
    rules.default_age = *age;
    return true;
  }
  const std::string_view type = item.substr(0, equals);
  if (!is_valid_event_type(type)) return invalid(item, "that is no event type; say TYPE=AGE.");
  if (!rules.by_type.emplace(type, *age).second) return invalid(item, "that type is named twice.");
  return true;
}

}  // namespace

bool RetentionRules::keep_everything() const noexcept {
  return !default_age && max_bytes == 0 &&
         std::none_of(by_type.begin(), by_type.end(), [](const auto& rule) { return rule.second; });
}

Result<RetentionRules> parse_retention(std::string_view text) {
  RetentionRules rules;
  bool has_default = false;
  for (bool more = !text.empty(); more;) {
    const std::size_t comma = text.find(',');
    const auto taken = take_item(text.substr(0, comma), rules, has_default);
    if (!taken) return taken.error();
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return rules;
}

// --- what has aged ---

AgedTypes::AgedTypes(const RetentionRules& rules, std::int64_t day, std::int64_t now_ns) {
  const std::int64_t hours = now_ns / kHour_ns - (day + 1) * 24;
  const auto aged = [&](const RetentionRules::Age& age) { return age && hours >= age->count(); };
  by_default_ = aged(rules.default_age);
  text_ = by_default_ ? "*" : "";
  for (const auto& [type, age] : rules.by_type) {
    by_type_.emplace(type, aged(age));
    text_ += fmt::format("{}{}{}", text_.empty() ? "" : ",", aged(age) ? "" : "!", type);
  }
}

bool AgedTypes::operator()(std::string_view type) const {
  const auto found = by_type_.find(type);
  return found == by_type_.end() ? by_default_ : found->second;
}

bool AgedTypes::none() const noexcept {
  return !by_default_ && std::none_of(by_type_.begin(), by_type_.end(),
                                      [](const auto& rule) { return rule.second; });
}

bool AgedTypes::all() const noexcept {
  return by_default_ && std::all_of(by_type_.begin(), by_type_.end(),
                                    [](const auto& rule) { return rule.second; });
}

// --- one round ---

Retention::Retention(Options options, FileSet& files, BlockCache& cache)
    : options_(std::move(options)), files_(files), cache_(cache) {
  std::error_code error;
  std::vector<std::filesystem::path> unfinished;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t end = name.rfind(kUnfinished);
    if (end != std::string::npos && FileName::parse(name.substr(0, end))) {
      unfinished.push_back(entry.path());
    }
  }
  for (const auto& path : unfinished) std::filesystem::remove(path, error);
}

void Retention::apply(const std::atomic<bool>& stop) {
  bool is_oldest = true;
  const auto entries = files_.entries();
  for (std::size_t i = 0; i + 1 < entries.size() && !stop.load(std::memory_order_relaxed); ++i) {
    try {
      if (tend(entries[i], is_oldest, stop)) is_oldest = false;
    } catch (const std::exception& error) {  // the disk, or a damaged block
      is_oldest = false;
      options_.log(fmt::format("{}: what has aged stays for now: {}",
                               entries[i].file->path().string(), error.what()));
    }
  }
  limit_bytes();
}

Retention::Verdict Retention::judge(const EventFile& file, const AgedTypes& aged) const {
  if (aged.none()) return Verdict::stays;
  if (aged.all()) return Verdict::aged;
  bool some_go = false, some_stay = false;
  file.series().for_each([&](SeriesId, const Series& series) {
    const bool goes =
        aged({series.text.data() + series.index.type_offset(), series.index.type_length});
    (goes ? some_go : some_stay) = true;
  });
  if (file.has_events_without_series() && file.setting("retention") != aged.text()) {
    return Verdict::partly_aged;  // of which types they are, only looking at them tells
  }
  if (!some_go) return Verdict::stays;
  return some_stay || file.has_events_without_series() ? Verdict::partly_aged : Verdict::aged;
}

/// @param is_oldest whether no older file stays @return whether this one does
bool Retention::tend(const FileSet::Entry& entry, bool is_oldest, const std::atomic<bool>& stop) {
  const bool is_empty = entry.file->totals().events == 0;
  const AgedTypes aged(options_.rules, entry.name.day, options_.now_ns());
  const Verdict verdict = is_empty ? Verdict::aged : judge(*entry.file, aged);
  if (verdict == Verdict::stays) return true;
  if (verdict == Verdict::aged && is_oldest) {
    remove(entry, is_empty ? "it held no events any more" : "all its events have aged");
    return false;
  }
  // Amid others that stay, a file without events keeps readers from taking it for a loss.
  if (is_empty) return true;
  return write_again(entry, aged, is_oldest, stop);
}

/// @return whether the file, or the one in its place, stays
bool Retention::write_again(const FileSet::Entry& entry, const AgedTypes& aged, bool is_oldest,
                            const std::atomic<bool>& stop) {
  FileName name = entry.name;
  ++name.generation;
  const std::filesystem::path path = options_.folder / name.text();
  const std::filesystem::path unfinished = path.string() + std::string(kUnfinished);
  remove_database(unfinished);
  std::optional<std::uint64_t> kept;
  {
    EventFile::Options options = options_.file;
    options.max_series = std::max<std::size_t>(options.max_series, entry.file->series().size());
    EventFile fresh(unfinished, options, cache_);
    kept = rewrite_events(*entry.file, fresh, std::cref(aged), options_.segment_events, stop);
    fresh.seal();
  }
  if (!kept || (*kept == 0 && is_oldest)) {
    remove_database(unfinished);
    if (kept) remove(entry, "all its events have aged");
    return !kept;
  }
  copy_derived_tables(entry.file->path(), unfinished, aged.text());
  sync_file(unfinished);
  std::filesystem::rename(unfinished, path);
  sync_folder(options_.folder);
  auto file = std::make_shared<EventFile>(path, options_.file, cache_);
  file->seal();
  options_.log(fmt::format("{}: {} events have aged, {} stay", entry.file->path().string(),
                           entry.file->totals().events - *kept, *kept));
  files_.remove(entry.name, FileSet::Entry{name, std::move(file)});
  entry.file->delete_when_unused();
  return true;
}

void Retention::remove(const FileSet::Entry& entry, std::string_view why) {
  files_.remove(entry.name);
  entry.file->delete_when_unused();
  options_.log(fmt::format("{} has been deleted: {}", entry.file->path().string(), why));
}

void Retention::limit_bytes() {
  if (options_.rules.max_bytes == 0) return;
  const auto entries = files_.entries();
  std::uint64_t total = 0;
  for (const FileSet::Entry& entry : entries) total += entry.file->bytes_on_disk();
  for (std::size_t i = 0; i + 1 < entries.size() && total > options_.rules.max_bytes; ++i) {
    total -= std::min(total, entries[i].file->bytes_on_disk());
    remove(entries[i], fmt::format("the history may take {} bytes", options_.rules.max_bytes));
  }
}

// --- the thread ---

Janitor::Janitor(Retention::Options options, FileSet& files, BlockCache& cache)
    : retention_(std::move(options), files, cache), thread_([this] {
        pthread_setname_np(pthread_self(), "td-janitor");
        setpriority(PRIO_PROCESS, 0, kNiceness);  // of this thread alone, on Linux
        run();
      }) {}

Janitor::~Janitor() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Janitor::call() {
  {
    const std::lock_guard lock(mutex_);
    called_ = true;
  }
  wake_.notify_all();
}

void Janitor::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kInterval, [this] { return stop_ || called_; });
      if (stop_) return;
      called_ = false;
    }
    retention_.apply(stop_);
  }
}

}  // namespace tapedeck::store
