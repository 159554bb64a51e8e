// Decodes gzip as it comes, the way a browser does: what is decodable is given out at once.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace tapedeck::testing {

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::runtime_error("no memory");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// All that these bytes make decodable. Throws on bytes that are no gzip, and on a trailer that
  /// does not fit what was decoded.
  std::string decode(std::string_view bytes) {
    std::string out;
    char piece[16384];
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (!ended_) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece);
      stream_.avail_out = sizeof piece;
      const int result = inflate(&stream_, Z_SYNC_FLUSH);
      out.append(piece, sizeof piece - stream_.avail_out);
      if (result == Z_STREAM_END) ended_ = true;
      if (result == Z_BUF_ERROR || (stream_.avail_in == 0 && stream_.avail_out > 0)) break;
      if (result != Z_OK && result != Z_STREAM_END) {
        throw std::runtime_error(stream_.msg != nullptr ? stream_.msg : "not gzip");
      }
    }
    if (ended_ && stream_.avail_in > 0) throw std::runtime_error("bytes behind the end");
    return out;
  }
  /// The trailer has come, and was right.
  bool ended() const noexcept { return ended_; }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

inline std::string gunzip(std::string_view bytes) {
  Inflater inflater;
  std::string out = inflater.decode(bytes);
  if (!inflater.ended()) throw std::runtime_error("the gzip body ends early");
  return out;
}

}  // namespace tapedeck::testing
