#include "desk/engine_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/machine.hpp"
#include "desk/engine_run.hpp"
#include "market/feed_factory.hpp"

namespace tapedeck::desk {
namespace {

constexpr std::string_view kPush = "push";

market::IstDate first_sim_date(const std::string& text, const market::TradingCalendar& calendar) {
  if (text.empty()) return calendar.session_on_or_before(market::ist_date(now()));
  const auto date = market::parse_date(text);
  if (!date) throw std::invalid_argument(fmt::format("'{}' is no date; write YYYY-MM-DD", text));
  return *date;
}

EngineRunOptions checked(EngineRunOptions options) {
  if (!std::isfinite(options.speed) || options.speed < 0) {
    throw std::invalid_argument("the speed must be 0 (as fast as it goes) or more");
  }
  if (options.feed == kPush && !options.make_feed && options.speed != 1) {
    throw std::invalid_argument(
        "with the feed 'push' the wall clock is engine time: the speed is 1");
  }
  if (options.host.empty()) options.host = machine_name();
  return options;
}

}  // namespace

std::shared_ptr<const market::InstrumentTable> listed_instruments(
    const universe::UniverseOptions& options) {
  auto dump =
      std::make_shared<universe::InstrumentDump>(universe::read_dump(options.dump, options.limits));
  if (!dump->problem.empty()) throw std::invalid_argument(dump->problem);
  auto table = std::make_shared<market::InstrumentTable>();
  universe::Universe(std::move(dump), market::make_date(1900, 1, 1), {}).copy_into(*table);
  return table;
}

EngineRunner::Run::Run(TelemetryBus& bus, EngineRunOptions options)
    : options_(checked(std::move(options))),
      sim_date_(first_sim_date(options_.sim_date, calendar_)),
      feed_(make_feed()),
      run_id_(new_run_id()),
      engines_(bus, calendar_, *feed_, options_, run_id_),
      pacer_(options_.speed),
      inbox_(bus, [this] { pacer_.interrupt(); }) {
  check_symbols();
  feed_->set_wake([this] { pacer_.interrupt(); });
}

EngineRunner::Run::~Run() {
  pacer_.stop();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<market::Feed> EngineRunner::Run::make_feed() {
  if (options_.make_feed) return options_.make_feed(calendar_);
  if (options_.feed == kPush) {
    auto feed = std::make_unique<market::PushFeed>(
        market::PushOptions{.queue_limit = options_.push_queue_limit,
                            .instruments = options_.instruments,
                            .symbols = options_.symbols},
        calendar_);
    push_feed_ = feed.get();
    return feed;
  }
  market::FeedRequest request;
  request.spec = options_.feed;
  request.seed = options_.seed;
  request.sim_date = sim_date_;
  request.instruments = options_.instruments;
  request.on_bad_row = [this](const market::BadRow& row) {
    log(fmt::format("bad row: {} line {}: {}", row.file, row.line, row.reason));
  };
  return market::make_feed(request, calendar_);
}

std::string EngineRunner::Run::new_run_id() const {
  if (feed_->is_live()) {
    // No two runs share correlation ids, those of one day and account included.
    return fmt::format("live-{}-{}", market::format_compact_date(market::ist_date(now())),
                       to_ns(now()) / 1000);
  }
  if (feed_->mode() == "replay") return fmt::format("replay-{}", options_.seed);
  return fmt::format("sim-{}-{}", market::format_compact_date(sim_date_), options_.seed);
}

void EngineRunner::Run::check_symbols() const {
  if (!feed_->knows_all_instruments() || options_.symbols.empty()) return;
  const market::InstrumentTable& instruments = feed_->instruments();
  const auto is_there = [&](std::string_view name) {
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos
               ? instruments.find({}, name)
               : instruments.find(name.substr(0, colon), name.substr(colon + 1));
  };
  if (std::any_of(options_.symbols.begin(), options_.symbols.end(), is_there)) return;
  std::string known;
  for (const auto& [key, info] : instruments.all()) {
    known += (known.empty() ? "" : ", ") + info.symbol;
  }
  throw std::invalid_argument(
      fmt::format("the feed has none of the symbols asked for; it has {}", known));
}

// --- from any thread ---

void EngineRunner::Run::launch() {
  const std::lock_guard lock(tasks_mutex_);
  if (launched_.exchange(true)) throw std::logic_error("an EngineRunner is started once");
  phase_ = Phase::running;
  thread_ = std::thread([this] { body(); });
}

bool EngineRunner::Run::wait_for(std::chrono::nanoseconds at_most) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, at_most, [this] { return finished(); });
}

/// @return false when no engine thread will take it
bool EngineRunner::Run::enqueue(std::packaged_task<void()> task) {
  {
    const std::lock_guard lock(tasks_mutex_);
    if (phase_ != Phase::running) return false;
    tasks_.push_back(std::move(task));
  }
  pacer_.interrupt();
  return true;
}

void EngineRunner::Run::call(const Task& task) {
  if (on_engine_thread()) return task(engines_, clock_);
  std::packaged_task<void()> posted([&] { task(engines_, clock_); });
  std::future<void> done = posted.get_future();
  if (enqueue(std::move(posted))) return done.get();
  wait();
  const std::lock_guard lock(tasks_mutex_);
  task(engines_, clock_);
}

bool EngineRunner::Run::start_engine(Part part, const EngineSet::Change& change) {
  if (on_engine_thread()) {
    throw std::logic_error("an engine cannot be started from within a strategy");
  }
  bool started = true;
  {
    const std::lock_guard lock(tasks_mutex_);
    if (phase_ == Phase::ended) return false;
    if (phase_ == Phase::made) {
      engines_.make(part, change);
      return true;
    }
  }
  call([&](EngineSet& engines, Timestamp at) {
    started = !finishing_;
    if (started) engines.join(part, change, at);
  });
  return started;
}

void EngineRunner::Run::stop_engine(Part part) {
  const auto leave = [this, part] {
    engines_.leave(part, clock_);
    note_summary();
    if (!engines_.any_up()) pacer_.stop();
  };
  {
    const std::lock_guard lock(tasks_mutex_);
    if (phase_ == Phase::made) return engines_.leave(part, clock_);
  }
  std::packaged_task<void()> posted(leave);
  std::future<void> done = posted.get_future();
  if (!enqueue(std::move(posted)) || on_engine_thread()) return;
  done.get();
  if (!engines_.any_up()) wait();
}

// --- the runner ---

EngineRunner::EngineRunner(TelemetryBus& bus, EngineRunOptions options)
    : run_(std::make_unique<Run>(bus, std::move(options))) {}

EngineRunner::~EngineRunner() {
  stop();
}

void EngineRunner::start() {
  run_->launch();
}

void EngineRunner::stop() {
  run_->stop();
  if (!run_->on_engine_thread()) run_->wait();
}

void EngineRunner::wait() {
  run_->wait();
}

bool EngineRunner::wait_for(std::chrono::nanoseconds at_most) {
  return run_->wait_for(at_most);
}

bool EngineRunner::finished() const noexcept {
  return run_->finished();
}

std::string EngineRunner::error() const {
  return run_->error();
}

RunSummary EngineRunner::summary() const {
  return run_->summary();
}

Timestamp EngineRunner::market_time() const noexcept {
  return run_->market_time();
}

bool EngineRunner::is_simulation() const noexcept {
  return run_->is_simulation();
}

void EngineRunner::request(market::Command command) {
  run_->request(std::move(command));
}

void EngineRunner::stop_telemetry() {
  run_->stop_telemetry();
}

bool EngineRunner::start_engine(Part part, const EngineSet::Change& change) {
  return run_->start_engine(part, change);
}

void EngineRunner::stop_engine(Part part) {
  run_->stop_engine(part);
}

void EngineRunner::stop_telemetry(Part part) {
  run_->call([part](EngineSet& engines, Timestamp) { engines.stop_telemetry(part); });
}

bool EngineRunner::is_up(Part part) const noexcept {
  return run_->engines().is_up(part);
}

std::string EngineRunner::engine_id(Part part) const {
  return run_->engine_id(part);
}

const std::string& EngineRunner::run_id() const noexcept {
  return run_->run_id();
}

bool EngineRunner::on_engine_thread() const noexcept {
  return run_->on_engine_thread();
}

void EngineRunner::call(const Task& task) {
  run_->call(task);
}

market::PushFeed* EngineRunner::push_feed() noexcept {
  return run_->push_feed();
}

}  // namespace tapedeck::desk
