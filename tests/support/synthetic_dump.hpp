// Instrument dumps made up for tests and benchmarks: rows as Kite writes them.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace tapedeck::test {

inline constexpr std::string_view kDumpHeader =
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    "lot_size,instrument_type,segment,exchange\n";

inline std::string share_row(std::string_view symbol, int token = 408065,
                             std::string_view exchange = "NSE") {
  return fmt::format("{},1594,{},\"{} LIMITED\",0,,0,0.05,1,EQ,{},{}\n", token, symbol, symbol,
                     exchange, exchange);
}
inline std::string index_row(std::string_view symbol, int token,
                             std::string_view exchange = "NSE") {
  return fmt::format("{},1001,{},\"{}\",0,,0,0,0,EQ,INDICES,{}\n", token, symbol, symbol, exchange);
}
inline std::string future_row(std::string_view symbol, std::string_view underlying,
                              std::string_view expiry, int lot = 75, int token = 9485826,
                              std::string_view exchange = "NFO") {
  return fmt::format("{},37054,{},\"{}\",0,{},0,0.1,{},FUT,{}-FUT,{}\n", token, symbol, underlying,
                     expiry, lot, exchange, exchange);
}
inline std::string option_row(std::string_view underlying, std::string_view code,
                              std::string_view expiry, double strike, std::string_view type,
                              std::string_view exchange = "NFO") {
  return fmt::format("{},42842,{}{}{}{},\"{}\",0,{},{},0.05,75,{},{}-OPT,{}\n",
                     10'000'000 + static_cast<int>(strike), underlying, code, strike, type,
                     underlying, expiry, strike, type, exchange, exchange);
}
/// A call and a put.
inline std::string option_pair(std::string_view underlying, std::string_view code,
                               std::string_view expiry, double strike,
                               std::string_view exchange = "NFO") {
  return option_row(underlying, code, expiry, strike, "CE", exchange) +
         option_row(underlying, code, expiry, strike, "PE", exchange);
}

/// A dump of so many rows: a tenth shares, the rest options on two hundred of them.
inline std::string large_dump(std::size_t rows) {
  std::string text(kDumpHeader);
  text.reserve(rows * 90);
  const std::size_t shares = rows / 10;
  for (std::size_t i = 0; i < shares; ++i) {
    text += share_row(fmt::format("SHARE{}", i), static_cast<int>(i) + 1);
  }
  for (std::size_t i = shares; i < rows; ++i) {
    const std::size_t n = i - shares;
    text += option_row(fmt::format("SHARE{}", n % 200), "26JAN", "2026-01-27",
                       100.0 + static_cast<double>(n / 400) * 10, n / 200 % 2 == 0 ? "CE" : "PE");
  }
  return text;
}

}  // namespace tapedeck::test
