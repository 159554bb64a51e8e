#include "app/export_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

#include "app/command_support.hpp"

namespace tapedeck::app {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, in a gzip wrapper
constexpr int kGzipMemory = 8;        // zlib's default
constexpr int kLook_ms = 100;         // between looks whether the user has had enough

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// Something other than a file is written as it is: a device cannot be replaced.
bool is_special(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

/// @return false when interrupted() meanwhile
bool wait_for_room(int fd) {
  pollfd output{fd, POLLOUT, 0};
  while (!interrupted()) {
    // An error is told by the write that follows.
    if (const int ready = poll(&output, 1, kLook_ms);
        ready != 0 && !(ready < 0 && errno == EINTR)) {
      return true;
    }
  }
  return false;
}

}  // namespace

ExportOutput::ExportOutput(int fd, std::string final_name, std::string shown)
    : fd_(fd), final_name_(std::move(final_name)), shown_(std::move(shown)) {}

Result<std::unique_ptr<ExportOutput>> ExportOutput::open(const std::string& path, bool gzip) {
  std::unique_ptr<ExportOutput> out;
  if (path.empty() || path == "-") {
    out.reset(new ExportOutput(STDOUT_FILENO, {}, {}));
  } else {
    const bool special = is_special(path);
    const std::string target = special ? path : path + ".part";
    const int fd = ::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
      return Error{"output_failed", fmt::format("cannot write {}: {}", target, reason(errno)),
                   "output"};
    }
    out.reset(new ExportOutput(fd, special ? std::string() : path, target));
  }
  if (gzip) {
    z_stream& stream = out->gzip_.emplace();
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kGzipMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      out->gzip_.reset();
      throw std::bad_alloc();
    }
  }
  return out;
}

ExportOutput::~ExportOutput() {
  if (gzip_) deflateEnd(&*gzip_);
  if (fd_ > STDERR_FILENO) close(fd_);
  if (!finished_ && !wrote_ && !final_name_.empty()) unlink(shown_.c_str());
}

std::optional<Error> ExportOutput::write(std::string_view bytes) {
  return gzip_ ? deflate_all(bytes, Z_NO_FLUSH) : write_plain(bytes);
}

std::optional<Error> ExportOutput::finish() {
  if (gzip_) {
    if (auto error = deflate_all({}, Z_FINISH)) return error;
  }
  if (!final_name_.empty()) {
    // Some disks tell only now that they are full.
    if (fsync(fd_) != 0 || close(std::exchange(fd_, -1)) != 0) return failed(errno);
    if (std::rename(shown_.c_str(), final_name_.c_str()) != 0) return failed(errno);
    shown_ = final_name_;
  }
  finished_ = true;
  return std::nullopt;
}

std::optional<Error> ExportOutput::write_plain(std::string_view bytes) {
  // What a pipe has room for when poll() says so; a signal that came just before would not wake a
  // write that waits.
  const bool may_block = final_name_.empty();
  while (!bytes.empty()) {
    if (may_block && !wait_for_room(fd_)) return failed(EINTR);
    const std::size_t most =
        may_block ? std::min<std::size_t>(bytes.size(), PIPE_BUF) : bytes.size();
    const ssize_t written = ::write(fd_, bytes.data(), most);
    if (written < 0) {
      if (errno == EINTR && !interrupted()) continue;
      reader_has_gone_ = errno == EPIPE;
      return failed(errno);
    }
    wrote_ = wrote_ || written > 0;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return std::nullopt;
}

std::optional<Error> ExportOutput::deflate_all(std::string_view bytes, int flush) {
  std::array<char, std::size_t{64} << 10> piece;
  do {
    // zlib counts in 32 bits and does not write to what it reads.
    const std::size_t taken = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    gzip_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    gzip_->avail_in = static_cast<uInt>(taken);
    bytes.remove_prefix(taken);
    do {
      gzip_->next_out = reinterpret_cast<Bytef*>(piece.data());
      gzip_->avail_out = static_cast<uInt>(piece.size());
      deflate(&*gzip_, flush);
      if (auto error = write_plain({piece.data(), piece.size() - gzip_->avail_out})) return error;
    } while (gzip_->avail_out == 0);
  } while (!bytes.empty());
  return std::nullopt;
}

Error ExportOutput::failed(int error) {
  return {"output_failed",
          fmt::format("cannot write {}: {}", shown_.empty() ? "to standard output" : shown_,
                      reason(error)),
          "output"};
}

}  // namespace tapedeck::app
