#include "universe/universe_builder_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "universe/universe_events.hpp"

namespace tapedeck::universe {

using market::EngineState;

// --- looking and reading ---

void UniverseBuilder::Impl::refresh(Timestamp now) {
  now_ = std::max(now_, now);
  start_work(Work::read);
}

void UniverseBuilder::Impl::look_at_table() {
  const auto date = market::ist_date(now_);
  auto universe = std::make_shared<const Universe>(*table_, date, UniverseRules{});
  LoadResult result;
  result.as_of = date;
  result.difference = compare(universe_.get(), *universe, options_.listed_changes);
  for (const char* always : {"NFO", "NSE"}) result.difference.scans[always];
  result.universe = std::move(universe);
  take(std::move(result), Work::read);
}

LoadRequest UniverseBuilder::Impl::request_for(Work work) const {
  return {first_live_expiry(calendar_, now_), universe_, work == Work::read, true};
}

void UniverseBuilder::Impl::start_work(Work work) {
  if (stopped_) return;
  if (table_ != nullptr) return look_at_table();
  if (running_.valid()) {
    waiting_ = std::max(waiting_, work);
    return;
  }
  running_commands_.swap(waiting_commands_);
  if (!options_.background || heartbeat_.state() == EngineState::starting) {
    take(load_universe(options_, request_for(work)), work);
    return answer(running_commands_);
  }
  running_work_ = work;
  running_ = std::async(std::launch::async, [this, request = request_for(work)] {
    return load_universe(options_, request);
  });
}

bool UniverseBuilder::Impl::is_done() const {
  return running_.valid() &&
         running_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

void UniverseBuilder::Impl::finish_work() {
  take(running_.get(), running_work_);
  answer(running_commands_);
  if (waiting_ != Work::none) start_work(std::exchange(waiting_, Work::none));
}

void UniverseBuilder::Impl::take(LoadResult result, Work work) {
  if (work == Work::read) version_ = result.version;
  if (!result.problem.empty()) return refuse(std::move(result.problem));
  state_problem_ = std::move(result.state_problem);
  auto old = std::exchange(universe_, std::move(result.universe));
  report_ = std::move(result.report);
  if (work == Work::read) {
    last_error_.clear();
    if (!good_version_ || good_version_ != version_) {  // the same file again is as old as it was
      age_ =
          DumpAge(universe_->dump().get(), now_, options_.use_file_date ? version_ : std::nullopt);
    }
    good_version_ = version_;
  }
  ++refreshes_;
  publish_scans(result.difference.scans, market::ist_date(now_));
  publish_strikes(watch_.set_universe(universe_));
  hand_on(std::move(result.difference.news));
  update_state();
  retire(std::move(old));
}

void UniverseBuilder::Impl::hand_on(std::vector<const market::InstrumentInfo*> news) {
  if (!options_.on_change) return;
  if (!handed_on_) {  // nobody knows the kept universe that this one was compared with
    news.clear();
    for (const market::InstrumentInfo& info : universe_->all()) news.push_back(&info);
  }
  handed_on_ = true;
  options_.on_change(*universe_, news);
}

/// Freeing a hundred thousand instruments takes milliseconds: not on the thread that trades.
void UniverseBuilder::Impl::retire(std::shared_ptr<const Universe> old) {
  if (!options_.background || !old) return;
  retiring_ = std::async(std::launch::async, [last = std::move(old)]() mutable { last.reset(); });
}

void UniverseBuilder::Impl::refuse(std::string problem) {
  ++failures_;
  const bool is_news = problem != last_error_;
  last_error_ = std::move(problem);
  const EngineState before = heartbeat_.state();
  update_state();
  if (is_news && before == EngineState::degraded) publish_health();
}

void UniverseBuilder::Impl::check_file() {
  next_check_ += options_.check_every;
  if (running_.valid()) return;
  const auto found = version_of(options_.dump);
  if (found != version_) start_work(Work::read);
}

/// At the end of the derivatives' session: contracts that expire today are over.
void UniverseBuilder::Impl::drop_expired() {
  next_expiry_ = Timestamp::max();
  if (!universe_) return;
  const std::string first = market::format_date(first_live_expiry(calendar_, now_));
  const auto all = universe_->all();
  const bool any = std::any_of(all.begin(), all.end(), [&](const market::InstrumentInfo& info) {
    return !info.expiry.empty() && info.expiry < first;
  });
  if (any) start_work(Work::another_date);
}

bool UniverseBuilder::Impl::obey(const market::Command& command, Timestamp now) {
  if (stopped_ || command.name != kRefreshCommand) return false;
  if (command.target != "*" && command.target != kName &&
      command.target != publisher_.engine_id()) {
    return false;
  }
  now_ = std::max(now_, now);
  waiting_commands_.push_back(command);
  start_work(Work::read);
  if (table_ != nullptr) answer(waiting_commands_);
  return true;
}

void UniverseBuilder::Impl::answer(std::vector<market::Command>& commands) {
  const bool done = last_error_.empty();
  const std::string reason =
      done ? fmt::format("{} instruments", universe_->all().size()) : last_error_;
  for (const market::Command& command : commands) {
    publisher_.answer(command, done ? "done" : "failed", reason, now_);
  }
  commands.clear();
}

void UniverseBuilder::Impl::on_price(std::string_view exchange, std::string_view symbol,
                                     double price, Timestamp now) {
  if (stopped_) return;
  const auto changes = watch_.on_price(exchange, symbol, price);
  if (changes.empty()) return;
  now_ = std::max(now_, now);
  publish_strikes(changes);
}

// --- the clock ---

void UniverseBuilder::Impl::start(Timestamp now) {
  now_ = now;
  heartbeat_.start(now);
  publish_health();
  if (table_ == nullptr) {
    const auto today = market::ist_date(now);
    std::string problem;
    universe_ = load_kept_universe(options_, today, problem);
    state_problem_ = problem;
    if (universe_) {
      age_ = DumpAge(universe_->dump().get(), now,
                     options_.use_file_date ? version_of(options_.state_file) : std::nullopt);
    }
    next_check_ = now + options_.check_every;
  }
  start_work(Work::read);
  if (!last_error_.empty() && universe_) start_work(Work::another_date);  // the kept one, as of now
  plan();
  update_state();
}

/// A new session date is told even when the file is the same.
void UniverseBuilder::Impl::open_session() {
  const bool same = table_ == nullptr && last_error_.empty() && universe_ &&
                    version_of(options_.dump) == good_version_;
  start_work(same ? Work::another_date : Work::read);
  plan();
}

/// When the next session begins and when today's contracts end.
void UniverseBuilder::Impl::plan() {
  next_open_ = calendar_.next_open(now_);
  if (table_ != nullptr) return;
  const auto end = end_of_derivatives(calendar_, market::ist_date(now_));
  next_expiry_ = end && *end > now_ ? *end : Timestamp::max();
}

Timestamp UniverseBuilder::Impl::next_due() const {
  if (is_done()) return now_;
  return std::min({heartbeat_.next_due(), next_check_, next_open_, next_expiry_});
}

void UniverseBuilder::Impl::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    now_ = std::max(now_, due);
    if (is_done()) {
      finish_work();
    } else if (next_expiry_ <= due) {
      drop_expired();
    } else if (next_open_ <= due) {
      open_session();
    } else if (next_check_ <= due) {
      check_file();
    } else {
      publish_health();
      heartbeat_.beat();
    }
  }
  now_ = std::max(now_, now);
}

void UniverseBuilder::Impl::skip_to(Timestamp now) {
  now_ = std::max(now_, now);
  heartbeat_.skip_to(now);
  if (is_done()) finish_work();
  if (next_open_ <= now) {
    open_session();
  } else if (next_expiry_ <= now) {
    drop_expired();
  }
  if (next_check_ > now) return;
  check_file();
  next_check_ = std::max(next_check_, now + options_.check_every);
}

void UniverseBuilder::Impl::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(EngineState::error)) publish_health(reason);
}

void UniverseBuilder::Impl::stop(Timestamp now) {
  now_ = std::max(now_, now);
  next_check_ = next_open_ = next_expiry_ = Timestamp::max();
  for (auto* commands : {&running_commands_, &waiting_commands_}) {
    for (const market::Command& command : *commands) {
      publisher_.answer(command, "failed", "the engine stopped before the refresh was done", now_);
    }
    commands->clear();
  }
  if (running_.valid()) running_.wait();
  running_ = {};
  waiting_ = Work::none;
  stopped_ = true;
  if (heartbeat_.change(EngineState::stopped)) publish_health();
}

// --- telling ---

void UniverseBuilder::Impl::publish_scans(const Scans& scans, market::IstDate date) {
  const DumpReport* report = table_ == nullptr ? &report_ : nullptr;
  for (const auto& [exchange, scan] : scans) {
    publisher_.publish(scan_event(exchange, scan, date, report), now_);
  }
  publisher_.publish(summary_event(scans, date, report), now_);
}

void UniverseBuilder::Impl::publish_strikes(const std::vector<WindowChange>& changes) {
  for (const WindowChange& change : changes) {
    publisher_.publish(
        strikes_event(watch_.query(change.index), watch_.windows()[change.index], change), now_);
  }
}

void UniverseBuilder::Impl::update_state() {
  const bool stale = age_.sessions(calendar_, now_) > options_.stale_after_sessions;
  const bool good = last_error_.empty() && state_problem_.empty() && !stale;
  if (heartbeat_.change(good ? EngineState::active : EngineState::degraded)) publish_health();
}

void UniverseBuilder::Impl::publish_health(std::string_view error) {
  const auto age = age_.hours(now_);
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics.set("instruments", universe_ ? universe_->all().size() : 0)
      .set("refreshes", refreshes_);
  if (table_ == nullptr) {
    health.metrics.set("failures", failures_)
        .set("bad_rows", report_.bad_rows + report_.repeated_rows)
        .set("dump_age_sessions", age_.sessions(calendar_, now_));
  }
  health.metrics.set("instruments_age_hours", age ? Value(*age) : Value(nullptr));
  if (!last_error_.empty()) health.metrics.set("last_error", last_error_);
  if (!state_problem_.empty()) health.metrics.set("state_error", state_problem_);
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, now_);
}

}  // namespace tapedeck::universe
