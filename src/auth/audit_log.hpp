// AuditLog: who logged in, who was refused, what administrators did, as NDJSON appended to a file
// of mode 0600. record() takes any thread, never throws and never waits for the disk: a line goes
// into a bounded queue that a thread of its own writes. Lines that strangers can provoke are
// limited, and what was left out is counted and told, so that an attack fills neither the queue nor
// the disk.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/error.hpp"

namespace tapedeck::auth {

struct AuditOptions {
  std::filesystem::path path;
  unsigned strangers_per_minute = 60;  ///< lines that anybody can provoke, over time: 25 MB a day
  unsigned strangers_at_once = 200;    ///< and in one go
  std::size_t max_queued = 4096;       ///< lines waiting for the disk
};

/// What is told of a moment; views live until record() returns.
struct AuditEntry {
  std::string_view action;   ///< `login`, `key_refused`, `clear_buffer`, ...
  std::string_view grant;    ///< Grant::id, or what a stranger says he is; never a secret
  std::string_view address;  ///< of the client
  std::string_view request_id;
  std::string_view detail;
  std::int64_t time_ns = 0;  ///< UTC
};

class AuditLog {
 public:
  /// Texts are cut to so many bytes.
  static constexpr std::size_t kMaxTextBytes = 512;

  /// Opens the file, which may exist. @throws std::invalid_argument when it cannot be appended to,
  /// or is open to other users
  explicit AuditLog(AuditOptions options);
  /// Writes what is queued.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// By someone who was let in; a line of its own, unless the queue is full.
  void record(const AuditEntry& entry) noexcept;
  /// By anybody: limited.
  void record_of_stranger(const AuditEntry& entry) noexcept;

  /// Goes on in a new file of the name (logrotate has moved the old one away). The old file stays
  /// in use when that fails. @return what is wrong, if anything
  std::optional<Error> reopen();
  /// Waits until everything recorded before has been handed to the system.
  void flush();
  /// Lines lost since the start because the disk refused them, or was too slow for the queue.
  std::uint64_t lost() const;

 private:
  void enqueue(std::string line);
  bool take_token(std::int64_t now_ns);
  void tell_suppressed(std::int64_t now_ns);
  void write_queued();
  void write(const std::string& line);

  const AuditOptions options_;
  mutable std::mutex mutex_;  // guards all that follows but file_ and thread_
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  bool writing_ = false, stopping_ = false;
  std::uint64_t suppressed_ = 0, lost_ = 0;
  double tokens_;
  std::int64_t filled_ns_ = 0;
  std::mutex file_mutex_;  // guards file_
  int file_ = -1;
  std::thread thread_;
};

}  // namespace tapedeck::auth
