#include "market/kite_candles.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <stdexcept>

#include "market/csv_row.hpp"
#include "market/line_reader.hpp"
#include "market/time_text.hpp"

namespace tapedeck::market {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;

std::string_view read_candle(simdjson::dom::element element, std::chrono::nanoseconds zone,
                             KiteCandle& candle) {
  std::string_view ts;
  double volume = 0;
  if (element["ts"].get(ts) != simdjson::SUCCESS) return "ts is missing or no text";
  if (element["open"].get(candle.open) != simdjson::SUCCESS ||
      element["high"].get(candle.high) != simdjson::SUCCESS ||
      element["low"].get(candle.low) != simdjson::SUCCESS ||
      element["close"].get(candle.close) != simdjson::SUCCESS) {
    return "open, high, low or close is missing or no number";
  }
  const auto start = parse_time(ts, zone, OffsetRule::ignore);
  if (!start) return "ts is no timestamp";
  candle.start = *start;
  if (element["volume"].get(volume) != simdjson::SUCCESS) return "volume is missing or no number";
  const auto whole = whole_volume(volume);
  if (!whole) return "volume is no volume";
  candle.volume = *whole;
  return candle_problem(candle.open, candle.high, candle.low, candle.close);
}

}  // namespace

std::vector<KiteCandle> read_kite_candles(
    const std::filesystem::path& path, std::chrono::nanoseconds zone,
    const std::function<void(std::uint64_t, std::string_view)>& bad) {
  const std::string text = read_whole_file(path, kMaxFileBytes);
  simdjson::dom::parser parser;
  simdjson::dom::array elements;
  const auto error = parser.parse(text).get(elements);
  if (error != simdjson::SUCCESS) {
    throw std::runtime_error(fmt::format("'{}' is no JSON array of candles: {}", path.string(),
                                         simdjson::error_message(error)));
  }
  std::vector<KiteCandle> candles;
  std::uint64_t place = 0;
  for (const simdjson::dom::element element : elements) {
    ++place;
    KiteCandle candle;
    if (const auto problem = read_candle(element, zone, candle); problem.empty()) {
      candles.push_back(candle);
    } else {
      bad(place, problem);
    }
  }
  return candles;
}

}  // namespace tapedeck::market
