#include "market/line_reader.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace tapedeck::market {
namespace {

gzFile open_or_throw(const std::filesystem::path& path) {
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    throw std::runtime_error(fmt::format("cannot open '{}': {}", path.string(),
                                         errno != 0 ? std::strerror(errno) : "out of memory"));
  }
  gzbuffer(file, 64 << 10);
  return file;
}

/// Empty when the file was read to its proper end.
std::string read_error(gzFile file, const std::string& name) {
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  if (code == Z_OK || code == Z_STREAM_END) return {};
  if (code == Z_BUF_ERROR)
    return fmt::format("'{}' ends too early: the gzip data is cut off", name);
  return fmt::format("cannot read '{}': {}", name, code == Z_ERRNO ? std::strerror(errno) : text);
}

}  // namespace

LineReader::LineReader(const std::filesystem::path& path)
    : name_(path.string()), file_(open_or_throw(path)), buffer_(2 * kMaxLineBytes) {}

bool LineReader::fill() {
  if (at_end_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const int read =
      gzread(file_.get(), buffer_.data() + end_, static_cast<unsigned>(buffer_.size() - end_));
  if (read <= 0) {
    at_end_ = true;
    error_ = read_error(file_.get(), name_);
    return false;
  }
  end_ += static_cast<std::size_t>(read);
  return true;
}

bool LineReader::next(std::string_view& line) {
  too_long_ = false;
  std::size_t scanned = 0;
  while (true) {
    const char* from = buffer_.data() + begin_;
    const void* newline = std::memchr(from + scanned, '\n', end_ - begin_ - scanned);
    if (newline != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - from);
      line = {from, length};
      begin_ += length + 1;
      break;
    }
    scanned = end_ - begin_;
    if (scanned >= kMaxLineBytes) {
      too_long_ = true;
      begin_ = end_;
      scanned = 0;
    }
    if (fill()) continue;
    if (!error_.empty() || (begin_ == end_ && !too_long_)) return false;
    line = {buffer_.data() + begin_, end_ - begin_};
    begin_ = end_;
    break;
  }
  ++line_number_;
  if (too_long_ || line.size() > kMaxLineBytes) {
    too_long_ = true;
    line = {};
  }
  if (line_number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  return true;
}

std::string read_whole_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(open_or_throw(path), gzclose);
  std::string text;
  std::vector<char> chunk(64 << 10);
  while (true) {
    const int read = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()));
    if (read <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(read));
    if (text.size() > max_bytes) {
      throw std::runtime_error(
          fmt::format("'{}' is larger than {} MiB; split it", path.string(), max_bytes >> 20));
    }
  }
  if (auto problem = read_error(file.get(), path.string()); !problem.empty()) {
    throw std::runtime_error(problem);
  }
  return text;
}

}  // namespace tapedeck::market
