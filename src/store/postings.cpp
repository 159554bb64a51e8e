#include "store/postings.hpp"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "base/byte_coding.hpp"

namespace tapedeck::store {
namespace {

// A list of most blocks is longer than looking at all of them is slow.
constexpr std::size_t kDenseShare = 4;

}  // namespace

void PostingTail::add(std::uint32_t hash, BlockOrdinal block) {
  if (!entries_.empty() && entries_.back() == std::pair{hash, block}) return;
  const std::unique_lock lock(mutex_);
  entries_.emplace_back(hash, block);
}

void PostingTail::clear() {
  const std::unique_lock lock(mutex_);
  entries_.clear();
}

// A row, by hash: hash - hash before, blocks (0: nearly all), then block - block before for each.
std::vector<std::pair<unsigned, std::string>> PostingTail::encode(BlockOrdinal first_block,
                                                                  BlockOrdinal end_block) const {
  auto sorted = entries_;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const std::size_t dense = (end_block - first_block) / kDenseShare + 1;
  std::vector<std::pair<unsigned, std::string>> rows;
  std::uint32_t hash_before = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    const std::uint32_t hash = sorted[i].first;
    std::size_t end = i;
    while (end < sorted.size() && sorted[end].first == hash) ++end;
    if (rows.empty() || rows.back().first != bucket_of(hash)) {
      rows.emplace_back(bucket_of(hash), std::string());
      hash_before = bucket_of(hash) << 24;
    }
    std::string& row = rows.back().second;
    append_varint(row, hash - hash_before);
    hash_before = hash;
    const std::size_t count = end - i;
    append_varint(row, count > dense ? 0 : count);
    BlockOrdinal before = first_block;
    for (; count <= dense && i < end; ++i) {
      append_varint(row, sorted[i].second - before);
      before = sorted[i].second;
    }
    i = end;
  }
  return rows;
}

void PostingTail::find(std::uint32_t hash, std::vector<BlockOrdinal>& out) const {
  const std::shared_lock lock(mutex_);
  const std::size_t begin = out.size();
  for (const auto& [entry, block] : entries_) {
    if (entry == hash && (out.size() == begin || out.back() != block)) out.push_back(block);
  }
}

bool find_in_row(std::string_view row, std::uint32_t hash, BlockOrdinal first_block,
                 BlockOrdinal end_block, std::vector<BlockOrdinal>& out) {
  ByteReader in(row);
  std::uint64_t at = std::uint64_t{bucket_of(hash)} << 24;
  while (in.left() > 0) {
    at += in.varint();
    std::uint64_t count = in.varint();
    if (in.failed() || count > in.left()) return false;
    const bool found = at == hash;
    if (found && count == 0) {
      const std::size_t begin = out.size();
      out.resize(begin + (end_block - first_block));
      std::iota(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), first_block);
    }
    std::uint64_t block = first_block;
    for (; count > 0; --count) {
      const std::uint64_t step = in.varint();
      if (block >= end_block || step >= end_block - block) return false;
      block += step;
      if (found) out.push_back(static_cast<BlockOrdinal>(block));
    }
    if (in.failed()) return false;
    if (at >= hash) return true;
  }
  return true;
}

}  // namespace tapedeck::store
