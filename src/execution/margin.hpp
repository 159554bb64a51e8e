// What an order or a position ties up. A rule of thumb for paper trading, not SPAN: configurable
// shares of the value. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "execution/position_book.hpp"
#include "tapedeck/execution/execution_options.hpp"

namespace tapedeck::execution {

/// Rupees that `signed_qty` units at `price` tie up.
double margin_of(const market::InstrumentInfo& instrument, std::string_view product,
                 std::int64_t signed_qty, double price, const ExecutionOptions& options) noexcept;
/// Rupees that a position ties up at its last price.
double margin_of(const PositionKey& key, const Position& position,
                 const ExecutionOptions& options) noexcept;

}  // namespace tapedeck::execution
