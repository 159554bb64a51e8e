#include "execution/margin.hpp"

#include <cmath>

namespace tapedeck::execution {

double margin_of(const market::InstrumentInfo& instrument, std::string_view product,
                 std::int64_t signed_qty, double price, const ExecutionOptions& options) noexcept {
  const double units = std::abs(static_cast<double>(signed_qty));
  const double value = units * price;
  if (instrument.is_option()) {
    if (signed_qty > 0) return value;
    const double notional = instrument.strike > 0 ? units * instrument.strike : value;
    return notional * options.margin_rate_derivatives;
  }
  if (instrument.is_derivative() || instrument.stand_in) {
    return value * options.margin_rate_derivatives;
  }
  return product == "MIS" ? value * options.margin_rate_equity : value;
}

double margin_of(const PositionKey& key, const Position& position,
                 const ExecutionOptions& options) noexcept {
  return margin_of(position.instrument, key.product, position.size, position.last_price, options);
}

}  // namespace tapedeck::execution
