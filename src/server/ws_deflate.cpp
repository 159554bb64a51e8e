#include "server/ws_deflate.hpp"

#include <algorithm>
#include <new>

namespace tapedeck {
namespace {

constexpr int kLevel = 1;  // JSON shrinks several times; higher levels gain little for the work
// Clearing zlib's hash table for each message would cost more than compressing a short one: with 6
// it is 16 KB.
constexpr int kMemLevel = 6;
constexpr std::size_t kStepBytes = std::size_t{16} << 10;
/// What a sync flush ends with; RFC 7692 §7.2.1 leaves it out.
constexpr std::string_view kFlushMark("\x00\x00\xff\xff", 4);

Bytef* input_of(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

}  // namespace

void WsDeflater::End::operator()(z_stream* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}
void WsInflater::End::operator()(z_stream* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

void WsDeflater::deflate(std::string_view message, std::string& out) {
  if (!stream_) {
    auto made = std::make_unique<z_stream>();
    if (deflateInit2(made.get(), kLevel, Z_DEFLATED, -window_bits_, kMemLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
    stream_.reset(made.release());
  } else {
    deflateReset(stream_.get());
  }
  const std::size_t before = out.size();
  stream_->next_in = input_of(message);
  stream_->avail_in = static_cast<uInt>(message.size());
  std::size_t room = message.size() / 3 + 64;
  do {  // deflate has flushed everything when it leaves room
    const std::size_t at = out.size();
    out.resize(at + room);
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + at);
    stream_->avail_out = static_cast<uInt>(room);
    ::deflate(stream_.get(), Z_SYNC_FLUSH);
    out.resize(at + room - stream_->avail_out);
    room = kStepBytes;
  } while (stream_->avail_out == 0);
  if (out.size() - before >= kFlushMark.size()) out.resize(out.size() - kFlushMark.size());
}

WsInflater::Outcome WsInflater::inflate(std::string_view compressed, std::string& out,
                                        std::size_t limit) {
  if (!stream_) {
    auto made = std::make_unique<z_stream>();
    if (inflateInit2(made.get(), -kMaxWsWindow) != Z_OK) throw std::bad_alloc();
    stream_.reset(made.release());
  } else {
    inflateReset(stream_.get());
  }
  const Outcome outcome = feed(compressed, out, limit);
  return outcome == Outcome::inflated ? feed(kFlushMark, out, limit) : outcome;
}

WsInflater::Outcome WsInflater::feed(std::string_view bytes, std::string& out, std::size_t limit) {
  stream_->next_in = input_of(bytes);
  stream_->avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    const std::size_t at = out.size();
    // One byte more than allowed tells what fits from what does not.
    const std::size_t room = std::min(limit + 1 - at, kStepBytes);
    out.resize(at + room);
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + at);
    stream_->avail_out = static_cast<uInt>(room);
    const int result = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    out.resize(at + room - stream_->avail_out);
    if (out.size() > limit) return Outcome::too_big;
    if (result == Z_STREAM_END) {
      inflateReset(stream_.get());  // RFC 7692 §7.2.3.4: blocks may follow one that is marked final
      if (stream_->avail_in == 0) return Outcome::inflated;
      continue;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) return Outcome::malformed;
    if (stream_->avail_out > 0) return Outcome::inflated;  // all input has been looked at
  }
}

}  // namespace tapedeck
