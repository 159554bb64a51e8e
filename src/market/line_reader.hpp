// Reads a text file line by line in constant memory; a .gz file is unpacked on the way.
// One thread.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::market {

class LineReader {
 public:
  /// @throws std::runtime_error when the file cannot be opened; the message names it and says why.
  explicit LineReader(const std::filesystem::path& path);

  /// The next line without its LF; a byte order mark at the start of the file is left out. Longer
  /// than kMaxLineBytes: an empty view and too_long(). The view is valid until the next call.
  /// @return false at the end or when reading failed, see error()
  bool next(std::string_view& line);
  /// Number of the line next() returned last, from 1.
  std::uint64_t line_number() const noexcept { return line_number_; }
  bool too_long() const noexcept { return too_long_; }
  /// What went wrong; empty when nothing did.
  const std::string& error() const noexcept { return error_; }

  static constexpr std::size_t kMaxLineBytes = std::size_t{64} << 10;

 private:
  bool fill();

  struct Close {
    void operator()(gzFile file) const noexcept { gzclose(file); }
  };
  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool too_long_ = false;
  std::uint64_t line_number_ = 0;
  std::string error_;
};

/// The whole of a small file, unpacked.
/// @throws std::runtime_error when it cannot be read or is larger than max_bytes.
std::string read_whole_file(const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace tapedeck::market
