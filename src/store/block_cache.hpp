// BlockCache: decompressed blocks that were read lately, so that a hundred clients that catch up on
// the same minute decompress it once. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace tapedeck::store {

class BlockCache {
 public:
  explicit BlockCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// A number for a file's blocks, never given twice.
  std::uint64_t new_file_key() noexcept { return ++last_key_; }

  std::shared_ptr<const std::string> find(std::uint64_t file, std::uint32_t block) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key_of(file, block));
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->second;
  }
  void put(std::uint64_t file, std::uint32_t block, std::shared_ptr<const std::string> bytes) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t key = key_of(file, block);
    if (places_.contains(key)) return;
    bytes_ += bytes->size();
    entries_.emplace_front(key, std::move(bytes));
    places_.emplace(key, entries_.begin());
    while (bytes_ > max_bytes_) {
      bytes_ -= entries_.back().second->size();
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
  }

 private:
  using Entry = std::pair<std::uint64_t, std::shared_ptr<const std::string>>;
  static std::uint64_t key_of(std::uint64_t file, std::uint32_t block) noexcept {
    return file << 32 | block;
  }

  const std::size_t max_bytes_;
  std::atomic<std::uint64_t> last_key_{0};
  std::mutex mutex_;          // guards the rest
  std::list<Entry> entries_;  // newest first
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> places_;
  std::size_t bytes_ = 0;
};

}  // namespace tapedeck::store
