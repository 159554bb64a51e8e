// Small hash tables of the aggregates: FlatIndex from a number to a number; TextIndex and
// TupleIndex from a text, a tuple of numbers, to the number of its first appearance. Open
// addressing in one array, never more than half full, no deletion of single entries: a look is a
// multiplication and usually one cache line. Not thread-safe; 32 to 64 bytes an entry (FlatIndex),
// 16 to 32 and the text (TextIndex).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {

/// Whether two texts are the same. They are short: a call of memcmp would cost more than looking.
inline bool same_text(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  const std::size_t n = a.size();
  if (n > 16) return std::memcmp(a.data(), b.data(), n) == 0;
  std::uint64_t x = 0, y = 0;
  if (n >= 8) {  // two words that overlap
    std::uint64_t z = 0, w = 0;
    std::memcpy(&x, a.data(), 8);
    std::memcpy(&y, b.data(), 8);
    std::memcpy(&z, a.data() + n - 8, 8);
    std::memcpy(&w, b.data() + n - 8, 8);
    return ((x ^ y) | (z ^ w)) == 0;
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

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
    slots_ = std::vector<Slot>(kFirstSlots);  // gives the memory back
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
    text_bytes_ += text.size();
    if (texts_.size() * 2 > slots_.size()) grow();
    return number;
  }
  const std::string& operator[](std::uint32_t number) const noexcept { return texts_[number]; }
  std::size_t size() const noexcept { return texts_.size(); }
  std::size_t bytes() const noexcept {
    return slots_.size() * sizeof(Slot) + texts_.size() * sizeof(std::string) + text_bytes_;
  }
  void clear() {
    slots_ = std::vector<Slot>(kFirstSlots);  // gives the memory back
    texts_.clear();
    text_bytes_ = 0;
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
           (slots_[at].hash != hash || !same_text(texts_[slots_[at].number], text))) {
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
  std::size_t text_bytes_ = 0;
};

/// Tuples of one width, looked up a step a number: (step so far, number) -> step.
class TupleIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  using Tuple = std::span<const std::uint32_t>;

  explicit TupleIndex(std::size_t width) : width_(width) {}

  std::uint32_t find(Tuple tuple) const noexcept {
    std::uint32_t step = 0;
    for (const std::uint32_t number : tuple) {
      step = steps_.find(std::uint64_t{step} << 32 | number);
      if (step == kNone) return kNone;
    }
    return numbers_.find(step);
  }
  /// The number of the tuple, a new one if it has none yet.
  std::uint32_t intern(Tuple tuple) {
    std::uint32_t step = 0;
    for (const std::uint32_t number : tuple) {
      const std::uint64_t key = std::uint64_t{step} << 32 | number;
      step = steps_.find(key);
      if (step == kNone) steps_.insert(key, step = ++last_step_);
    }
    const std::uint32_t known = numbers_.find(step);
    if (known != kNone) return known;
    numbers_.insert(step, size_);
    tuples_.insert(tuples_.end(), tuple.begin(), tuple.end());
    return size_++;
  }
  Tuple operator[](std::uint32_t number) const noexcept {
    return Tuple(tuples_).subspan(number * width_, width_);
  }
  std::uint32_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept {
    return steps_.bytes() + numbers_.bytes() + tuples_.size() * sizeof(std::uint32_t);
  }
  void clear() {
    steps_.clear();
    numbers_.clear();
    tuples_.clear();
    last_step_ = size_ = 0;
  }

 private:
  std::size_t width_;
  FlatIndex steps_;
  FlatIndex numbers_;  // of the last step
  std::vector<std::uint32_t> tuples_;
  std::uint32_t last_step_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace tapedeck
