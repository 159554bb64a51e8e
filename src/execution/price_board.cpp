#include "execution/price_board.hpp"

namespace tapedeck::execution {

PriceSlot& PriceBoard::canonical(std::string_view exchange, std::string_view symbol) {
  const auto at = by_name_.find(market::InstrumentKeyView{symbol, exchange});
  if (at != by_name_.end()) return *at->second;
  PriceSlot& slot = slots_.emplace_back();
  slot.exchange = exchange;
  by_name_.emplace(market::InstrumentKey{std::string(symbol), std::string(exchange)}, &slot);
  return slot;
}

PriceSlot& PriceBoard::slot(std::string_view exchange, std::string_view symbol) {
  if (!exchange.empty()) return canonical(exchange, symbol);
  const auto at = resolved_.find(symbol);
  if (at != resolved_.end()) return *at->second;
  const market::InstrumentInfo* info = instruments_.find({}, symbol);
  if (info == nullptr) return canonical({}, symbol);  // not remembered: it may become known
  PriceSlot& found = canonical(info->exchange, symbol);
  resolved_.emplace(symbol, &found);
  return found;
}

double PriceBoard::last(std::string_view exchange, std::string_view symbol) const {
  const auto at = by_name_.find(market::InstrumentKeyView{symbol, exchange});
  return at == by_name_.end() ? 0 : at->second->last;
}

}  // namespace tapedeck::execution
