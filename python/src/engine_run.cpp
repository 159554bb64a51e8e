#include "engine_run.hpp"

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <vector>

#include "engine_options.hpp"
#include "event_time.hpp"
#include "gil.hpp"
#include "market/random_source.hpp"
#include "process_bus.hpp"
#include "python_values.hpp"
#include "store/pace.hpp"

namespace nb = nanobind;

namespace tapedeck::python {
namespace {

desk::EngineRunOptions with_process(nb::dict given) {
  desk::EngineRunOptions options = run_options(std::move(given));
  options.log = [](std::string_view line) { spdlog::warn("{}", line); };
  if (const store::Store* history = process_history()) {
    options.keep_pace = [history] { store::wait_for_history(*history); };
  }
  return options;
}

market::Timeframe timeframe_of(const std::string& text) {
  const auto timeframe = market::Timeframe::parse(text);
  if (timeframe) return *timeframe;
  throw std::invalid_argument(
      fmt::format("'{}' is no timeframe; use one of {}", text, market::Timeframe::kSupported));
}

Timestamp moment_of(nb::handle at) {
  Timestamp moment{};
  if (!at.is_none() && !read_event_time(at.ptr(), moment)) nb::raise_python_error();
  return moment;
}

[[noreturn]] void refuse_stopped(const char* engine) {
  throw std::runtime_error(fmt::format("the {} is not running: call its start() first", engine));
}

execution::ExecutionEngine& running_execution(desk::EngineSet& engines) {
  if (!engines.is_up(desk::Part::execution)) refuse_stopped("ExecutionEngine");
  return *engines.execution();
}

const execution::ExecutionEngine& known_execution(desk::EngineSet& engines) {
  if (engines.execution() == nullptr) refuse_stopped("ExecutionEngine");
  return *engines.execution();
}

const market::MarketDataEngine& known_market_data(desk::EngineSet& engines) {
  if (engines.market_data() == nullptr) refuse_stopped("MarketDataEngine");
  return *engines.market_data();
}

strategy::OrderType order_type_of(const std::string& text) {
  using strategy::OrderType;
  for (const OrderType type :
       {OrderType::market, OrderType::limit, OrderType::sl, OrderType::sl_m}) {
    if (strategy::to_string(type) == text) return type;
  }
  throw std::invalid_argument(
      fmt::format("order_type must be MARKET, LIMIT, SL or SL-M, not '{}'", text));
}

strategy::Side side_of(const std::string& text) {
  if (text == "BUY") return strategy::Side::buy;
  if (text == "SELL") return strategy::Side::sell;
  throw std::invalid_argument(fmt::format("side must be BUY or SELL, not '{}'", text));
}

}  // namespace

// --- the run ---

EngineRun::EngineRun(nb::dict options)
    : runner_(
          std::make_unique<desk::EngineRunner>(process_bus(), with_process(std::move(options)))) {}

EngineRun::~EngineRun() {
  if (!runner_) return;
  if (runner_->on_engine_thread()) {
    // The last reference went in a strategy: a thread cannot wait for its own end.
    runner_->stop();
    abandon();
    return;
  }
  const GilReleased released;
  runner_.reset();
}

void EngineRun::launch() {
  const GilReleased released;
  runner_->start();
  runner_->call([](desk::EngineSet&, Timestamp) {});  // its engines have started by then
}

bool EngineRun::start_engine(std::string_view part_name, nb::dict given) {
  const desk::Part part = part_of(part_name);
  desk::EngineRunOptions told;
  read_part(told, part, std::move(given));
  const GilReleased released;
  return runner_->start_engine(part, [&](desk::EngineRunOptions& options) {
    // The paper broker's chance is the run's.
    const std::uint64_t seed = options.paper.seed;
    copy_part(told, part, options);
    options.paper.seed = seed;
  });
}

void EngineRun::stop_engine(std::string_view part) {
  const desk::Part which = part_of(part);
  const GilReleased released;
  runner_->stop_engine(which);
}

void EngineRun::stop_telemetry(std::string_view part) {
  const desk::Part which = part_of(part);
  const GilReleased released;
  runner_->stop_telemetry(which);
}

void EngineRun::stop() {
  const GilReleased released;
  runner_->stop();
}

bool EngineRun::wait_for(double seconds) {
  const GilReleased released;
  return runner_->wait_for(std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
}

void EngineRun::request(const std::string& command, const std::string& target,
                        const std::string& reason, const std::string& by,
                        const std::string& request_id) {
  const GilReleased released;
  runner_->request(
      {.name = command, .target = target, .by = by, .reason = reason, .request_id = request_id});
  if (!runner_->on_engine_thread()) runner_->call([](desk::EngineSet&, Timestamp) {});
}

nb::dict EngineRun::summary() const {
  const desk::RunSummary summary = runner_->summary();
  nb::dict out;
  out["records"] = summary.records;
  out["ticks"] = summary.ticks;
  out["late_ticks"] = summary.late_ticks;
  out["out_of_session_ticks"] = summary.out_of_session_ticks;
  out["bad_rows"] = summary.bad_rows;
  out["gaps"] = summary.gaps;
  out["candles"] = summary.candles;
  out["signals"] = summary.signals;
  out["orders"] = summary.orders;
  out["fills"] = summary.fills;
  out["rejects"] = summary.rejects;
  out["expired"] = summary.expired;
  out["realized_pnl"] = summary.realized_pnl;
  out["charges"] = summary.charges;
  out["killed"] = summary.killed;
  return out;
}

void EngineRun::call(const desk::EngineRunner::Task& task) {
  const GilReleased released;
  runner_->call(task);
}

// --- market data ---

market::PushFeed& EngineRun::push_feed() {
  market::PushFeed* feed = runner_->push_feed();
  if (feed != nullptr) return *feed;
  throw std::runtime_error(
      "the desk has a feed of its own; ticks and candles are taken with feed=\"push\"");
}

bool EngineRun::push_tick(const std::string& symbol, double price, std::int64_t quantity,
                          nb::handle at, const std::string& exchange, double bid, double ask,
                          std::optional<std::int64_t> day_volume) {
  return push_feed().push({symbol, exchange, moment_of(at), price, quantity, bid, ask, day_volume});
}

bool EngineRun::push_candle(const std::string& symbol, const std::string& timeframe,
                            nb::handle start, double open, double high, double low, double close,
                            std::int64_t volume, const std::string& exchange) {
  market::Candle candle;
  candle.symbol = symbol;
  candle.exchange = exchange;
  candle.timeframe = timeframe_of(timeframe);
  candle.start = moment_of(start);
  candle.open = open;
  candle.high = high;
  candle.low = low;
  candle.close = close;
  candle.volume = volume;
  return push_feed().push(std::move(candle));
}

nb::list EngineRun::window(const std::string& symbol, const std::string& timeframe, std::size_t n,
                           const std::string& exchange) {
  const market::Timeframe length = timeframe_of(timeframe);
  std::vector<market::Candle> found;
  call([&](desk::EngineSet& engines, Timestamp) {
    found = known_market_data(engines).get_window(exchange, symbol, length, n);
  });
  nb::list out;
  for (const market::Candle& candle : found) out.append(candle_tuple(candle));
  return out;
}

nb::object EngineRun::latest_candle(const std::string& symbol, const std::string& timeframe,
                                    const std::string& exchange) {
  const market::Timeframe length = timeframe_of(timeframe);
  std::optional<market::LatestCandle> found;
  call([&](desk::EngineSet& engines, Timestamp) {
    found = known_market_data(engines).get_latest_candle(exchange, symbol, length);
  });
  if (!found) return nb::none();
  return nb::make_tuple(candle_tuple(found->candle), found->closed);
}

// --- orders ---

nb::list EngineRun::positions() {
  std::vector<execution::PositionView> found;
  call([&](desk::EngineSet& engines, Timestamp) { found = known_execution(engines).positions(); });
  nb::list out;
  for (const execution::PositionView& one : found) {
    out.append(nb::make_tuple(as_str(one.exchange), as_str(one.symbol), as_str(one.product),
                              as_str(one.strategy), one.size, one.entry_price, one.last_price,
                              one.realized, one.unrealized, one.day_pnl, one.charges));
  }
  return out;
}

nb::tuple EngineRun::pnl(const std::string& strategy) {
  strategy::Pnl found;
  call(
      [&](desk::EngineSet& engines, Timestamp) { found = known_execution(engines).pnl(strategy); });
  return nb::make_tuple(found.realized, found.unrealized, found.charges, found.net(),
                        found.margin_used, found.margin_available, found.open_positions,
                        found.day_net);
}

nb::object EngineRun::order(const std::string& order_id) {
  std::optional<execution::OrderView> found;
  call([&](desk::EngineSet& engines, Timestamp) {
    found = known_execution(engines).order(order_id);
  });
  if (!found) return nb::none();
  return nb::make_tuple(as_str(order_id), as_str(execution::to_string(found->status)), found->qty,
                        found->filled_qty, found->avg_price, found->limit_price);
}

/// At most 20 alphanumerics, the same in a run of the same seed.
std::string EngineRun::new_correlation_id() {
  const std::string run = runner_->run_id() + runner_->engine_id(desk::Part::execution);
  return fmt::format("M{:010x}{:x}", market::hash_text(run.data(), run.size()) >> 24, ++orders_);
}

std::string EngineRun::submit(const ManualOrder& order) {
  strategy::OrderIntent intent;
  intent.strategy = order.strategy;
  intent.signal_exchange = intent.order_exchange = order.exchange;
  intent.signal_symbol = intent.order_symbol = order.symbol;
  intent.side = side_of(order.side);
  intent.qty = order.qty;
  intent.type = order_type_of(order.type);
  intent.limit_price = order.price;
  intent.trigger_price = order.trigger_price;
  intent.product = order.product;
  intent.reason = order.reason;
  std::string id;
  call([&](desk::EngineSet& engines, Timestamp now) {
    execution::ExecutionEngine& execution = running_execution(engines);
    intent.correlation_id = intent.round_trip_id = new_correlation_id();
    intent.decided_at = now;
    id = execution.submit(intent, now);
  });
  return id;
}

std::optional<std::string> EngineRun::cancel(const std::string& order_id,
                                             const std::string& reason) {
  std::optional<strategy::RiskRefusal> refused;
  call([&](desk::EngineSet& engines, Timestamp now) {
    refused = running_execution(engines).cancel(order_id, now, reason);
  });
  if (!refused) return std::nullopt;
  return refused->reason.empty() ? std::string(refused->code) : refused->reason;
}

std::size_t EngineRun::cancel_all(const std::string& reason) {
  std::size_t asked = 0;
  call([&](desk::EngineSet& engines, Timestamp now) {
    asked = running_execution(engines).cancel_all(now, reason);
  });
  return asked;
}

// --- the universe ---

void EngineRun::refresh_universe() {
  call([](desk::EngineSet& engines, Timestamp now) {
    if (!engines.is_up(desk::Part::universe)) refuse_stopped("UniverseBuilder");
    engines.universe()->refresh(now);
  });
}

nb::dict EngineRun::universe_summary() {
  std::uint64_t refreshes = 0, failures = 0;
  std::string last_error;
  std::shared_ptr<const universe::Universe> known;
  call([&](desk::EngineSet& engines, Timestamp) {
    const universe::UniverseBuilder* builder = engines.universe();
    if (builder == nullptr) refuse_stopped("UniverseBuilder");
    refreshes = builder->refreshes();
    failures = builder->failures();
    last_error = builder->last_error();
    known = builder->universe();
  });
  nb::dict by_exchange, by_type, out;
  std::map<std::string, std::size_t> exchanges, types;
  if (known) {
    for (const market::InstrumentInfo& info : known->all()) {
      ++exchanges[info.exchange];
      ++types[info.type];
    }
  }
  for (const auto& [name, count] : exchanges) by_exchange[name.c_str()] = count;
  for (const auto& [name, count] : types) by_type[name.c_str()] = count;
  out["universe_size"] = known ? known->all().size() : 0;
  out["exchanges"] = by_exchange;
  out["instrument_types"] = by_type;
  out["refreshes"] = refreshes;
  out["failures"] = failures;
  out["last_error"] = last_error;
  return out;
}

}  // namespace tapedeck::python
