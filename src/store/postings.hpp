// Postings: in which blocks a symbol, an order, a correlation id, a strategy, a type occurs. Kept
// in segments of some ten thousand events: while a segment grows it is a list in memory, then 256
// small rows by the hash's first byte, so that writing is sequential however random the ids are,
// and looking one up reads one row a segment. A hash may stand for several values: whoever looks
// compares the events themselves.
//
// PostingTail: one writer, any number of readers (see its members). The rest are pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tapedeck::store {

/// A block's place in its file: 0, 1, 2, ...
using BlockOrdinal = std::uint32_t;

constexpr unsigned bucket_of(std::uint32_t hash) noexcept {
  return hash >> 24;
}

class PostingTail {
 public:
  // --- the writer ---
  void add(std::uint32_t hash, BlockOrdinal block);
  void clear();
  /// Rows to store: (bucket, bytes). @param first_block, end_block the segment's blocks
  std::vector<std::pair<unsigned, std::string>> encode(BlockOrdinal first_block,
                                                       BlockOrdinal end_block) const;

  // --- any thread ---
  /// Appends the blocks in which the hash occurs, ascending.
  void find(std::uint32_t hash, std::vector<BlockOrdinal>& out) const;

 private:
  mutable std::shared_mutex mutex_;  // held by the writer while it changes entries_
  std::vector<std::pair<std::uint32_t, BlockOrdinal>> entries_;
};

/// Appends the blocks of a stored row in which the hash occurs, ascending; all of the segment's
/// when it occurs in most of them. @return false when the bytes are damaged
bool find_in_row(std::string_view row, std::uint32_t hash, BlockOrdinal first_block,
                 BlockOrdinal end_block, std::vector<BlockOrdinal>& out);

}  // namespace tapedeck::store
