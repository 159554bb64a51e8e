// Two small hash tables of the aggregates: FlatIndex from a number to a number, TextIndex from a
// text to the number of its first appearance. Open addressing in one array, never more than half
// full, no deletion of single entries: a look is a multiplication and usually one cache line.
// Not thread-safe; 16 bytes an entry (FlatIndex), 8 and the text (TextIndex).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {

class FlatIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The key's number; kNone when it has none.
  std::uint32_t find(std::uint64_t key) const noexcept { return slots_[place(key)].value; }
  /// Gives a number, not kNone, to a key that has none.
  void insert(std::uint64_t key, std::uint32_t value) {
    if (++size_ * 2 > slots_.size()) grow();
    slots_[place(key)] = {key, value};
  }
  void clear() {
    slots_.assign(slots_.size(), {});
    size_ = 0;
  }
  std::size_t bytes() const noexcept { return slots_.size() * sizeof(Slot); }

 private:
  static constexpr std::size_t kFirstSlots = 64;
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t value = kNone;
  };

  std::size_t place(std::uint64_t key) const noexcept {
    // Fibonacci hashing (Knuth, TAOCP 6.4); the upper bits are the well mixed ones.
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15U >> 32) & mask;
    while (slots_[at].value != kNone && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.value != kNone) slots_[place(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kFirstSlots);
  std::size_t size_ = 0;
};

class TextIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::uint32_t find(std::string_view text) const noexcept {
    const std::uint32_t hash = hash_of(text);
    return slots_[place(hash, text)].number;
  }
  /// The number of the text, a new one if it has none yet.
  std::uint32_t intern(std::string_view text) {
    const std::uint32_t hash = hash_of(text);
    const std::size_t at = place(hash, text);
    if (slots_[at].number != kNone) return slots_[at].number;
    const auto number = static_cast<std::uint32_t>(texts_.size());
    slots_[at] = {hash, number};
    texts_.emplace_back(text);
    if (texts_.size() * 2 > slots_.size()) grow();
    return number;
  }
  const std::string& operator[](std::uint32_t number) const noexcept { return texts_[number]; }
  std::size_t size() const noexcept { return texts_.size(); }
  void clear() {
    slots_.assign(slots_.size(), {});
    texts_.clear();
  }

 private:
  static constexpr std::size_t kFirstSlots = 64;
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = kNone;
  };

  static std::uint32_t hash_of(std::string_view text) noexcept {
    constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15U;
    std::uint64_t hash = text.size() * kMultiplier, word = 0;
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left > 8; left -= 8, at += 8) {
      std::memcpy(&word, at, 8);
      hash = (hash ^ word) * kMultiplier;
      hash ^= hash >> 32;
    }
    word = 0;
    if (left != 0) std::memcpy(&word, at, left);
    hash = (hash ^ word) * kMultiplier;
    return static_cast<std::uint32_t>(hash >> 32);
  }
  std::size_t place(std::uint32_t hash, std::string_view text) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].number != kNone &&
           (slots_[at].hash != hash || texts_[slots_[at].number] != text)) {
      at = (at + 1) & mask;
    }
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.number == kNone) continue;
      std::size_t at = slot.hash & mask;
      while (slots_[at].number != kNone) at = (at + 1) & mask;
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(kFirstSlots);
  std::vector<std::string> texts_;
};

}  // namespace tapedeck
