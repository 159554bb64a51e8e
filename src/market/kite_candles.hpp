// Reads the candle files of the original engine: a JSON array of {ts, open, high, low, close,
// volume}. Their `ts` says +00:00 but the clock is India's: the offset is ignored, `zone` counts.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

struct KiteCandle {
  Timestamp start{};
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t volume = 0;
};

/// The file is held in memory while it is read (at most 64 MiB).
/// @param bad called with the place (from 1) of each candle that cannot be used, and why
/// @throws std::runtime_error when the file cannot be read or is no JSON array.
std::vector<KiteCandle> read_kite_candles(
    const std::filesystem::path& path, std::chrono::nanoseconds zone,
    const std::function<void(std::uint64_t, std::string_view)>& bad);

}  // namespace tapedeck::market
