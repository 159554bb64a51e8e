// Retention: how long which events stay, and the janitor who sees to it: files whose events have
// all aged are deleted, files of which some types have aged are written again without them, and
// when the folder has grown too large the oldest files go. What has aged is told by the day of
// receipt, the file's, not by the events' own times: a replay of 2022 does not vanish at once.
//
// The rules are plain data. A Janitor owns a thread of low priority; the newest file is never
// touched, the writer never waits for it, and readers that hold a file go on. Memory: one segment.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/error.hpp"
#include "store/file_set.hpp"

namespace tapedeck::store {

struct RetentionRules {
  using Age = std::optional<std::chrono::hours>;  ///< none: for ever
  /// The longest age that can be said.
  static constexpr std::chrono::hours kMaxAge{1000L * 365 * 24};

  Age default_age{};
  std::map<std::string, Age, std::less<>> by_type{};
  std::uint64_t max_bytes = 0;  ///< of all files; 0: no limit

  bool keep_everything() const noexcept;
};

/// "30d", "30d,order_event=5y,indicator_event=12h": a list of AGE (of every type not named) and
/// TYPE=AGE. AGE is a whole number of h, d, w or y (365 days), or `forever`. Empty: all for ever.
Result<RetentionRules> parse_retention(std::string_view text);

/// Which types of a file have aged.
class AgedTypes {
 public:
  /// @param day of the file, in days since 1970; it has aged so long after the day's end
  AgedTypes(const RetentionRules& rules, std::int64_t day, std::int64_t now_ns);

  bool operator()(std::string_view type) const;
  bool none() const noexcept;
  bool all() const noexcept;
  /// The same for the same answers.
  const std::string& text() const noexcept { return text_; }

 private:
  bool by_default_;
  std::map<std::string, bool, std::less<>> by_type_;
  std::string text_;
};

/// What a janitor does when he comes round. One thread at a time.
class Retention {
 public:
  struct Options {
    std::filesystem::path folder;
    RetentionRules rules{};
    std::function<std::int64_t()> now_ns;
    std::function<void(std::string_view)> log;  ///< sentences to the operator
    EventFile::Options file{};
    std::size_t segment_events = 65'536;
  };
  /// Removes what a crash left half-written. @param files, cache must outlive it
  Retention(Options options, FileSet& files, BlockCache& cache);

  /// Everything that has aged by now goes. What the disk refuses is told of and stays.
  /// @param stop becomes true: it ends soon, and what it was at stays as it was
  void apply(const std::atomic<bool>& stop);

 private:
  enum class Verdict { stays, partly_aged, aged };

  Verdict judge(const EventFile& file, const AgedTypes& aged) const;
  bool tend(const FileSet::Entry& entry, bool is_oldest, const std::atomic<bool>& stop);
  bool write_again(const FileSet::Entry& entry, const AgedTypes& aged, bool is_oldest,
                   const std::atomic<bool>& stop);
  void remove(const FileSet::Entry& entry, std::string_view why);
  void limit_bytes();

  const Options options_;
  FileSet& files_;
  BlockCache& cache_;
};

class Janitor {
 public:
  static constexpr std::chrono::hours kInterval{1};

  /// Comes round at once, then hourly and when called.
  Janitor(Retention::Options options, FileSet& files, BlockCache& cache);
  /// Ends soon, also amid a file.
  ~Janitor();
  Janitor(const Janitor&) = delete;
  Janitor& operator=(const Janitor&) = delete;

  /// A file has been begun. Any thread.
  void call();

 private:
  void run();

  Retention retention_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards called_
  std::condition_variable wake_;
  bool called_ = true;
  std::thread thread_;
};

}  // namespace tapedeck::store
