// LruMap: a map of bounded size; what was used longest ago makes room. One thread at a time; every
// call costs one hash lookup.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace tapedeck::auth {

template <typename Key, typename Value, typename Hash = std::hash<Key>>
class LruMap {
 public:
  /// @param capacity entries at most; 0 keeps nothing
  explicit LruMap(std::size_t capacity) : capacity_(capacity) {}

  /// The value, used now; null when there is none. Valid until the next change.
  Value* find(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  void put(const Key& key, Value value) {
    if (capacity_ == 0) return;
    if (Value* known = find(key)) {
      *known = std::move(value);
      return;
    }
    if (places_.size() == capacity_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(value));
    places_.emplace(key, entries_.begin());
  }

  void erase(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

  void clear() {
    places_.clear();
    entries_.clear();
  }
  std::size_t size() const noexcept { return places_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;
  const std::size_t capacity_;
  Entries entries_;  // used last: first
  std::unordered_map<Key, typename Entries::iterator, Hash> places_;
};

}  // namespace tapedeck::auth
