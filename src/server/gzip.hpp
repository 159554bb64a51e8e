// The parts that gzip answers and streams are made of (RFC 1951, RFC 1952): a compressor whose
// output may be cut and joined at flushes, the sum of what went into it, header and trailer.
//
// Each object lives on one thread at a time. A Deflater of the default window takes 260 KiB; at
// level 1 an event by itself takes 4 us, one of many 2 us, one behind a restart() 14 us.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck {

struct DeflateOptions {
  int level = 1;         ///< 1 (quickest) to 9 (smallest)
  int window_bits = 15;  ///< matches reach 2^this bytes back: 9 to 15. Memory is 8 times that
};

/// CRC-32 and length of some bytes, as a gzip trailer has them.
struct GzipSum {
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;

  void add(std::string_view plain);
  /// Adds what lies between two sums of one longer run. Costs the same however much that is.
  void add_between(const GzipSum& from, const GzipSum& to);
};

/// Compresses to a run of deflate blocks that never ends by itself.
class Deflater {
 public:
  /// @throws std::invalid_argument for options that cannot be.
  /// @throws std::bad_alloc when zlib has no memory.
  explicit Deflater(const DeflateOptions& options);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Appends to `out` what comes out; some may stay within until flush().
  void add(std::string_view plain, std::string& out);
  /// Brings out everything, up to a whole byte. The reader has then got all that was added.
  void flush(std::string& out);
  /// Forgets: what comes next refers to nothing before, so that it may stand behind other blocks.
  /// Everything must have been flushed.
  void restart();

 private:
  void run(std::string& out, int flush);

  z_stream stream_{};
};

void append_gzip_header(std::string& out);
/// The last block, which is empty, and the trailer.
void append_gzip_end(std::string& out, const GzipSum& sum);
/// `plain` as one gzip member.
std::string gzip_whole(Deflater& deflater, std::string_view plain);

}  // namespace tapedeck
