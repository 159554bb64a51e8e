// The bytes of a stored trade. Must never crash, read beyond its end or give figures that overflow;
// what is read must be written and read again the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/trade_json.hpp"
#include "query/trade_query.hpp"
#include "query/trade_tracker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  const auto trade = decode_trade({reinterpret_cast<const char*>(data), size});
  if (!trade) return 0;
  const std::string bytes = encode(*trade);
  const auto again = decode_trade(bytes);
  if (!again || encode(*again) != bytes) std::abort();
  if (to_json(*again) != to_json(*trade)) std::abort();
  matches(TradeQuery{}, *trade);
  TradeTracker tracker({.max_trades = 2, .max_positions = 2});
  tracker.restore(*trade);
  TradeSummary half = *trade;
  half.first_id += "x";
  merge(half, *trade);
  tracker.restore(half);
  to_json(half);
  return 0;
}
