#include "server/stream_past.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>

namespace tapedeck {
namespace {

/// Whether the first event that can be read is younger than `since_ns`.
bool begins_after(const Tape& tape, std::uint64_t first, std::int64_t since_ns) {
  const Selection oldest = tape.forward({}, {first, first + 1}, {1, 1, 1});
  return !oldest.items.empty() && oldest.items.front().index->timestamp_ns > since_ns;
}

}  // namespace

PastSlice read_past(const Tape& tape, const CompiledFilter& filter, Dialect dialect,
                    SeqBounds bounds, std::size_t bytes, std::optional<std::int64_t> since_ns) {
  PastSlice out;
  try {
    if (since_ns) out.since_is_gone = begins_after(tape, bounds.first, *since_ns);
    const Selection found =
        tape.forward(filter, bounds, {PastSlice::kLooks, bytes, PastSlice::kLooks});
    out.next = found.next;
    out.missing = found.missing;
    for (const ScannedEvent& event : found.items) {
      const std::size_t skip = dialect == Dialect::eventsource ? 0 : event.index->data_offset;
      out.bytes.append(event.frame + skip, event.index->length - skip);
      out.events.push_back({event.seq, event.index->timestamp_ns, out.bytes.size()});
    }
  } catch (const std::exception& error) {
    spdlog::warn("a stream cannot be caught up: {}", error.what());
    out = {};
    out.failed = true;
  }
  return out;
}

void compress_slice(PastSlice& slice, const DeflateOptions& options) {
  if (slice.bytes.empty()) return;
  try {
    Deflater deflater(options);
    slice.blocks.reserve(slice.bytes.size() / 4);
    deflater.add(slice.bytes, slice.blocks);
    deflater.flush(slice.blocks);
    slice.sum.add(slice.bytes);
    std::string().swap(slice.bytes);
  } catch (const std::bad_alloc&) {
    spdlog::warn("a stream cannot be caught up: there is no memory");
    slice = {};
    slice.failed = true;
  }
}

StartSearch search_back(const Tape& tape, const CompiledFilter& filter, std::uint64_t bottom,
                        StartSearch so_far) {
  constexpr std::size_t kEvents = 1000;
  try {
    const Selection found =
        tape.newest(filter, {bottom, so_far.end},
                    {std::min(so_far.left, kEvents), PastSlice::kMaxBytes, PastSlice::kLooks});
    if (!found.items.empty()) so_far.start = found.items.back().seq;
    so_far.left -= std::min(so_far.left, found.items.size());
    so_far.end = found.next;
    so_far.done = so_far.left == 0 || !found.more;
  } catch (const std::exception& error) {
    spdlog::warn("a stream begins later than asked: {}", error.what());
    so_far.done = true;
  }
  return so_far;
}

}  // namespace tapedeck
