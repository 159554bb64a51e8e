#include "server/gzip_body.hpp"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <new>
#include <optional>
#include <string>

namespace tapedeck {
namespace {

constexpr int kLevel = 1;  // JSON shrinks several times; higher levels gain little for the work
constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for the gzip format
constexpr std::size_t kStepBytes = std::size_t{64} << 10;

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

class Deflater {
 public:
  explicit Deflater(BodySource plain) : plain_(std::move(plain)) {
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  bool next(std::string& out) {
    piece_.clear();
    const bool more = plain_(piece_);
    stream_.next_in = reinterpret_cast<Bytef*>(piece_.data());  // NOLINT: zlib's idea of bytes
    stream_.avail_in = static_cast<uInt>(piece_.size());
    do {
      const std::size_t used = out.size();
      out.resize(used + kStepBytes);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);  // NOLINT
      stream_.avail_out = static_cast<uInt>(kStepBytes);
      deflate(&stream_, more ? Z_NO_FLUSH : Z_FINISH);
      out.resize(used + kStepBytes - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return more;
  }

 private:
  BodySource plain_;
  std::string piece_;
  z_stream stream_{};
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

BodySource gzip_body(BodySource plain) {
  return [deflater = std::make_shared<Deflater>(std::move(plain))](std::string& out) {
    return deflater->next(out);
  };
}

}  // namespace tapedeck
