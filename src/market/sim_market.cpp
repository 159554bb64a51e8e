#include "market/sim_market.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tapedeck::market {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;

struct Listing {
  const char* symbol;
  double base_price;
  double daily_volatility;
  double market_beta;
  double ticks_per_second;
  double mean_quantity;
};

constexpr std::array kShares{
    Listing{"HDFCBANK", 995.0, 0.011, 0.9, 2.2, 260},
    Listing{"ICICIBANK", 1370.0, 0.012, 1.0, 1.8, 190},
    Listing{"INFY", 1540.0, 0.014, 0.8, 1.6, 150},
    Listing{"RELIANCE", 1515.0, 0.013, 1.0, 2.4, 210},
    Listing{"SBIN", 970.0, 0.013, 1.1, 2.0, 300},
    Listing{"TCS", 3110.0, 0.012, 0.7, 1.2, 60},
};
constexpr Listing kNifty{"NIFTY", 25900.0, 0.0085, 1.0, 1.0, 0};
constexpr Listing kBankNifty{"BANKNIFTY", 58800.0, 0.0095, 1.1, 1.0, 0};
constexpr double kFutureTicksPerSecond = 3.0;
constexpr double kFutureMeanLots = 2.5;
constexpr double kYearlyCarry = 0.062;

constexpr double kSessionSeconds = 22500;
constexpr double kPullHorizonSeconds = 900;
/// A regime moves the price by about this many daily deviations if it lasted all day.
constexpr double kRegimeStrength = 3.0;
constexpr std::int64_t kShortestRegimeSeconds = 1200;
constexpr double kRegimeSpreadSeconds = 1800;
constexpr std::int64_t kPreOpenQuoteSeconds = 5;
constexpr std::int64_t kPostCloseQuoteSeconds = 20;

std::uint64_t seed_of(std::uint64_t seed, const char* name, std::int64_t salt) {
  return mix(mix(seed ^ hash_text(name, std::char_traits<char>::length(name))) +
             static_cast<std::uint64_t>(salt));
}

double noise(std::uint64_t seed, const char* name, std::int64_t place) {
  return RandomSource(seed_of(seed, name, place)).normal();
}

/// How far the price has wandered from its base by the open of a date, in log units: a slow wave
/// between random points ten sessions or so apart, and a little of each day's own.
double log_level(std::uint64_t seed, const Listing& listing, IstDate date) {
  constexpr std::int64_t kWaveDays = 14;
  const std::int64_t day = date.time_since_epoch().count();
  const std::int64_t wave = day / kWaveDays;
  const double part = static_cast<double>(day % kWaveDays) / static_cast<double>(kWaveDays);
  const double slow = noise(seed, listing.symbol, -wave) * (1 - part) +
                      noise(seed, listing.symbol, -wave - 1) * part;
  return std::log(listing.base_price) +
         listing.daily_volatility * (2.5 * slow + 0.6 * noise(seed, listing.symbol, day));
}

/// Contracts expire on the last Tuesday of a month since September 2025, before on the last
/// Thursday; a holiday moves it to the session before. (Of this simulator: real expiries are read
/// from the exchange's list.)
IstDate expiry_of(const TradingCalendar& calendar, std::chrono::year_month month) {
  using namespace std::chrono;
  const bool tuesday = month >= year_month{year{2025}, std::chrono::month{9}};
  const year_month_weekday_last last{month.year(), month.month(),
                                     weekday_last{tuesday ? Tuesday : Thursday}};
  return calendar.session_on_or_before(IstDate{local_days{last}});
}

IstDate front_expiry(const TradingCalendar& calendar, IstDate date) {
  const std::chrono::year_month_day today{date};
  std::chrono::year_month month{today.year(), today.month()};
  const IstDate expiry = expiry_of(calendar, month);
  return expiry >= date ? expiry : expiry_of(calendar, month + std::chrono::months{1});
}

std::string future_symbol(const char* underlying, IstDate expiry) {
  static constexpr std::array kMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
  const std::chrono::year_month_day ymd{expiry};
  return fmt::format("{}{:02}{}FUT", underlying, static_cast<int>(ymd.year()) % 100,
                     kMonths[static_cast<unsigned>(ymd.month()) - 1]);
}

InstrumentInfo future_of(const char* underlying, IstDate expiry, IstDate date) {
  InstrumentInfo info;
  info.symbol = future_symbol(underlying, expiry);
  info.exchange = "NFO";
  info.segment = "NFO-FUT";
  info.type = "FUT";
  info.underlying = underlying;
  info.expiry = format_date(expiry);
  info.lot_size = lot_size_of(underlying, date);
  info.group = SessionGroup::derivatives;
  return info;
}

const Listing* listing_of(const InstrumentInfo& info) {
  const std::string& name = info.type == "FUT" ? info.underlying : info.symbol;
  if (name == kNifty.symbol) return &kNifty;
  if (name == kBankNifty.symbol) return &kBankNifty;
  for (const Listing& share : kShares) {
    if (name == share.symbol) return &share;
  }
  return nullptr;
}

/// The U of a trading day: above 2 at the open, about 0.7 at noon, 1.6 at the close; mean near 1.
double day_shape(double part) {
  const double morning = 1.0 - part;
  return 0.65 + 1.6 * std::pow(morning, 6) + 0.95 * std::pow(part, 5);
}

double round_to_tick(double price, double tick) {
  return std::round(price / tick) * tick;
}

/// 0.05 has no exact double: keep two decimals, as exchanges print prices.
double two_decimals(double price) {
  return std::round(price * 100.0) / 100.0;
}

}  // namespace

std::vector<InstrumentInfo> sim_instruments(const TradingCalendar& calendar, IstDate date) {
  const IstDate expiry = front_expiry(calendar, date);
  std::vector<InstrumentInfo> all;
  InstrumentInfo index;
  index.symbol = kNifty.symbol;
  index.segment = "INDICES";
  index.type = "INDEX";
  index.group = SessionGroup::index;
  index.tradable = false;
  index.order_symbol = future_symbol(kNifty.symbol, expiry);
  all.push_back(index);
  all.push_back(future_of(kNifty.symbol, expiry, date));
  all.push_back(future_of(kBankNifty.symbol, expiry, date));
  for (const Listing& share : kShares) {
    InstrumentInfo info;
    info.symbol = share.symbol;
    info.group = SessionGroup::equity_fno;
    all.push_back(info);
  }
  return all;
}

SimDay::SimDay(const TradingCalendar& calendar, std::uint64_t seed, IstDate date)
    : calendar_(calendar),
      seed_(seed),
      date_(date),
      instruments_(sim_instruments(calendar, date)),
      market_(seed_of(seed, "market", date.time_since_epoch().count())) {
  const IstDate expiry = front_expiry(calendar, date);
  const double years = static_cast<double>((expiry - date).count()) / 365.0;
  second_ = Timestamp::max();
  for (std::size_t i = 0; i < instruments_.size(); ++i) add_walk(i, years);
  for (const Walk& walk : walks_) {
    if (walk.plan.spans().empty()) continue;
    second_ = std::min(second_, walk.plan.spans().front().start);
    end_ = std::max(end_, walk.plan.spans().back().end);
  }
}

void SimDay::add_walk(std::size_t instrument, double years_to_expiry) {
  const InstrumentInfo& info = instruments_[instrument];
  const Listing& listing = *listing_of(info);
  const bool future = info.type == "FUT";
  Walk walk;
  walk.instrument = instrument;
  walk.plan = calendar_.day(info.group, date_);
  walk.random = RandomSource(seed_of(seed_, info.symbol.c_str(), date_.time_since_epoch().count()));
  const double gap = 0.2 * listing.daily_volatility * walk.random.normal();
  walk.log_price = log_level(seed_, listing, date_) + gap;
  walk.log_close = log_level(seed_, listing, calendar_.session_after(date_));
  walk.ticks_per_second = future ? kFutureTicksPerSecond : listing.ticks_per_second;
  walk.daily_volatility = listing.daily_volatility;
  walk.market_beta = listing.market_beta;
  walk.mean_quantity = future ? kFutureMeanLots : listing.mean_quantity;
  if (future) {
    walk.basis = kYearlyCarry * years_to_expiry;
    for (std::size_t i = 0; i < walks_.size(); ++i) {
      if (instruments_[walks_[i].instrument].symbol == info.underlying) {
        walk.follows = static_cast<std::ptrdiff_t>(i);
      }
    }
  }
  walk.open_price = std::exp(walk.log_price + walk.basis);
  walk.price = two_decimals(round_to_tick(walk.open_price, info.tick_size));
  walks_.push_back(walk);
}

void SimDay::step(Walk& walk, Timestamp second, const PhaseSpan& session, double market_shock) {
  const double length = static_cast<double>((session.end - session.start).count()) / 1e9;
  const double left = static_cast<double>((session.end - second).count()) / 1e9;
  const double part = 1.0 - left / length;
  const double per_second = walk.daily_volatility / std::sqrt(kSessionSeconds);
  if (--walk.regime_left <= 0) {
    walk.regime_left = kShortestRegimeSeconds +
                       static_cast<std::int64_t>(kRegimeSpreadSeconds * walk.random.uniform());
    walk.regime_drift =
        kRegimeStrength * walk.daily_volatility / kSessionSeconds * walk.random.normal();
  }
  const double own = walk.random.normal();
  const double shock = 0.6 * walk.market_beta * market_shock + 0.75 * own;
  const double pull = (walk.log_close - walk.log_price) / std::max(left, kPullHorizonSeconds);
  walk.log_price +=
      0.5 * pull + walk.regime_drift + per_second * std::sqrt(day_shape(part)) * shock;
}

void SimDay::trade(Walk& walk, Timestamp second, double intensity, std::vector<Tick>& ticks) {
  const InstrumentInfo& info = instruments_[walk.instrument];
  const double expected = walk.ticks_per_second * std::min(intensity, 1.8);
  auto count = static_cast<int>(expected);
  if (walk.random.uniform() < expected - count) ++count;
  for (int i = 0; i < count; ++i) {
    const double fair = std::exp(walk.log_price + walk.basis);
    const double spread = walk.mean_quantity > 0 ? 0.6 * info.tick_size : 0.0;
    const double side = walk.random.uniform() < 0.5 ? -spread : spread;
    walk.price = two_decimals(round_to_tick(fair + side, info.tick_size));
    const double size = walk.mean_quantity * intensity * (0.2 + 1.6 * walk.random.uniform());
    std::int64_t quantity = 0;
    if (walk.mean_quantity > 0) {
      quantity = std::max<std::int64_t>(1, std::llround(size)) * info.lot_size;
    }
    const auto millisecond = static_cast<std::int64_t>(walk.random.uniform() * 1000.0);
    ticks.push_back({second + std::chrono::milliseconds{millisecond}, info.symbol, walk.price,
                     quantity, info.exchange});
  }
}

void SimDay::quote(Walk& walk, Timestamp second, double price, std::vector<Tick>& ticks) {
  const InstrumentInfo& info = instruments_[walk.instrument];
  ticks.push_back(
      {second, info.symbol, two_decimals(round_to_tick(price, info.tick_size)), 0, info.exchange});
}

bool SimDay::next_second(std::vector<Tick>& ticks) {
  const std::size_t before = ticks.size();
  while (second_ < end_ && ticks.size() == before) {
    const Timestamp second = second_;
    second_ += std::chrono::seconds{1};
    const std::int64_t count = second.time_since_epoch().count() / 1'000'000'000;
    const double market_shock = market_.normal();
    for (Walk& walk : walks_) {
      const PhaseSpan* span = nullptr;
      for (const PhaseSpan& candidate : walk.plan.spans()) {
        if (candidate.contains(second)) span = &candidate;
      }
      if (span == nullptr) continue;
      if (span->phase == Phase::continuous) {
        if (walk.follows >= 0) {
          const double noise = 0.00003 * walk.random.normal();
          walk.log_price = walks_[static_cast<std::size_t>(walk.follows)].log_price + noise;
        } else {
          step(walk, second, *span, market_shock);
        }
        const double part = static_cast<double>((second - span->start).count()) /
                            static_cast<double>((span->end - span->start).count());
        trade(walk, second, day_shape(part), ticks);
      } else if (span->phase == Phase::pre_open && count % kPreOpenQuoteSeconds == 0) {
        const double wobble = 1.0 + 0.001 * walk.random.normal();
        quote(walk, second, walk.open_price * wobble, ticks);
      } else if (span->phase == Phase::post_close && count % kPostCloseQuoteSeconds == 0) {
        quote(walk, second, walk.price, ticks);
      }
    }
  }
  std::stable_sort(ticks.begin() + static_cast<std::ptrdiff_t>(before), ticks.end(),
                   [](const Tick& a, const Tick& b) { return a.at < b.at; });
  return ticks.size() != before;
}

}  // namespace tapedeck::market
