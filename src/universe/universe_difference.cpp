#include "universe/universe_difference.hpp"

#include <tuple>

namespace tapedeck::universe {
namespace {

using market::InstrumentInfo;

void add(Names& names, const InstrumentInfo& info, std::size_t max_listed) {
  if (names.total++ < max_listed) names.listed.push_back(info.symbol);
}

int order(const InstrumentInfo& a, const InstrumentInfo& b) {
  const int by_exchange = a.exchange.compare(b.exchange);
  return by_exchange != 0 ? by_exchange : a.symbol.compare(b.symbol);
}

bool same_terms(const InstrumentInfo& a, const InstrumentInfo& b) {
  const auto terms = [](const InstrumentInfo& info) {
    return std::tie(info.token, info.tick_size, info.lot_size, info.expiry, info.strike,
                    info.segment, info.type);
  };
  return terms(a) == terms(b);
}

/// Beside its terms: what the rest of the dump and the date make of it.
bool same_role(const InstrumentInfo& a, const InstrumentInfo& b) {
  const auto role = [](const InstrumentInfo& info) {
    return std::tie(info.group, info.underlying, info.order_exchange, info.order_symbol,
                    info.freeze_qty, info.tradable);
  };
  return role(a) == role(b);
}

}  // namespace

Difference compare(const Universe* before, const Universe& now, std::size_t max_listed) {
  Difference difference;
  Scans& scans = difference.scans;
  for (const InstrumentInfo& info : now.all()) {
    ExchangeScan& scan = scans[info.exchange];
    ++scan.size;
    ++scan.counts[info.type];
    if (before == nullptr) difference.news.push_back(&info);
  }
  if (before == nullptr) return difference;
  auto old = before->all().begin();
  auto fresh = now.all().begin();
  while (old != before->all().end() || fresh != now.all().end()) {
    const int which = old == before->all().end() ? 1
                      : fresh == now.all().end() ? -1
                                                 : order(*old, *fresh);
    if (which < 0) {
      add(scans[old->exchange].removed, *old, max_listed);
      ++old;
    } else if (which > 0) {
      add(scans[fresh->exchange].added, *fresh, max_listed);
      difference.news.push_back(&*fresh);
      ++fresh;
    } else {
      const bool same = same_terms(*old, *fresh);
      if (!same) add(scans[fresh->exchange].changed, *fresh, max_listed);
      if (!same || !same_role(*old, *fresh)) difference.news.push_back(&*fresh);
      ++old;
      ++fresh;
    }
  }
  return difference;
}

}  // namespace tapedeck::universe
