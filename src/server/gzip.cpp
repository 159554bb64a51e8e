#include "server/gzip.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>

namespace tapedeck {
namespace {

constexpr std::size_t kMinRoom = 512;  // for what comes out of a flush beside the data
constexpr std::size_t kMaxStep = std::size_t{1} << 30;  // zlib counts in 32 bits

void append_little_endian(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}

}  // namespace

void GzipSum::add(std::string_view plain) {
  crc = static_cast<std::uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(plain.data()), plain.size()));  // NOLINT
  bytes += plain.size();
}

/// crc(AB) = shift(crc(A), |B|) ^ crc(B), where shift is linear. So the crc of what lies between
/// two sums of one run is shift(from) ^ to, and behind our own bytes it gives shift(own ^ from) ^
/// to.
void GzipSum::add_between(const GzipSum& from, const GzipSum& to) {
  const std::uint64_t length = to.bytes - from.bytes;
  crc = static_cast<std::uint32_t>(
      crc32_combine(crc ^ from.crc, to.crc, static_cast<z_off_t>(length)));
  bytes += length;
}

Deflater::Deflater(const DeflateOptions& options) {
  if (options.level < 1 || options.level > 9 || options.window_bits < 9 ||
      options.window_bits > 15) {
    throw std::invalid_argument(
        "compression: the level must be 1 to 9 and the window 9 to 15 bits");
  }
  const int memory_level = std::clamp(options.window_bits - 7, 1, 8);
  // A negative window asks zlib for bare blocks.
  if (deflateInit2(&stream_, options.level, Z_DEFLATED, -options.window_bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

Deflater::~Deflater() {
  deflateEnd(&stream_);
}

void Deflater::add(std::string_view plain, std::string& out) {
  while (!plain.empty()) {
    const std::size_t step = std::min(plain.size(), kMaxStep);
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));  // NOLINT: only read
    stream_.avail_in = static_cast<uInt>(step);
    run(out, Z_NO_FLUSH);
    plain.remove_prefix(step);
  }
}

void Deflater::flush(std::string& out) {
  run(out, Z_SYNC_FLUSH);
}

void Deflater::restart() {
  deflateReset(&stream_);
}

void Deflater::run(std::string& out, int flush) {
  do {
    const std::size_t used = out.size();
    const std::size_t room = kMinRoom + stream_.avail_in / 4;
    out.resize(used + room);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);  // NOLINT: zlib's bytes
    stream_.avail_out = static_cast<uInt>(room);
    deflate(&stream_, flush);
    out.resize(used + room - stream_.avail_out);
  } while (stream_.avail_out == 0);
}

void append_gzip_header(std::string& out) {
  // Magic, deflate, no flags, no time, nothing said of the level, Unix.
  out.append("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
}

void append_gzip_end(std::string& out, const GzipSum& sum) {
  out.append("\x03\0", 2);  // a block that is the last, has fixed codes and holds nothing
  append_little_endian(out, sum.crc);
  append_little_endian(out, static_cast<std::uint32_t>(sum.bytes));
}

std::string gzip_whole(Deflater& deflater, std::string_view plain) {
  std::string out;
  out.reserve(plain.size() / 4 + kMinRoom);
  append_gzip_header(out);
  deflater.restart();
  deflater.add(plain, out);
  deflater.flush(out);
  GzipSum sum;
  sum.add(plain);
  append_gzip_end(out, sum);
  return out;
}

}  // namespace tapedeck
