#include "store/block.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <new>

#include "base/byte_coding.hpp"

namespace tapedeck::store {
namespace {

constexpr char kVersion = 1;
constexpr int kLevel = 1;  // 3 is half as fast and no smaller on blocks of this size
constexpr std::size_t kChecksumBytes = 4;
// The largest frame there can be is one payload and its envelope; a block may be one of these.
constexpr std::size_t kMostRawBytes = std::size_t{2} << 20;

std::uint32_t checksum(std::string_view bytes) noexcept {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace

struct BlockBuilder::Compressor {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Compressor() {
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  }
  ~Compressor() { ZSTD_freeCCtx(context); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
};

BlockBuilder::BlockBuilder() : compressor_(std::make_unique<Compressor>()) {
  raw_.reserve(kMaxBytes);
  events_.reserve(kMaxEvents);
}

BlockBuilder::~BlockBuilder() = default;

void BlockBuilder::add(std::string_view frame, const FrameIndex& index, std::uint64_t seq,
                       SeriesId series) {
  events_.push_back({seq, index.timestamp_ns, series, static_cast<std::uint32_t>(raw_.size()),
                     static_cast<std::uint32_t>(frame.size())});
  raw_ += frame;
  json_bytes_ += index.json_length();
}

// version, events, then one run each of: number - number before - 1, series, time - time before,
// length; then the checksum of all that.
EncodedBlock BlockBuilder::encode(std::uint32_t epoch, std::int64_t received_ns,
                                  std::optional<Cover> cover) {
  EncodedBlock block;
  block.info = {.first_seq = cover ? cover->first_seq : events_.front().seq,
                .end_seq = cover ? cover->end_seq : end_seq(),
                .epoch = epoch,
                .events = static_cast<std::uint32_t>(events_.size()),
                .min_ns = events_.front().timestamp_ns,
                .max_ns = events_.front().timestamp_ns,
                .received_ns = received_ns,
                .raw_bytes = raw_.size(),
                .json_bytes = json_bytes_};
  std::string& out = block.columns;
  out.reserve(events_.size() * 9 + 16);
  out += kVersion;
  append_varint(out, events_.size());
  std::uint64_t expected = block.info.first_seq;
  for (const EventColumns& event : events_) {
    append_varint(out, event.seq - expected);
    expected = event.seq + 1;
  }
  for (const EventColumns& event : events_) append_varint(out, event.series);
  std::int64_t before_ns = 0;
  for (const EventColumns& event : events_) {
    // Modulo 2^64, like the reader's sum: times may lie centuries apart.
    append_varint(out,
                  zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(event.timestamp_ns) -
                                                   static_cast<std::uint64_t>(before_ns))));
    before_ns = event.timestamp_ns;
    block.info.min_ns = std::min(block.info.min_ns, event.timestamp_ns);
    block.info.max_ns = std::max(block.info.max_ns, event.timestamp_ns);
  }
  for (const EventColumns& event : events_) append_varint(out, event.length);
  const std::uint32_t sum = checksum(out);
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(sum >> shift);

  block.data.resize(ZSTD_compressBound(raw_.size()));
  const std::size_t size = ZSTD_compress2(compressor_->context, block.data.data(),
                                          block.data.size(), raw_.data(), raw_.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // the only way left to fail
  block.data.resize(size);
  return block;
}

void BlockBuilder::clear() {
  events_.clear();
  raw_.clear();
  json_bytes_ = 0;
}

std::optional<std::vector<EventColumns>> decode_columns(std::string_view columns,
                                                        std::uint64_t first_seq) {
  if (columns.size() < 2 + kChecksumBytes || columns.front() != kVersion) return std::nullopt;
  const std::string_view summed = columns.substr(0, columns.size() - kChecksumBytes);
  std::uint32_t sum = 0;
  for (unsigned i = 0; i < kChecksumBytes; ++i) {
    sum |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(columns[summed.size() + i]))
           << (8 * i);
  }
  if (sum != checksum(summed)) return std::nullopt;
  ByteReader in(summed.substr(1));
  const std::uint64_t count = in.varint();
  if (count == 0 || count > in.left()) return std::nullopt;
  std::vector<EventColumns> events(count);
  std::uint64_t seq = first_seq;
  for (EventColumns& event : events) {
    seq += in.varint();
    event.seq = seq++;
  }
  for (EventColumns& event : events) event.series = static_cast<SeriesId>(in.varint());
  std::uint64_t timestamp_ns = 0;
  for (EventColumns& event : events) {
    timestamp_ns += static_cast<std::uint64_t>(unzigzag(in.varint()));
    event.timestamp_ns = static_cast<std::int64_t>(timestamp_ns);
  }
  std::uint64_t offset = 0;
  for (EventColumns& event : events) {
    const std::uint64_t length = in.varint();
    if (length > kMostRawBytes) return std::nullopt;
    event.offset = static_cast<std::uint32_t>(offset);
    event.length = static_cast<std::uint32_t>(length);
    offset += length;
    if (offset > kMostRawBytes) return std::nullopt;
  }
  if (in.failed()) return std::nullopt;
  return events;
}

std::shared_ptr<const std::string> decode_data(std::string_view data,
                                               const std::vector<EventColumns>& columns) {
  if (columns.empty()) return nullptr;
  const std::size_t expected = columns.back().offset + columns.back().length;
  auto raw = std::make_shared<std::string>();
  raw->resize(expected);
  struct Free {
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
  };
  static thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (context == nullptr) throw std::bad_alloc();
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), raw->data(), raw->size(), data.data(), data.size());
  if (ZSTD_isError(size) != 0 || size != expected) return nullptr;
  return raw;
}

}  // namespace tapedeck::store
