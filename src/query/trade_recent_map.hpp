// A map by text that keeps the most recently touched entries. Not thread-safe. A look-up costs one
// hash; nothing is copied when an entry moves to the front.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tapedeck {

template <typename Value>
class RecentMap {
 public:
  struct Entry {
    std::string key;
    Value value;
  };

  /// @param most entries it keeps; at least 1
  explicit RecentMap(std::size_t most) : most_(most > 0 ? most : 1) {}
  RecentMap(RecentMap&&) noexcept = default;  // list nodes stay where they are
  RecentMap& operator=(RecentMap&&) noexcept = default;

  std::size_t size() const noexcept { return entries_.size(); }
  /// Does not touch.
  const Value* find(std::string_view key) const {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->value;
  }
  Value* find(std::string_view key) {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->value;
  }
  /// The entry, made if need be, and touched.
  /// @param evict gets the entry that had to go, if one had to
  template <typename Evict>
  Value& touch(std::string_view key, Evict&& evict) {
    const auto at = index_.find(key);
    if (at != index_.end()) {
      entries_.splice(entries_.begin(), entries_, at->second);
      return at->second->value;
    }
    if (entries_.size() == most_) {
      index_.erase(entries_.back().key);
      evict(std::move(entries_.back()));
      entries_.pop_back();
    }
    entries_.push_front({std::string(key), Value{}});
    index_.emplace(entries_.front().key, entries_.begin());
    return entries_.front().value;
  }
  /// Most recently touched first.
  auto begin() noexcept { return entries_.begin(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

 private:
  std::size_t most_;
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> index_;
};

}  // namespace tapedeck
