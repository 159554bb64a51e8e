#include "app/engine_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "app/pacer.hpp"
#include "base/machine.hpp"
#include "market/feed_factory.hpp"
#include "tapedeck/execution/execution_engine.hpp"
#include "tapedeck/execution/paper_broker.hpp"
#include "tapedeck/market/market_data_engine.hpp"
#include "tapedeck/strategy/strategy_engine.hpp"
#include "tapedeck/universe/universe_builder.hpp"

namespace tapedeck::app {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds kJumpClosedPausesOver = std::chrono::minutes{1};
constexpr nanoseconds kWalkThroughSilence = std::chrono::minutes{65};
constexpr std::uint64_t kRecordsPerSummary = 4096;

std::vector<market::Timeframe> parse_timeframes(const std::vector<std::string>& names) {
  std::vector<market::Timeframe> timeframes;
  for (const std::string& name : names) {
    const auto timeframe = market::Timeframe::parse(name);
    if (!timeframe) {
      throw std::invalid_argument(
          fmt::format("'{}' is no timeframe; use some of {}", name, market::Timeframe::kSupported));
    }
    timeframes.push_back(*timeframe);
  }
  if (timeframes.empty()) {
    throw std::invalid_argument("no timeframe is given; use --timeframes 1m,5m");
  }
  std::sort(timeframes.begin(), timeframes.end());
  timeframes.erase(std::unique(timeframes.begin(), timeframes.end()), timeframes.end());
  return timeframes;
}

market::IstDate first_sim_date(const std::string& text, const market::TradingCalendar& calendar) {
  if (text.empty()) return calendar.session_on_or_before(market::ist_date(now()));
  const auto date = market::parse_date(text);
  if (!date) throw std::invalid_argument(fmt::format("'{}' is no date; write YYYY-MM-DD", text));
  return *date;
}

struct Command {
  bool kill = true;
  std::string by;
  std::string reason;
};

}  // namespace

/// Everything of one run. Engine members belong to the engine thread once it runs.
class EngineRunner::Run {
 public:
  Run(TelemetryBus& bus, EngineRunOptions options);

  ~Run() {
    pacer_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void launch() {
    if (launched_.exchange(true)) throw std::logic_error("an EngineRunner is started once");
    thread_ = std::thread([this] { body(); });
  }
  void stop() { pacer_.stop(); }
  void wait() const {
    if (launched_) finished_.wait(false, std::memory_order_acquire);
  }
  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
  std::string error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  RunSummary summary() const {
    const std::lock_guard lock(mutex_);
    return summary_;
  }
  void command(Command command) {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
    has_commands_.store(true, std::memory_order_release);
  }

 private:
  market::EnginePublisher publisher_of(TelemetryBus& bus, const char* engine) const;
  std::string run_id() const;
  void check(const EngineRunOptions& options) const;
  void make_engines(TelemetryBus& bus, std::vector<market::Timeframe> timeframes);

  void body();
  void begin(Timestamp first);
  bool play();
  Timestamp simulation_plays_from() const;
  bool walk_to(Timestamp t);
  bool step_to(Timestamp due);
  void jump_to(Timestamp t);
  void handle(const market::FeedRecord& record);
  bool is_wanted(std::string_view symbol);
  void obey_commands();
  void note_summary();
  void set_error(const std::string& sentence);
  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  EngineRunOptions options_;
  market::TradingCalendar calendar_;
  market::IstDate sim_date_{};
  std::vector<market::Timeframe> timeframes_;
  std::unique_ptr<market::Feed> feed_;
  std::unique_ptr<market::MarketDataEngine> market_data_;
  std::unique_ptr<strategy::StrategyEngineV2> strategy_;
  std::unique_ptr<execution::ExecutionEngine> execution_;
  std::unique_ptr<universe::UniverseBuilder> universe_;
  std::array<market::Engine*, 4> engines_{};
  std::map<std::string, bool, std::less<>> wanted_;
  Pacer pacer_;
  Timestamp clock_{};
  Timestamp last_record_{};
  std::thread thread_;
  std::atomic<bool> launched_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> has_commands_{false};

  mutable std::mutex mutex_;  // guards what follows
  RunSummary summary_;
  std::string error_;
  std::vector<Command> commands_;
};

EngineRunner::Run::Run(TelemetryBus& bus, EngineRunOptions options)
    : options_(std::move(options)), pacer_(options_.speed) {
  check(options_);
  if (options_.host.empty()) options_.host = machine_name();
  timeframes_ = parse_timeframes(options_.timeframes);
  sim_date_ = first_sim_date(options_.sim_date, calendar_);
  market::FeedRequest request;
  request.spec = options_.feed;
  request.seed = options_.seed;
  request.sim_date = sim_date_;
  request.on_bad_row = [this](const market::BadRow& row) {
    log(fmt::format("bad row: {} line {}: {}", row.file, row.line, row.reason));
  };
  feed_ = market::make_feed(request, calendar_);
  if (feed_->knows_all_instruments() && !options_.symbols.empty() &&
      std::none_of(options_.symbols.begin(), options_.symbols.end(),
                   [&](const std::string& symbol) {
                     return feed_->instruments().find({}, symbol) != nullptr;
                   })) {
    std::string known;
    for (const auto& [key, info] : feed_->instruments().all()) {
      known += (known.empty() ? "" : ", ") + info.symbol;
    }
    throw std::invalid_argument(
        fmt::format("the feed has none of the symbols asked for; it has {}", known));
  }
  make_engines(bus, timeframes_);
}

void EngineRunner::Run::check(const EngineRunOptions& options) const {
  if (!std::isfinite(options.speed) || options.speed < 0) {
    throw std::invalid_argument("the speed must be 0 (as fast as it goes) or more");
  }
}

std::string EngineRunner::Run::run_id() const {
  if (feed_->mode() == "replay") return fmt::format("replay-{}", options_.seed);
  return fmt::format("sim-{}-{}", market::format_compact_date(sim_date_), options_.seed);
}

market::EnginePublisher EngineRunner::Run::publisher_of(TelemetryBus& bus,
                                                        const char* engine) const {
  const std::string mode(feed_->mode());
  const std::string& prefix = options_.engine_id_prefix.empty() ? mode : options_.engine_id_prefix;
  Source source;
  source.host = options_.host;
  source.engine_id = prefix + "-" + engine;
  source.run_id = run_id();
  source.account = options_.account;
  source.mode = mode;
  return {bus, source, options_.speed == 0};
}

void EngineRunner::Run::make_engines(TelemetryBus& bus, std::vector<market::Timeframe> timeframes) {
  const market::InstrumentTable& instruments = feed_->instruments();
  market::MarketDataOptions data;
  data.timeframes = std::move(timeframes);
  market_data_ = std::make_unique<market::MarketDataEngine>(
      publisher_of(bus, "mde"), calendar_, instruments, std::move(data),
      [this](const market::Candle& candle) { strategy_->on_candle(candle); });

  strategy::StrategyOptions deciding;
  deciding.strategies = options_.strategies;
  deciding.symbols.insert(options_.symbols.begin(), options_.symbols.end());
  deciding.run = run_id() + options_.account + options_.engine_id_prefix;
  strategy_ = std::make_unique<strategy::StrategyEngineV2>(
      publisher_of(bus, "strategy"), calendar_, instruments, std::move(deciding),
      [this](const strategy::OrderIntent& intent) {
        execution_->submit(intent, intent.decided_at);
      });

  execution_ = std::make_unique<execution::ExecutionEngine>(
      publisher_of(bus, "execution"), instruments,
      std::make_unique<execution::PaperBroker>(calendar_, execution::PaperBrokerOptions{}),
      execution::ExecutionOptions{},
      [this](const strategy::OrderNews& news) { strategy_->on_order_news(news); });
  strategy_->set_pnl_source(execution_.get());
  universe_ = std::make_unique<universe::UniverseBuilder>(publisher_of(bus, "universe"), calendar_,
                                                          instruments);
  engines_ = {market_data_.get(), strategy_.get(), execution_.get(), universe_.get()};
}

// --- the engine thread ---

void EngineRunner::Run::body() {
  std::string problem;
  try {
    if (!play()) problem = feed_->error();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (!problem.empty()) {
    set_error(problem);
    for (market::Engine* engine : engines_) engine->fail(clock_, problem);
  }
  strategy_->stop(clock_);
  execution_->stop(clock_);
  market_data_->stop(clock_);
  universe_->stop(clock_);
  note_summary();
  finished_.store(true, std::memory_order_release);
  finished_.notify_all();
}

/// @return false when the feed broke
bool EngineRunner::Run::play() {
  market::FeedRecord record;
  market::FeedState state = feed_->next(record);
  if (state != market::FeedState::record) return state == market::FeedState::end;
  begin(record.at());
  std::uint64_t handled = 0;
  while (state == market::FeedState::record) {
    if (!walk_to(record.at())) return true;
    last_record_ = std::max(last_record_, record.at());
    handle(record);
    if (++handled % kRecordsPerSummary == 0) note_summary();
    state = feed_->next(record);
  }
  return state == market::FeedState::end;
}

void EngineRunner::Run::begin(Timestamp first) {
  for (const market::Candle& candle : feed_->history(timeframes_)) strategy_->warm_up(candle);
  clock_ = last_record_ = first;
  {
    const std::lock_guard lock(mutex_);
    summary_.from = first;
  }
  pacer_.anchor(feed_->mode() == "replay" ? first : std::max(first, simulation_plays_from()));
  for (market::Engine* engine : engines_) engine->start(first);
  if (feed_->knows_all_instruments()) {
    for (const std::string& symbol : options_.symbols) market_data_->watch(symbol);
  }
  for (const auto& [key, info] : feed_->instruments().all()) {
    if (is_wanted(info.symbol)) market_data_->watch(info.symbol);
  }
}

/// Who starts a simulation wants to see trading: its first pre-open passes at once.
Timestamp EngineRunner::Run::simulation_plays_from() const {
  return market::ist_moment(
      sim_date_, std::chrono::hours(9) + std::chrono::minutes(14) + std::chrono::seconds(50));
}

bool EngineRunner::Run::walk_to(Timestamp t) {
  while (clock_ < t) {
    const bool closed = !calendar_.is_open(clock_);
    if (closed && t - clock_ > kJumpClosedPausesOver) {
      jump_to(std::min(t, calendar_.next_open(clock_)));
      continue;
    }
    Timestamp due = t;
    for (const market::Engine* engine : engines_) due = std::min(due, engine->next_due());
    if (due > last_record_ + kWalkThroughSilence) {
      jump_to(t);
      continue;
    }
    if (!step_to(std::max(due, clock_))) return false;
  }
  return step_to(clock_);
}

bool EngineRunner::Run::step_to(Timestamp due) {
  if (!pacer_.wait_for(due)) return false;
  if (has_commands_.load(std::memory_order_acquire)) obey_commands();
  clock_ = due;
  for (market::Engine* engine : engines_) engine->advance_to(due);
  return true;
}

void EngineRunner::Run::jump_to(Timestamp t) {
  clock_ = t;
  last_record_ = std::max(last_record_, t);
  for (market::Engine* engine : engines_) engine->skip_to(t);
  pacer_.anchor(t);
}

void EngineRunner::Run::handle(const market::FeedRecord& record) {
  market_data_->set_bad_rows(feed_->stats().bad_rows);
  if (record.kind == market::RecordKind::candle) {
    const market::Candle& candle = record.candle;
    if (!is_wanted(candle.symbol)) return;
    // The close is the last price before anything that is decided on this candle.
    if (market_data_->is_current(candle)) {
      execution_->on_price({.at = candle.end,
                            .symbol = candle.symbol,
                            .price = candle.close,
                            .exchange = candle.exchange});
    }
    market_data_->on_candle(candle);
    return;
  }
  const market::Tick& tick = record.tick;
  if (!is_wanted(tick.symbol)) return;
  const bool usable = record.kind == market::RecordKind::mark
                          ? market_data_->in_session(tick.symbol, tick.at) && tick.at >= clock_
                          : market_data_->on_tick(tick);
  if (!usable) return;
  execution_->on_price({.at = tick.at,
                        .symbol = tick.symbol,
                        .price = tick.price,
                        .quantity = tick.quantity,
                        .exchange = tick.exchange,
                        .bid = tick.bid,
                        .ask = tick.ask});
}

bool EngineRunner::Run::is_wanted(std::string_view symbol) {
  if (options_.symbols.empty()) return true;
  const auto at = wanted_.find(symbol);
  if (at != wanted_.end()) return at->second;
  const auto& wanted = options_.symbols;
  const auto asked = [&](std::string_view name) {
    return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  bool yes = asked(symbol);
  for (const auto& [key, info] : feed_->instruments().all()) {
    if (info.order_symbol == symbol && asked(info.symbol)) yes = true;
  }
  wanted_.emplace(symbol, yes);
  return yes;
}

void EngineRunner::Run::obey_commands() {
  std::vector<Command> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
    has_commands_.store(false, std::memory_order_release);
  }
  for (const Command& command : commands) {
    strategy_->set_killed(command.kill, clock_, command.by, command.reason);
  }
}

void EngineRunner::Run::note_summary() {
  const market::MarketDataCounts data = market_data_->counts();
  const market::FeedStats& feed = feed_->stats();
  const execution::ExecutionCounts& orders = execution_->counts();
  const strategy::Pnl pnl = execution_->pnl({});
  const std::lock_guard lock(mutex_);
  summary_.records = feed.records;
  summary_.ticks = data.ticks;
  summary_.late_ticks = data.late_ticks;
  summary_.out_of_session_ticks = data.out_of_session_ticks;
  summary_.volume_falls = feed.volume_falls;
  summary_.gaps = data.gaps;
  summary_.bad_rows = feed.bad_rows;
  summary_.first_bad_rows = feed.first_bad_rows;
  summary_.candles = data.candles;
  summary_.signals = strategy_->signals();
  summary_.orders = orders.orders;
  summary_.fills = orders.fills;
  summary_.rejects = orders.rejects;
  summary_.expired = orders.expired;
  summary_.realized_pnl = pnl.realized;
  summary_.charges = pnl.charges;
  summary_.to = clock_;
}

void EngineRunner::Run::set_error(const std::string& sentence) {
  log(sentence);
  const std::lock_guard lock(mutex_);
  error_ = sentence;
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
  run_->wait();
}

void EngineRunner::wait() {
  run_->wait();
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

void EngineRunner::request_kill(std::string by, std::string reason) {
  run_->command({true, std::move(by), std::move(reason)});
}

void EngineRunner::request_resume(std::string by, std::string reason) {
  run_->command({false, std::move(by), std::move(reason)});
}

}  // namespace tapedeck::app
