#include "remote/spool_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/fork_fds.hpp"

namespace tapedeck::remote {
namespace {

constexpr std::string_view kSuffix = ".spool";

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw SpoolError(fmt::format("the spool {} {}: {}", path.string(), what, std::strerror(errno)));
}

/// The number of a segment's file; nothing for other names.
std::optional<std::uint64_t> number_of(const std::string& name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size() - kSuffix.size();
  const auto parsed = std::from_chars(name.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

std::string read_at(const SpoolFile& file, std::uint64_t begin, std::uint64_t bytes,
                    const std::filesystem::path& path) {
  std::string out(bytes, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t n =
        ::pread(file.fd(), out.data() + have, out.size() - have, static_cast<off_t>(begin + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot be read");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

}  // namespace

SpoolFile::SpoolFile(const std::filesystem::path& path, int flags)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
  register_fork_fd(fd_);
}

SpoolFile::~SpoolFile() {
  if (unregister_fork_fd(fd_)) ::close(fd_);
}

SpoolFolder::SpoolFolder(std::filesystem::path path, SpoolFile lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

SpoolFolder::~SpoolFolder() = default;

std::unique_ptr<SpoolFolder> SpoolFolder::make(const std::filesystem::path& path,
                                               std::string_view publisher,
                                               std::uint64_t segment_bytes) {
  if (::mkdir(path.c_str(), 0700) != 0) fail(path, "cannot be made");
  SpoolFile lock(path / "lock", O_RDWR | O_CREAT | O_EXCL);
  if (!lock) {
    const int why = errno;
    ::rmdir(path.c_str());
    errno = why;
    fail(path, "cannot be locked");
  }
  const bool locked = ::flock(lock.fd(), LOCK_EX | LOCK_NB) == 0;
  std::unique_ptr<SpoolFolder> folder(new SpoolFolder(path, std::move(lock)));
  // Another process that looks for spools to adopt may have been faster, and removed it.
  if (!locked || !folder->still_there()) fail(path, "was taken by another process");
  folder->publisher_ = publisher;
  folder->segment_bytes_ = segment_bytes;
  return folder;
}

std::unique_ptr<SpoolFolder> SpoolFolder::adopt(const std::filesystem::path& path) {
  SpoolFile lock(path / "lock", O_RDWR);
  if (!lock || ::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) return nullptr;
  std::unique_ptr<SpoolFolder> folder(new SpoolFolder(path, std::move(lock)));
  if (!folder->still_there()) return nullptr;
  folder->scan();
  return folder;
}

/// Whether what is locked is the folder's lock, not that of one that was removed meanwhile.
bool SpoolFolder::still_there() const noexcept {
  struct stat held {
  }, named{};
  return ::fstat(lock_.fd(), &held) == 0 && ::stat((path_ / "lock").c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

std::filesystem::path SpoolFolder::file_of(std::uint64_t number) const {
  return path_ / fmt::format("{:08}{}", number, kSuffix);
}

std::uint64_t SpoolFolder::bytes() const noexcept {
  std::uint64_t total = 0;
  for (const Segment& segment : segments_) total += segment.size;
  return total;
}

std::uint64_t SpoolFolder::events() const noexcept {
  std::uint64_t total = 0;
  for (const Segment& segment : segments_) total += segment.events;
  return total;
}

// --- what a dead process left ---

void SpoolFolder::scan() {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    if (const auto number = number_of(entry.path().filename().string())) numbers.push_back(*number);
  }
  if (error) throw SpoolError(fmt::format("the spool {}: {}", path_.string(), error.message()));
  std::sort(numbers.begin(), numbers.end());
  const std::optional<Claim> claim = stored_claim();
  for (const std::uint64_t number : numbers) {
    if (claim && number < claim->segment) {
      ::unlink(file_of(number).c_str());  // accepted, and its owner died before it could do so
      continue;
    }
    const bool claimed = claim && number == claim->segment;
    scan_segment(number, claimed ? claim->begin : kSegmentHeaderBytes);
    if (!claimed || segments_.empty()) continue;
    read_at_ = claim->begin;
    if (claim->end > claim->begin && claim->end <= segments_[0].size) claimed_end_ = claim->end;
  }
}

void SpoolFolder::scan_segment(std::uint64_t number, std::uint64_t from) {
  const std::filesystem::path path = file_of(number);
  const SpoolFile file(path, O_RDONLY);
  struct stat status {};
  if (!file || ::fstat(file.fd(), &status) != 0) fail(path, "cannot be read");
  const std::string bytes = read_at(file, 0, static_cast<std::uint64_t>(status.st_size), path);
  const auto publisher = read_segment_header(bytes);
  Segment segment{number, 0, 0, publisher.value_or("")};
  if (publisher) {
    segment.size = std::min<std::uint64_t>(from, bytes.size());
    while (const auto record = read_record(std::string_view(bytes).substr(segment.size))) {
      segment.size += record->size();
      segment.events += record->events;
    }
  }
  damaged_bytes_ += bytes.size() - segment.size;
  if (segment.events == 0) {
    ::unlink(path.c_str());
  } else {
    segments_.push_back(std::move(segment));
  }
}

std::optional<Claim> SpoolFolder::stored_claim() const {
  const SpoolFile file(path_ / "claim", O_RDONLY);
  return file ? read_claim(read_at(file, 0, kClaimBytes, path_ / "claim")) : std::nullopt;
}

// --- writing ---

void SpoolFolder::open_segment() {
  const std::uint64_t number = next_number_;
  const std::filesystem::path path = file_of(number);
  if (unsynced_) sync();  // the segment that ends
  SpoolFile file(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
  if (!file) fail(path, "cannot be written");
  writing_ = std::move(file);
  ++next_number_;
  segments_.push_back({number, 0, 0, publisher_});
}

void SpoolFolder::write_all(std::string_view bytes) {
  Segment& segment = segments_.back();
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(writing_.fd(), bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int why = errno;
      // A part of a record would end the segment for its reader.
      const bool cut = ::ftruncate(writing_.fd(), static_cast<off_t>(segment.size)) == 0;
      if (!cut || segment.size == 0) {
        writing_ = {};
        if (segment.events == 0) {
          ::unlink(file_of(segment.number).c_str());
          segments_.pop_back();
        }
      }
      errno = why;
      fail(path_, "cannot be written");
    }
    written += static_cast<std::size_t>(n);
  }
  segment.size += bytes.size();
}

void SpoolFolder::append(std::span<const Batch> batches, bool alone) {
  std::string out;
  std::uint64_t events = 0;
  for (const Batch& batch : batches) {
    append_record(out, batch, alone);
    events += batch.events;
  }
  const bool fits =
      writing_ && !segments_.empty() && segments_.back().size + out.size() <= segment_bytes_;
  if (!fits) {
    open_segment();
    out.insert(0, segment_header(publisher_));
  }
  write_all(out);
  segments_.back().events += events;
  unsynced_ = true;
}

void SpoolFolder::sync() {
  if (!unsynced_) return;
  unsynced_ = false;
  const bool synced = !writing_ || ::fdatasync(writing_.fd()) == 0;
  const SpoolFile folder(path_, O_RDONLY | O_DIRECTORY);
  if (!synced || !folder || ::fsync(folder.fd()) != 0) fail(path_, "cannot be brought to the disk");
}

// --- sending ---

std::string SpoolFolder::read_first(std::uint64_t begin, std::uint64_t bytes) {
  const std::filesystem::path path = file_of(segments_.front().number);
  if (!reading_) reading_ = SpoolFile(path, O_RDONLY);
  if (!reading_) fail(path, "cannot be read");
  return read_at(reading_, begin, std::min(bytes, segments_.front().size - begin), path);
}

/// As many bytes as a batch may have, but at least the first record.
std::string SpoolFolder::read_unclaimed(std::size_t batch_bytes) {
  std::string bytes = read_first(read_at_, batch_bytes + kRecordHeaderBytes);
  const auto first = record_size(bytes);
  if (first && *first > bytes.size()) bytes = read_first(read_at_, *first);
  return bytes;
}

std::optional<Batch> SpoolFolder::front(std::size_t batch_bytes, std::size_t batch_events) {
  const bool claimed = claimed_end_ != 0;
  const std::string bytes =
      claimed ? read_first(read_at_, claimed_end_ - read_at_) : read_unclaimed(batch_bytes);
  const Taken taken = claimed ? take(bytes, ~std::size_t{0}, ~std::size_t{0}, true)
                              : take(bytes, batch_bytes, batch_events, false);
  if (taken.bytes == 0 || (claimed && read_at_ + taken.bytes != claimed_end_)) {
    give_up_first_segment();
    return std::nullopt;
  }
  if (claimed) {
    claimed_events_ = taken.batch.events;
    return taken.batch;
  }
  if (store_claim(read_at_ + taken.bytes)) return accept_claim(taken);
  // A full disk: one record alone has the same key in any process, without a claim.
  return accept_claim(take(bytes, 0, 0, false));
}

/// Records from the beginning of `bytes`, the first whatever its size.
SpoolFolder::Taken SpoolFolder::take(std::string_view bytes, std::size_t batch_bytes,
                                     std::size_t batch_events, bool as_claimed) const {
  Taken taken;
  Batch& batch = taken.batch;
  batch.publisher = segments_.front().publisher;
  while (const auto record = read_record(bytes.substr(taken.bytes))) {
    const bool fits = batch.body.size() + record->lines.size() <= batch_bytes &&
                      batch.events + record->events <= batch_events;
    if (!batch.empty() && !as_claimed && (record->alone || !fits)) break;
    if (batch.empty()) batch.number = record->number;
    batch.end_seq = std::max(batch.end_seq, record->end_seq);
    batch.events += record->events;
    batch.body += record->lines;
    taken.bytes += record->size();
    if (record->alone && !as_claimed) break;
  }
  return taken;
}

Batch SpoolFolder::accept_claim(Taken taken) {
  claimed_end_ = read_at_ + taken.bytes;
  claimed_events_ = taken.batch.events;
  return std::move(taken.batch);
}

bool SpoolFolder::store_claim(std::uint64_t end) {
  if (!claiming_) claiming_ = SpoolFile(path_ / "claim", O_WRONLY | O_CREAT);
  const std::string bytes = write_claim({segments_.front().number, read_at_, end});
  return claiming_ && ::pwrite(claiming_.fd(), bytes.data(), bytes.size(), 0) ==
                          static_cast<ssize_t>(bytes.size());
}

void SpoolFolder::pop() {
  Segment& first = segments_.front();
  first.events -= std::min(first.events, claimed_events_);
  read_at_ = claimed_end_;
  claimed_end_ = 0;
  if (read_at_ >= first.size) drop_first_segment();
}

void SpoolFolder::drop_first_segment() noexcept {
  ::unlink(file_of(segments_.front().number).c_str());
  reading_ = {};
  if (segments_.size() == 1) writing_ = {};
  segments_.pop_front();
  read_at_ = kSegmentHeaderBytes;
  claimed_end_ = 0;
}

void SpoolFolder::give_up_first_segment() noexcept {
  damaged_bytes_ += segments_.front().size - read_at_;
  damaged_events_ += segments_.front().events;
  drop_first_segment();
}

void SpoolFolder::remove() noexcept {
  ::unlink((path_ / "claim").c_str());
  ::unlink((path_ / "lock").c_str());
  ::rmdir(path_.c_str());
}

}  // namespace tapedeck::remote
