#include "server/gzip_body.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string>

namespace tapedeck {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
/// Compressed on the I/O thread, in some 0.1 ms. The read pool costs a long answer nothing
/// to speak of.
constexpr std::size_t kAtOnceBytes = std::size_t{64} << 10;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(x))) == y;
  });
}

/// Takes what is before the next `separator` off the front of a list.
std::string_view take_part(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view part = list.substr(0, end);
  list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  return trimmed(part);
}

/// Whether `q=` says no: "0", "0.", "0.000".
bool weighs_nothing(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = take_part(parameters, ';');
    if (one.size() > 2 && (one[0] == 'q' || one[0] == 'Q') && one[1] == '=') {
      return one.find_first_not_of("0.", 2) == std::string_view::npos;
    }
  }
  return false;
}

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

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> named, any;
  while (!accept_encoding.empty()) {
    std::string_view one = take_part(accept_encoding, ',');
    const std::string_view coding = take_part(one, ';');
    const bool welcome = !weighs_nothing(one);
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      named = welcome;
    } else if (coding == "*") {
      any = welcome;
    }
  }
  return named.value_or(any.value_or(false));
}

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
  if (!options.compression || response.stream || is_short || !accepts_gzip(accept_encoding)) return;
  const DeflateOptions deflate{options.compression_level, options.compression_window_bits};
  if (response.gzip_body) {
    response.body = *response.gzip_body;
  } else if (response.body_source) {
    response.body_source = gzip_body(std::move(response.body_source), deflate);
  } else if (response.body.size() <= kAtOnceBytes) {
    response.body = gzip_whole(deflater, response.body);
  } else {
    response.body_source = gzip_body(body_in_pieces(std::move(response.body)), deflate);
  }
  response.headers += "Content-Encoding: gzip\r\n";
}

}  // namespace tapedeck
