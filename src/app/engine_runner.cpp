#include "app/engine_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "app/command_inbox.hpp"
#include "app/engine_set.hpp"
#include "app/pacer.hpp"
#include "base/machine.hpp"
#include "market/feed_factory.hpp"

namespace tapedeck::app {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds kJumpClosedPausesOver = std::chrono::minutes{1};
constexpr nanoseconds kWalkThroughSilence = std::chrono::minutes{65};
constexpr std::uint64_t kRecordsPerSummary = 4096;
constexpr std::uint64_t kStepsPerPace = 256;

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
  if (options.host.empty()) options.host = machine_name();
  return options;
}

}  // namespace

/// Everything of one run. The engines belong to the engine thread once it runs.
class EngineRunner::Run {
 public:
  Run(TelemetryBus& bus, EngineRunOptions options)
      : options_(checked(std::move(options))),
        sim_date_(first_sim_date(options_.sim_date, calendar_)),
        feed_(make_feed()),
        engines_(bus, calendar_, *feed_, options_, run_id()),
        pacer_(options_.speed),
        inbox_(bus, [this] { pacer_.interrupt(); }) {
    check_symbols();
  }
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
  void request(market::Command command) { inbox_.post(std::move(command)); }
  void stop_telemetry() {
    telemetry_stopped_.store(true);
    pacer_.interrupt();
  }

 private:
  std::unique_ptr<market::Feed> make_feed();
  std::string run_id() const;
  void check_symbols() const;

  void body();
  void begin(Timestamp first);
  bool play();
  Timestamp simulation_plays_from() const;
  bool walk_to(Timestamp t);
  bool step_to(Timestamp due);
  void jump_to(Timestamp t);
  void answer_calls(Timestamp due);
  void note_summary();
  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const EngineRunOptions options_;
  const market::TradingCalendar calendar_{};
  const market::IstDate sim_date_;
  const std::unique_ptr<market::Feed> feed_;
  EngineSet engines_;
  Pacer pacer_;
  std::uint64_t steps_ = 0;
  Timestamp clock_{};
  Timestamp last_record_{};
  market::TradingCalendar::OpenState hours_{};  // as of clock_
  std::thread thread_;
  std::atomic<bool> launched_{false};
  std::atomic<bool> finished_{false};
  std::atomic<bool> telemetry_stopped_{false};

  mutable std::mutex mutex_;  // guards what follows
  RunSummary summary_;
  std::string error_;

  CommandInbox inbox_;  // last: its callbacks use the pacer
};

std::unique_ptr<market::Feed> EngineRunner::Run::make_feed() {
  if (options_.make_feed) return options_.make_feed(calendar_);
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

std::string EngineRunner::Run::run_id() const {
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

// --- the engine thread ---

void EngineRunner::Run::body() {
  std::string problem;
  try {
    if (!play()) problem = feed_->error();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (!problem.empty()) {
    log(problem);
    engines_.fail(clock_, problem);
  }
  engines_.stop(clock_);
  if (problem.empty()) problem = engines_.problem();
  {
    const std::lock_guard lock(mutex_);
    error_ = problem;
  }
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
    engines_.handle(record, clock_);
    if (++handled % kRecordsPerSummary == 0) note_summary();
    state = feed_->next(record);
  }
  return state == market::FeedState::end;
}

void EngineRunner::Run::begin(Timestamp first) {
  engines_.warm_up(feed_->history(engines_.timeframes()), first);
  clock_ = last_record_ = first;
  {
    const std::lock_guard lock(mutex_);
    summary_.from = first;
  }
  pacer_.anchor(feed_->mode() == "replay" ? first : std::max(first, simulation_plays_from()));
  engines_.start(first);
  if (!options_.health) engines_.stop_telemetry();
}

/// Who starts a simulation wants to see trading: its first pre-open passes at once.
Timestamp EngineRunner::Run::simulation_plays_from() const {
  return market::ist_moment(
      sim_date_, std::chrono::hours(9) + std::chrono::minutes(14) + std::chrono::seconds(50));
}

bool EngineRunner::Run::walk_to(Timestamp t) {
  while (clock_ < t) {
    if (clock_ >= hours_.until) hours_ = calendar_.open_state(clock_);
    if (!hours_.open && t - clock_ > kJumpClosedPausesOver) {
      jump_to(std::min(t, calendar_.next_open(clock_)));
      continue;
    }
    const Timestamp due = std::min(t, engines_.next_due());
    if (due > last_record_ + kWalkThroughSilence) {
      jump_to(t);
      continue;
    }
    if (!step_to(std::max(due, clock_))) return false;
  }
  return step_to(clock_);
}

/// @return false when the run is to stop
bool EngineRunner::Run::step_to(Timestamp due) {
  for (;;) {
    const Pacer::Wait wait = pacer_.wait_for(due);
    if (wait == Pacer::Wait::stopped) return false;
    if (wait == Pacer::Wait::reached) break;
    answer_calls(due);
  }
  if (options_.speed == 0 && options_.keep_pace && ++steps_ % kStepsPerPace == 0) {
    options_.keep_pace();
  }
  clock_ = due;
  engines_.advance_to(due);
  return true;
}

/// Somebody interrupted the wait for `due`: a command is obeyed at the moment it comes.
void EngineRunner::Run::answer_calls(Timestamp due) {
  if (telemetry_stopped_.load()) engines_.stop_telemetry();
  for (const market::Command& command : inbox_.take()) {
    if (options_.speed > 0) clock_ = std::max(clock_, std::min(pacer_.market_now(), due));
    engines_.obey(command, clock_);
    note_summary();
    if (options_.on_command) options_.on_command(engines_.killed());
  }
}

void EngineRunner::Run::jump_to(Timestamp t) {
  clock_ = t;
  last_record_ = std::max(last_record_, t);
  engines_.skip_to(t);
  pacer_.anchor(t);
}

void EngineRunner::Run::note_summary() {
  const market::FeedStats& feed = feed_->stats();
  const std::lock_guard lock(mutex_);
  summary_.records = feed.records;
  summary_.volume_falls = feed.volume_falls;
  summary_.bad_rows = feed.bad_rows;
  summary_.first_bad_rows = feed.first_bad_rows;
  summary_.to = clock_;
  engines_.add_to(summary_);
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

void EngineRunner::request(market::Command command) {
  run_->request(std::move(command));
}

void EngineRunner::stop_telemetry() {
  run_->stop_telemetry();
}

}  // namespace tapedeck::app
