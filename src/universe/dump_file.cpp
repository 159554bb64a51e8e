#include "universe/dump_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "market/line_reader.hpp"
#include "tapedeck/universe/instrument_dump.hpp"

namespace tapedeck::universe {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  throw std::runtime_error(
      fmt::format("cannot {} '{}': {}", what, path.string(), std::strerror(errno)));
}

/// A file that is deleted again unless it is renamed.
class NewFile {
 public:
  explicit NewFile(const std::filesystem::path& target)
      : path_(target.string() + ".XXXXXX"), descriptor_(mkostemp(path_.data(), O_CLOEXEC)) {
    if (descriptor_ < 0) fail("create a file beside", target);
  }
  ~NewFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!path_.empty()) unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", path_);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fsync(descriptor_) != 0) fail("write", path_);
  }
  void rename_to(const std::filesystem::path& target) {
    if (rename(path_.c_str(), target.c_str()) != 0) fail("replace", target);
    path_.clear();
  }

 private:
  std::string path_;
  int descriptor_;
};

/// The rename itself reaches the disk with the folder. A file system that cannot sync folders
/// (some network ones) still renames.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  if (folder.empty() || std::filesystem::is_directory(folder, problem)) return;
  if (!std::filesystem::create_directories(folder, problem)) {
    throw std::runtime_error(
        fmt::format("cannot make the folder '{}': {}", folder.string(), problem.message()));
  }
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
}

/// A name as a cell. Doubled quotes are as they came in the file it is from.
std::string quoted(std::string_view name) {
  if (name.find_first_of(",\"") == std::string_view::npos) return std::string(name);
  std::string cell = "\"";
  for (std::size_t i = 0; i < name.size(); ++i) {
    cell += name[i];
    if (name[i] != '"') continue;
    cell += '"';
    if (i + 1 < name.size() && name[i + 1] == '"') ++i;
  }
  return cell += '"';
}

std::string dump_text(std::span<const DumpRow> rows) {
  std::string text =
      "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
      "lot_size,instrument_type,segment,exchange\n";
  text.reserve(text.size() + rows.size() * 100);
  for (const DumpRow& row : rows) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{},0,{},{},{},{},{},{},{}\n", row.token,
                   row.exchange_token, row.symbol, quoted(row.name), row.expiry, row.strike,
                   row.tick_size, row.lot_size, row.type, row.segment, row.exchange);
  }
  return text;
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more asks for a gzip header
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("cannot compress: out of memory");
  }
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("cannot compress the instruments");
  return packed;
}

}  // namespace

std::optional<FileVersion> version_of(const std::filesystem::path& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileVersion{found.st_dev, found.st_ino, found.st_size,
                     Timestamp{std::chrono::seconds{found.st_mtim.tv_sec} +
                               std::chrono::nanoseconds{found.st_mtim.tv_nsec}}};
}

void replace_file(const std::filesystem::path& path, std::string_view bytes) {
  make_folder(path.parent_path());
  NewFile file(path);
  file.write(bytes);
  file.rename_to(path);
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

InstrumentDump read_dump(const std::filesystem::path& path, const DumpLimits& limits) {
  InstrumentDump dump;
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::is_regular_file(status)) {  // a pipe would block, a device never end
    dump.problem = std::filesystem::exists(status)
                       ? fmt::format("'{}' is no regular file", path.string())
                       : fmt::format("there is no file '{}'", path.string());
    return dump;
  }
  const auto size = std::filesystem::file_size(path, code);
  if (!code && size > limits.max_file_bytes) {
    dump.problem = fmt::format("'{}' has {} bytes, more than the {} allowed", path.string(), size,
                               limits.max_file_bytes);
    return dump;
  }
  try {
    return parse_dump(market::read_whole_file(path, limits.max_text_bytes), path.string(), limits);
  } catch (const std::runtime_error& unreadable) {
    dump.problem = unreadable.what();
  }
  return dump;
}

void write_dump(const std::filesystem::path& path, std::span<const DumpRow> rows) {
  const std::string text = dump_text(rows);
  replace_file(path, path.extension() == ".gz" ? gzip(text) : text);
}

}  // namespace tapedeck::universe
