// SeriesTable: the combinations of type and keys that occur in a file (but for order_id and
// correlation_id, of which every order has another), numbered. Thousands of series stand for
// millions of events, so a filter is asked once a series and then only compares numbers.
//
// Thread contract: one writer; readers take a snapshot() of what there is and look at it without
// locks. Cost of finding an event's series: about 100 ns.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "bus/history.hpp"
#include "store/block.hpp"

namespace tapedeck::store {

/// Whether series tell events with different values of this key apart.
constexpr bool is_series_key(Key key) noexcept {
  return key != Key::order_id && key != Key::correlation_id;
}

/// What postings are kept of (see postings.hpp).
enum class PostingKind : std::uint8_t { type, symbol, strategy, order_id, correlation_id };
/// Part of the file format. FNV-1a over kind and value, folded to 32 bits.
std::uint32_t posting_hash(PostingKind kind, std::string_view value) noexcept;

struct Series {
  std::string text;  ///< a frame of the type and the keys alone, for filters to look at
  FrameIndex index;
  /// Of its type, symbol, strategy and strategy_name; 0 for those it has not.
  std::array<std::uint32_t, 4> postings{};
};

class SeriesTable {
 public:
  /// @param limit beyond so many series, events get number 0: bounded memory whatever comes.
  explicit SeriesTable(std::size_t limit) : limit_(limit) {}

  // --- the writer ---

  /// The series of an event; 0 when there are too many.
  SeriesId number_of(const char* frame, const FrameIndex& index);
  /// Puts a stored series back. @return false when the bytes are damaged
  bool restore(SeriesId id, std::string_view stored);
  /// As it is stored.
  const std::string& stored(SeriesId id) const { return *stored_[id - 1]; }
  SeriesId size() const noexcept { return static_cast<SeriesId>(series_.size()); }
  const Series& operator[](SeriesId id) const { return series_[id - 1]; }

  // --- any thread ---

  /// Which series a filter's type and series keys let pass: [id] for 1..n; [0], what has no series,
  /// always passes. `any` tells whether another than [0] does.
  std::vector<std::uint8_t> matching(const CompiledFilter& filter, bool& any) const;
  /// Calls visit(id, series) for each.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    const std::shared_lock lock(mutex_);
    SeriesId id = 0;
    for (const Series& series : series_) visit(++id, series);
  }

 private:
  void add(std::string stored);

  const std::size_t limit_;
  mutable std::shared_mutex mutex_;  // guards the growth of series_
  std::deque<Series> series_;
  std::vector<const std::string*> stored_;
  std::unordered_map<std::string, SeriesId> numbers_;
  std::string scratch_;
};

}  // namespace tapedeck::store
