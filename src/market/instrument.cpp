#include "tapedeck/market/instrument.hpp"

#include <algorithm>
#include <array>

namespace tapedeck::market {
namespace {

constexpr std::array<std::string_view, 8> kIndexNames{
    "NIFTY", "NIFTY 50", "NIFTY50", "BANKNIFTY", "NIFTY BANK", "FINNIFTY", "MIDCPNIFTY", "SENSEX"};

struct LotRow {
  std::string_view underlying;
  IstDate from;
  std::int64_t lot;
};

// NSE circulars; a change takes effect with new contract series, the table has the front month.
const std::array kLots{
    LotRow{"NIFTY", make_date(2015, 10, 30), 75},
    LotRow{"NIFTY", make_date(2021, 7, 30), 50},
    LotRow{"NIFTY", make_date(2024, 4, 26), 25},
    LotRow{"NIFTY", make_date(2024, 12, 27), 75},
    LotRow{"NIFTY", make_date(2025, 12, 31), 65},
    LotRow{"BANKNIFTY", make_date(2020, 7, 31), 25},
    LotRow{"BANKNIFTY", make_date(2023, 7, 28), 15},
    LotRow{"BANKNIFTY", make_date(2024, 12, 27), 30},
    LotRow{"BANKNIFTY", make_date(2025, 6, 27), 35},
    LotRow{"BANKNIFTY", make_date(2025, 12, 31), 30},
};

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view underlying_of(std::string_view contract) {
  return contract.substr(0, contract.find_first_of("0123456789"));
}

void set_derivative(InstrumentInfo& info, std::string_view type, IstDate date) {
  info.exchange = "NFO";
  info.type = type;
  info.segment = type == "FUT" ? "NFO-FUT" : "NFO-OPT";
  info.underlying = underlying_of(info.symbol);
  info.group = SessionGroup::derivatives;
  info.lot_size = lot_size_of(info.underlying, date);
}

}  // namespace

tapedeck::Instrument InstrumentInfo::event_fields() const noexcept {
  tapedeck::Instrument fields;
  fields.exchange = exchange;
  fields.segment = segment;
  fields.underlying = underlying;
  fields.expiry = expiry;
  if (token != 0) fields.instrument_token = token;
  if (is_option()) {
    fields.strike = strike;
    fields.option_type = type;
  }
  if (lot_size > 1) fields.lot_size = lot_size;
  fields.tick_size = tick_size;
  return fields;
}

const InstrumentInfo* InstrumentTable::find(std::string_view exchange,
                                            std::string_view symbol) const {
  auto at = entries_.lower_bound(InstrumentKeyView{symbol, exchange});
  if (at == entries_.end() || at->first.symbol != symbol) return nullptr;
  if (!exchange.empty()) return at->first.exchange == exchange ? &at->second : nullptr;
  const auto only = std::next(at);
  if (only == entries_.end() || only->first.symbol != symbol) return &at->second;
  for (const std::string_view preferred : kLookupOrder) {
    if (const auto found = entries_.find(InstrumentKeyView{symbol, preferred});
        found != entries_.end()) {
      return &found->second;
    }
  }
  return &at->second;
}

const InstrumentInfo& InstrumentTable::add(InstrumentInfo info) {
  InstrumentKey key{info.symbol, info.exchange};
  return entries_.insert_or_assign(std::move(key), std::move(info)).first->second;
}

void InstrumentTable::remove(std::string_view exchange, std::string_view symbol) {
  if (const auto at = entries_.find(InstrumentKeyView{symbol, exchange}); at != entries_.end()) {
    entries_.erase(at);
  }
}

const InstrumentInfo& InstrumentTable::ordered_in(const InstrumentInfo& info) const {
  if (info.order_symbol.empty()) return info;
  const InstrumentInfo* ordered = find(info.order_exchange, info.order_symbol);
  return ordered != nullptr ? *ordered : info;
}

InstrumentInfo infer_instrument(std::string_view symbol, IstDate date, std::string_view exchange) {
  InstrumentInfo info;
  info.symbol = symbol;
  if (std::find(kIndexNames.begin(), kIndexNames.end(), symbol) != kIndexNames.end()) {
    info.segment = "INDICES";
    info.type = "INDEX";
    info.group = SessionGroup::index;
    info.tradable = false;
    info.stand_in = true;
    const bool bank = symbol.find("BANK") != std::string_view::npos;
    info.lot_size = lot_size_of(bank ? "BANKNIFTY" : symbol.substr(0, symbol.find(' ')), date);
  } else if (symbol.ends_with("FUT") && has_digit(symbol)) {
    set_derivative(info, "FUT", date);
  } else if (symbol.size() > 4 && (symbol.ends_with("CE") || symbol.ends_with("PE")) &&
             has_digit(symbol.substr(symbol.size() - 4))) {
    set_derivative(info, symbol.substr(symbol.size() - 2), date);
  }
  if (exchange.empty()) return info;
  info.exchange = exchange;
  if (info.is_derivative()) {
    info.segment = info.exchange + (info.type == "FUT" ? "-FUT" : "-OPT");
  } else if (info.type != "INDEX") {
    info.segment = exchange;
  }
  return info;
}

std::int64_t lot_size_of(std::string_view underlying, IstDate date) {
  std::int64_t lot = 1;
  for (const LotRow& row : kLots) {
    if (row.underlying == underlying && row.from <= date) lot = row.lot;
  }
  return lot;
}

}  // namespace tapedeck::market
