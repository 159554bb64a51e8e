// What a stream sends of the past, read a slice at a time on the read pool. Pure functions of a
// tape; any thread. They do not throw: a stream goes on when the disk fails, and says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/tape.hpp"
#include "server/gzip.hpp"
#include "server/stream_frames.hpp"

namespace tapedeck {

/// One event in PastSlice::bytes.
struct PastEvent {
  std::uint64_t seq = 0;
  std::int64_t timestamp_ns = 0;
  std::size_t end = 0;  ///< of its bytes
};

struct PastSlice {
  static constexpr std::size_t kMinBytes = std::size_t{16} << 10;
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 10;
  /// Events one slice may look at, so that a rare filter does not hold a reader thread for long.
  static constexpr std::size_t kLooks = 50'000;

  std::string bytes;              ///< as the client gets them
  std::vector<PastEvent> events;  ///< that match, oldest first
  std::uint64_t next = 0;         ///< everything before it has been looked at
  std::uint64_t missing = 0;  ///< in a slice without events: numbers before `next` that are gone
  /// Asked for: the oldest event there is is younger than what was wanted.
  bool since_is_gone = false;
  // Compressed: instead of bytes.
  std::string blocks;   ///< that refer to nothing before
  GzipSum sum;          ///< of what they stand for
  bool failed = false;  ///< the history could not be read; the rest means nothing
};

/// @param bytes how many to read, about: it stops behind the event that reaches them.
/// @param since_ns with it, also looks whether the first event is from then or before.
PastSlice read_past(const Tape& tape, const CompiledFilter& filter, Dialect dialect,
                    SeqBounds bounds, std::size_t bytes, std::optional<std::int64_t> since_ns);

/// Makes blocks of the bytes: work that the I/O thread need not have.
void compress_slice(PastSlice& slice, const DeflateOptions& options);

/// A step of the way back to where the newest N matching events begin.
struct StartSearch {
  std::size_t left = 0;     ///< events still to be found
  std::uint64_t start = 0;  ///< of those found
  std::uint64_t end = 0;    ///< go on before it
  bool done = false;
};
StartSearch search_back(const Tape& tape, const CompiledFilter& filter, std::uint64_t bottom,
                        StartSearch so_far);

}  // namespace tapedeck
