#include "server/gzip_body.hpp"

#include <memory>
#include <string>

#include "server/accept_encoding.hpp"

namespace tapedeck {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
/// Compressed on the I/O thread, in some 0.1 ms. The read pool costs a long answer nothing
/// to speak of.
constexpr std::size_t kAtOnceBytes = std::size_t{64} << 10;

class GzipBody {
 public:
  GzipBody(BodySource plain, const DeflateOptions& options)
      : plain_(std::move(plain)), deflater_(options) {}

  bool next(std::string& out) {
    piece_.clear();
    const bool more = plain_(piece_);
    if (!begun_) append_gzip_header(out);
    begun_ = true;
    sum_.add(piece_);
    deflater_.add(piece_, out);
    if (!more) {
      deflater_.flush(out);
      append_gzip_end(out, sum_);
    }
    return more;
  }

 private:
  BodySource plain_;
  Deflater deflater_;
  GzipSum sum_;
  std::string piece_;
  bool begun_ = false;
};

}  // namespace

BodySource gzip_body(BodySource plain, const DeflateOptions& options) {
  return [body = std::make_shared<GzipBody>(std::move(plain), options)](std::string& out) {
    return body->next(out);
  };
}

BodySource body_in_pieces(std::string&& body) {
  return [held = std::make_shared<const std::string>(std::move(body)),
          at = std::size_t{0}](std::string& out) mutable {
    out.append(*held, at, kPieceBytes);
    at += kPieceBytes;
    return at < held->size();
  };
}

void compress_answer(HttpResponse& response, std::string_view accept_encoding,
                     const ServerOptions& options, Deflater& deflater) {
  const bool is_short =
      !response.body_source && response.body.size() < options.compression_min_bytes;
  if (!options.compression || response.stream || response.as_is || is_short ||
      !accepts_gzip(accept_encoding)) {
    return;
  }
  const DeflateOptions deflate{options.compression_level, options.compression_window_bits};
  if (response.body_source) {
    response.body_source = gzip_body(std::move(response.body_source), deflate);
  } else if (response.body.size() <= kAtOnceBytes) {
    response.body = gzip_whole(deflater, response.body);
  } else {
    response.body_source = gzip_body(body_in_pieces(std::move(response.body)), deflate);
  }
  response.headers += "Content-Encoding: gzip\r\n";
}

}  // namespace tapedeck
