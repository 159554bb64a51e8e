#include "store/file_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <mutex>

#include "tapedeck/time.hpp"

namespace tapedeck::store {
namespace {

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || stop != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string FileName::text() const {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::string out =
      fmt::format("events-{:06}-{:04}{:02}{:02}", number, static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (generation > 1) out += fmt::format("-g{}", generation);
  return out + ".db";
}

std::optional<FileName> FileName::parse(std::string_view name) {
  if (!name.starts_with("events-") || !name.ends_with(".db")) return std::nullopt;
  name = name.substr(7, name.size() - 10);
  FileName out;
  if (const std::size_t mark = name.find("-g"); mark != std::string_view::npos) {
    const auto generation = number_of(name.substr(mark + 2));
    if (!generation || *generation < 2) return std::nullopt;
    out.generation = *generation;
    name = name.substr(0, mark);
  }
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || name.size() != dash + 9) return std::nullopt;
  const auto number = number_of(name.substr(0, dash)), date = number_of(name.substr(dash + 1));
  if (!number || !date) return std::nullopt;
  const std::chrono::year_month_day ymd{
      std::chrono::year(static_cast<int>(*date / 10'000)),
      std::chrono::month(static_cast<unsigned>(*date / 100 % 100)),
      std::chrono::day(static_cast<unsigned>(*date % 100))};
  if (!ymd.ok()) return std::nullopt;
  out.number = *number;
  out.day = std::chrono::sys_days{ymd}.time_since_epoch().count();
  return out;
}

std::vector<FileSet::Entry> FileSet::entries() const {
  const std::shared_lock lock(mutex_);
  return entries_;
}

std::shared_ptr<EventFile> FileSet::oldest_with_events() const {
  const std::shared_lock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [](const Entry& entry) { return entry.file->end_seq() > 0; });
  return found == entries_.end() ? nullptr : found->file;
}

std::shared_ptr<EventFile> FileSet::newest_with_events() const {
  const std::shared_lock lock(mutex_);
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                  [](const Entry& entry) { return entry.file->end_seq() > 0; });
  return found == entries_.rend() ? nullptr : found->file;
}

FileList FileSet::with_events() const {
  FileList out;
  const std::shared_lock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.file->end_seq() > 0) out.push_back(entry.file);
  }
  return out;
}

void FileSet::add(const FileName& name, std::shared_ptr<EventFile> file) {
  {
    const std::unique_lock lock(mutex_);
    entries_.push_back({name, std::move(file)});
  }
  if (added_) added_();
}

void FileSet::remove(const FileName& name, std::optional<Entry> instead) {
  const std::unique_lock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.name.number == name.number && entry.name.generation == name.generation;
  });
  if (found == entries_.end()) return;
  if (instead) {
    *found = std::move(*instead);
  } else {
    entries_.erase(found);
  }
}

bool FileSet::empty() const {
  const std::shared_lock lock(mutex_);
  return entries_.empty();
}

FileSet::Entry FileSet::newest() const {
  const std::shared_lock lock(mutex_);
  return entries_.back();
}

std::string set_aside(const std::filesystem::path& path) {
  const std::string aside =
      fmt::format("{}.damaged-{}", path.string(), to_ns(now()) / 1'000'000'000);
  std::error_code ignored;
  for (const char* suffix : {"-wal", "-shm"}) {
    std::filesystem::rename(path.string() + suffix, aside + suffix, ignored);
  }
  std::filesystem::rename(path, aside, ignored);
  return aside;
}

std::vector<FileName> list_files(const std::filesystem::path& folder) {
  std::vector<FileName> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (const auto name = FileName::parse(entry.path().filename().string())) names.push_back(*name);
  }
  std::sort(names.begin(), names.end(), [](const FileName& a, const FileName& b) {
    return std::pair{a.number, a.generation} < std::pair{b.number, b.generation};
  });
  return names;
}

bool open_files(const std::filesystem::path& folder, const EventFile::Options& options,
                BlockCache& cache, FileSet& files,
                const std::function<void(std::string_view)>& log) {
  const std::vector<FileName> names = list_files(folder);
  bool complete = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::filesystem::path path = folder / names[i].text();
    if (i + 1 < names.size() && names[i + 1].number == names[i].number) {
      // Written again, which a crash kept from being tidied up.
      remove_database(path);
      continue;
    }
    try {
      auto file = std::make_shared<EventFile>(path, options, cache);
      // Nothing is added to it any more, and years of files are many.
      if (i + 1 < names.size()) file->seal();
      files.add(names[i], std::move(file));
    } catch (const SqliteError& error) {
      if (!error.is_damage()) throw;
      log(fmt::format("{} is damaged ({}) and has been set aside as {}; what it held is missing",
                      path.string(), error.what(), set_aside(path)));
      complete = false;
    }
  }
  return complete;
}

}  // namespace tapedeck::store
