// What the engine thread of a run does: it plays the feed, walks the clock and answers calls.
#include "desk/engine_run.hpp"

#include <algorithm>
#include <chrono>

namespace tapedeck::desk {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds kJumpClosedPausesOver = std::chrono::minutes{1};
constexpr nanoseconds kWalkThroughSilence = std::chrono::minutes{65};
constexpr std::uint64_t kRecordsPerSummary = 4096;
constexpr std::uint64_t kStepsPerPace = 256;
/// So often a run on a live feed looks whether the wall clock was set.
constexpr nanoseconds kLongestRest = std::chrono::seconds{1};
/// Records that a live feed's calls wait for at most.
constexpr std::size_t kMostBeforeCalls = std::size_t{1} << 20;

}  // namespace

void EngineRunner::Run::body() {
  engine_thread_.store(std::this_thread::get_id());
  std::string problem;
  try {
    if (!(feed_->is_live() ? play_live() : play())) problem = feed_->error();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  finish(problem);
}

void EngineRunner::Run::finish(const std::string& problem) {
  finishing_ = true;
  if (!problem.empty()) {
    log(problem);
    engines_.fail(clock_, problem);
  }
  engines_.stop(clock_);
  {
    const std::lock_guard lock(tasks_mutex_);
    phase_ = Phase::ended;
  }
  run_tasks(clock_);  // whoever waits gets an answer
  {
    const std::lock_guard lock(mutex_);
    error_ = problem.empty() ? engines_.problem() : problem;
  }
  note_summary();
  engine_thread_.store({});
  {
    const std::lock_guard lock(mutex_);
    finished_.store(true, std::memory_order_release);
  }
  finished_.notify_all();
  ended_.notify_all();
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

// --- live ---

/// @return false when the feed broke
bool EngineRunner::Run::play_live() {
  begin(now());
  market::FeedRecord record;
  for (;;) {
    const market::FeedState state = feed_->next(record);
    if (state == market::FeedState::end) return true;
    if (state == market::FeedState::failed) return false;
    if (state == market::FeedState::pending) {
      note_summary();
      if (!rest()) return true;
      continue;
    }
    follow_wall_clock();
    engines_.handle(record, clock_);
    if (!look_up()) return true;
  }
}

/// Waits for what is due next, or for something to come.
/// @return false when the run is to stop
bool EngineRunner::Run::rest() {
  const Timestamp from = now();
  pacer_.anchor(from);
  const Timestamp due = std::min(engines_.next_due(), from + kLongestRest);
  const Pacer::Wait wait = pacer_.wait_for(due);
  if (wait == Pacer::Wait::stopped) return false;
  follow_wall_clock();
  if (wait == Pacer::Wait::interrupted) answer_calls(clock_);
  return true;
}

/// Between two records: answers whoever called.
/// @return false when the run is to stop
bool EngineRunner::Run::look_up() {
  const Pacer::Wait wait = pacer_.wait_for(clock_);
  if (wait == Pacer::Wait::interrupted) answer_calls(clock_);
  return wait != Pacer::Wait::stopped;
}

void EngineRunner::Run::follow_wall_clock() {
  const Timestamp t = now();
  if (t <= clock_) return;
  const bool leapt = t - clock_ > kJumpClosedPausesOver;
  set_clock(t);
  leapt ? engines_.skip_to(t) : engines_.advance_to(t);
}

/// What was pushed before somebody asks is part of the answer.
void EngineRunner::Run::handle_pushed() {
  market::FeedRecord record;
  for (std::size_t i = 0; i < kMostBeforeCalls; ++i) {
    if (feed_->next(record) != market::FeedState::record) return;
    engines_.handle(record, clock_);
  }
}

// --- the clock ---

void EngineRunner::Run::begin(Timestamp first) {
  set_clock(first);
  last_record_ = first;
  engines_.warm_up(feed_->history(engines_.timeframes()), first);
  {
    const std::lock_guard lock(mutex_);
    summary_.from = first;
  }
  const bool as_it_is = feed_->is_live() || feed_->mode() == "replay";
  pacer_.anchor(as_it_is ? first : std::max(first, simulation_plays_from()));
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
  set_clock(due);
  engines_.advance_to(due);
  return true;
}

/// Somebody interrupted the wait for `due`: a command is obeyed at the moment it comes.
void EngineRunner::Run::answer_calls(Timestamp due) {
  if (telemetry_stopped_.load()) engines_.stop_telemetry();
  for (const market::Command& command : inbox_.take()) {
    if (options_.speed > 0) set_clock(std::max(clock_, std::min(pacer_.market_now(), due)));
    engines_.obey(command, clock_);
    note_summary();
    if (options_.on_command) options_.on_command(engines_.killed());
  }
  run_tasks(due);
}

void EngineRunner::Run::run_tasks(Timestamp due) {
  std::vector<std::packaged_task<void()>> tasks;
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  if (tasks.empty()) return;
  if (feed_->is_live() && !finishing_) {
    handle_pushed();
    follow_wall_clock();  // candles of the past are over
  }
  if (options_.speed > 0) set_clock(std::max(clock_, std::min(pacer_.market_now(), due)));
  for (auto& task : tasks) task();
}

void EngineRunner::Run::jump_to(Timestamp t) {
  set_clock(t);
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

}  // namespace tapedeck::desk
