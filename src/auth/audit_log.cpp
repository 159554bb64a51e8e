#include "auth/audit_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "auth/guarded_file.hpp"
#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::auth {
namespace {

/// @return a file number; or why not
Result<int> open_for_append(const std::filesystem::path& path) {
  const auto refused = [&](const char* why) {
    return Error{"file_refused",
                 fmt::format("The audit log {} cannot be used: {}", path.string(), why), ""};
  };
  const int file = ::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (file < 0) return refused(std::strerror(errno));
  struct stat facts {};
  const char* fault = nullptr;
  if (::fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    fault = "it is not a file";
  } else if ((facts.st_mode & 022) != 0) {
    fault = "other users can write to it (chmod 600)";
  } else if (facts.st_size == 0 && !give_to_owner_of_folder(file, path)) {
    fault = "it cannot be given to the owner of its folder";
  }
  if (fault == nullptr) return file;
  ::close(file);
  return refused(fault);
}

void append(std::string& line, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(line), ",\"{}\":{}", name,
                 json::quoted(text.substr(0, AuditLog::kMaxTextBytes)));
}

std::string line_of(const AuditEntry& entry) {
  std::string line = fmt::format(R"({{"time":"{}")", format_rfc3339(from_ns(entry.time_ns)));
  append(line, "action", entry.action);
  append(line, "grant", entry.grant);
  append(line, "address", entry.address);
  append(line, "request_id", entry.request_id);
  append(line, "detail", entry.detail);
  return line + "}\n";
}

}  // namespace

AuditLog::AuditLog(AuditOptions options)
    : options_(std::move(options)), tokens_(options_.strangers_at_once) {
  if (options_.max_queued == 0) throw std::invalid_argument("The audit log needs a queue");
  const auto file = open_for_append(options_.path);
  if (!file) throw std::invalid_argument(file.error().message);
  file_ = *file;
  thread_ = std::thread([this] { write_queued(); });
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    tell_suppressed(to_ns(now()));
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  ::close(file_);
}

void AuditLog::record(const AuditEntry& entry) noexcept try {
  std::string line = line_of(entry);
  const std::lock_guard lock(mutex_);
  tell_suppressed(entry.time_ns);
  enqueue(std::move(line));
} catch (const std::exception&) {
  const std::lock_guard lock(mutex_);  // out of memory: the line is lost, the request is not
  ++lost_;
}

void AuditLog::record_of_stranger(const AuditEntry& entry) noexcept try {
  {
    const std::lock_guard lock(mutex_);
    if (!take_token(entry.time_ns)) {
      ++suppressed_;
      return;
    }
  }
  record(entry);
} catch (const std::exception&) {
  const std::lock_guard lock(mutex_);
  ++lost_;
}

bool AuditLog::take_token(std::int64_t now_ns) {
  constexpr double kMinute_ns = 60e9;
  const double minutes = static_cast<double>(now_ns - filled_ns_) / kMinute_ns;
  if (minutes > 0) {
    tokens_ = std::min<double>(options_.strangers_at_once,
                               tokens_ + minutes * options_.strangers_per_minute);
  }
  filled_ns_ = now_ns;  // backwards too: a clock that was set back must not stop the refill
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void AuditLog::tell_suppressed(std::int64_t now_ns) {
  if (suppressed_ == 0) return;
  const std::string count = fmt::format("{} lines of strangers were left out", suppressed_);
  suppressed_ = 0;
  enqueue(line_of({"suppressed", "", "", "", count, now_ns}));
}

void AuditLog::enqueue(std::string line) {
  if (queue_.size() >= options_.max_queued) {
    ++lost_;
    return;
  }
  queue_.push_back(std::move(line));
  changed_.notify_all();
}

void AuditLog::write_queued() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::deque<std::string> taken;
    taken.swap(queue_);
    writing_ = true;
    lock.unlock();
    for (const std::string& line : taken) write(line);
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

void AuditLog::write(const std::string& line) {
  ssize_t n = 0;
  {
    const std::lock_guard lock(file_mutex_);
    do n = ::write(file_, line.data(), line.size());
    while (n < 0 && errno == EINTR);
  }
  if (n == static_cast<ssize_t>(line.size())) return;
  const std::lock_guard lock(mutex_);
  ++lost_;
}

std::optional<Error> AuditLog::reopen() {
  flush();
  const auto fresh = open_for_append(options_.path);
  if (!fresh) return fresh.error();
  const std::lock_guard lock(file_mutex_);
  ::close(file_);
  file_ = *fresh;
  return std::nullopt;
}

void AuditLog::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.empty() && !writing_; });
}

std::uint64_t AuditLog::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

}  // namespace tapedeck::auth
