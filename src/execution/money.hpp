// Rupees as whole numbers, so that a day of fills adds up to the paisa whatever their order. One
// unit is 1e-8 rupee: prices are exact, and what an average rounds away stays far below a paisa.
// Pure functions, any thread.
#pragma once

#include <cmath>
#include <cstdint>

namespace tapedeck::execution {

__extension__ typedef __int128 Money;

inline constexpr double kUnitsPerRupee = 1e8;
inline constexpr std::int64_t kUnitsPerPaisa = 1'000'000;
/// Above any price of a market; keeps the conversion inside 64 bits.
inline constexpr double kMaxPrice = 1e9;

inline bool is_price(double price) noexcept {
  return price > 0 && price <= kMaxPrice;  // false for NaN
}
/// @param rupees within ±kMaxPrice
inline Money to_money(double rupees) noexcept {
  return static_cast<Money>(std::llround(rupees * kUnitsPerRupee));
}
inline double to_rupees(Money money) noexcept {
  return static_cast<double>(money) / kUnitsPerRupee;
}
/// Half of the divisor rounds away from zero. @param by above zero
inline Money divide(Money money, Money by) noexcept {
  return money >= 0 ? (money + by / 2) / by : -((-money + by / 2) / by);
}
/// Rupees in whole paise, as they are published.
inline double in_paise(Money money) noexcept {
  return static_cast<double>(divide(money, kUnitsPerPaisa)) / 100.0;
}

}  // namespace tapedeck::execution
