#include "execution/paper_matching.hpp"

#include <algorithm>
#include <cmath>

namespace tapedeck::execution {
namespace {

using strategy::Side;

constexpr double kTickTolerance = 1e-6;

/// The tick at or above a price, at or below it.
double tick_above(double price, double tick) noexcept {
  if (!(tick > 0)) return price;
  return std::round(std::ceil(price / tick - kTickTolerance) * tick * 10000.0) / 10000.0;
}
double tick_below(double price, double tick) noexcept {
  if (!(tick > 0)) return price;
  return std::round(std::floor(price / tick + kTickTolerance) * tick * 10000.0) / 10000.0;
}

/// What the other side asks for: the best quote, or half a spread from the last trade.
double quote(const OrderRequest& request, const PriceUpdate& price, double spread_ticks) noexcept {
  const bool buys = request.side == Side::buy;
  const double quoted = buys ? price.ask : price.bid;
  if (quoted > 0) return quoted;
  const double half = spread_ticks / 2 * request.instrument.tick_size;
  return buys ? price.price + half : price.price - half;
}

/// Inside the day's price band, and never below one tick.
double in_band(double price, const market::InstrumentInfo& instrument) noexcept {
  if (instrument.upper_circuit > 0) price = std::min(price, instrument.upper_circuit);
  return std::max({price, instrument.lower_circuit, instrument.tick_size});
}

}  // namespace

std::optional<double> match(const Meeting& meeting, const PriceUpdate& price,
                            const PaperBrokerOptions& options) noexcept {
  const OrderRequest& request = meeting.request;
  const bool buys = request.side == Side::buy;
  const double other_side =
      meeting.auction ? price.price : quote(request, price, options.spread_ticks);
  if (meeting.limit > 0 && (buys ? other_side > meeting.limit : other_side < meeting.limit)) {
    return std::nullopt;
  }
  if (meeting.auction) return price.price;
  if (meeting.rests && meeting.limit > 0) return meeting.limit;
  const double tick = request.instrument.tick_size;
  const double slippage = options.slippage_ticks * tick;
  double at =
      buys ? tick_above(other_side + slippage, tick) : tick_below(other_side - slippage, tick);
  at = in_band(at, request.instrument);
  if (meeting.limit > 0) at = buys ? std::min(at, meeting.limit) : std::max(at, meeting.limit);
  return at;
}

bool is_triggered(const OrderRequest& request, double price) noexcept {
  return request.side == Side::buy ? price >= request.trigger_price
                                   : price <= request.trigger_price;
}

double protected_limit(const OrderRequest& request, double reference, market::IstDate date,
                       const PaperBrokerOptions& options) noexcept {
  double percent = request.market_protection_pct;
  if (percent == -1) {
    percent = date >= options.protection_required_from ? options.automatic_protection_pct : 0;
  }
  if (!(percent > 0)) return 0;
  const double tick = request.instrument.tick_size;
  const bool buys = request.side == Side::buy;
  const double worst = reference * (1 + (buys ? 1 : -1) * percent / 100);
  return in_band(buys ? tick_below(worst, tick) : tick_above(worst, tick), request.instrument);
}

}  // namespace tapedeck::execution
