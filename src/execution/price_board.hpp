// The last price of every symbol, and which positions it moves. One thread; a price of a known
// symbol costs one hash look-up and no allocation.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text_hash.hpp"
#include "execution/position_book.hpp"

namespace tapedeck::execution {

/// A position of a book, which never forgets one.
struct HeldPosition {
  const PositionKey* key = nullptr;
  Position* position = nullptr;
};

struct PriceSlot {
  std::string exchange;
  double last = 0;  ///< 0: not known
  std::vector<HeldPosition> positions;
};

class PriceBoard {
 public:
  /// @param instruments must outlive the board
  explicit PriceBoard(const market::InstrumentTable& instruments) : instruments_(instruments) {}

  /// The slot of a symbol; an empty exchange is resolved by the instrument table.
  PriceSlot& slot(std::string_view exchange, std::string_view symbol);
  /// 0: not known
  double last(std::string_view exchange, std::string_view symbol) const;
  /// A new day may resolve symbols without an exchange to another one.
  void forget_resolved() { resolved_.clear(); }

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(const market::InstrumentKeyView& name) const noexcept {
      const std::hash<std::string_view> hash;
      return hash(name.symbol) * 31 + hash(name.exchange);
    }
    std::size_t operator()(const market::InstrumentKey& name) const noexcept {
      return (*this)(market::InstrumentKeyView{name.symbol, name.exchange});
    }
  };
  struct SameName {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.symbol == b.symbol && a.exchange == b.exchange;
    }
  };

  PriceSlot& canonical(std::string_view exchange, std::string_view symbol);

  const market::InstrumentTable& instruments_;
  std::deque<PriceSlot> slots_;
  std::unordered_map<market::InstrumentKey, PriceSlot*, NameHash, SameName> by_name_;
  std::unordered_map<std::string, PriceSlot*, TextHash, std::equal_to<>> resolved_;
};

}  // namespace tapedeck::execution
