#include "alert/backtest.hpp"

#include <algorithm>
#include <unordered_map>

#include "alert/evaluator.hpp"

namespace tapedeck::alert {
namespace {

constexpr ReadLimits kSlice{.events = 10'000, .bytes = std::size_t{4} << 20};

/// The clock of the past: events say what time it is. It does not go back.
Moment moment_of(std::int64_t ns) noexcept {
  return {ns, ns, ns};
}

class Run {
 public:
  Run(const CompiledRulePtr& rule, const BacktestQuery& query, const AlertLimits& limits,
      const market::TradingCalendar& calendar, std::int64_t from)
      : name_(rule->rule.name), limit_(query.limit), evaluator_(limits, calendar), clock_(from) {
    evaluator_.add(rule, moment_of(clock_));
    result_.from_ns = from;
  }

  void look(const char* frame, const FrameIndex& index) {
    clock_ = std::max(clock_, index.timestamp_ns);
    evaluator_.advance(moment_of(clock_));
    evaluator_.look(frame, index, std::max<std::int64_t>(index.timestamp_ns, 0), 0,
                    moment_of(clock_));
    collect();
  }

  BacktestResult finish(std::int64_t until) {
    clock_ = std::max(clock_, until);
    evaluator_.advance(moment_of(clock_));
    collect();
    const Evaluator::RuleFigures figures = evaluator_.figures(name_);
    result_.until_ns = clock_;
    result_.matches = figures.matches;
    result_.firings = figures.firings;
    result_.suppressed = figures.suppressed;
    result_.dropped_groups = figures.dropped_groups;
    return std::move(result_);
  }

  BacktestResult& result() noexcept { return result_; }

 private:
  void collect() {
    for (AlertChange& change : evaluator_.take_changes()) {
      AlertStatus& status = change.status;
      if (status.state == AlertState::resolved) {
        const auto open = open_.find(change.group);
        if (open == open_.end()) continue;
        result_.episodes[open->second].resolved_ns = status.resolved_ns;
        open_.erase(open);
      } else if (result_.episodes.size() < limit_) {
        open_[change.group] = result_.episodes.size();
        result_.episodes.push_back({std::move(status.group), std::move(status.summary),
                                    status.value, std::move(status.event_id), change.wall, 0,
                                    status.suppressed});
      }
    }
  }

  const std::string name_;
  const std::size_t limit_;
  Evaluator evaluator_;
  std::int64_t clock_;
  std::unordered_map<std::uint64_t, std::size_t> open_;  // by group: which episode
  BacktestResult result_;
};

/// The oldest or newest event's time; nothing without events.
std::optional<std::int64_t> edge_of(const Tape& tape, bool newest) {
  const SeqBounds all{tape.oldest_seq(), tape.end_seq()};
  const ReadLimits one{.events = 1};
  const Selection found = newest ? tape.newest({}, all, one) : tape.forward({}, all, one);
  if (found.items.empty()) return std::nullopt;
  return found.items.front().index->timestamp_ns;
}

/// What is read of the history: with a guard events of two kinds, which no filter names.
CompiledFilter filter_of(const Rule& rule, const BacktestQuery& query) {
  Filter filter = rule.only_while ? Filter{} : rule.when;
  filter.since = query.since;
  filter.until = query.until;
  return CompiledFilter(filter);
}

Error too_many(std::uint64_t most) {
  return {"too_many_events",
          "There are more than " + std::to_string(most) +
              " events to be looked at; narrow since and until.",
          "since"};
}

}  // namespace

Result<BacktestResult> run_backtest(const Tape& tape, const CompiledRulePtr& rule,
                                    const BacktestQuery& query, const AlertLimits& limits,
                                    const market::TradingCalendar& calendar) {
  try {
    const std::int64_t oldest = edge_of(tape, false).value_or(0);
    const std::int64_t newest = edge_of(tape, true).value_or(0);
    const std::int64_t from = query.since ? to_ns(*query.since) : oldest;
    Run run(rule, query, limits, calendar, std::max<std::int64_t>(from, 0));
    const CompiledFilter filter = filter_of(rule->rule, query);
    SeqBounds bounds{tape.oldest_seq(), tape.end_seq()};
    while (bounds.first < bounds.end) {
      const Selection slice = tape.forward(filter, bounds, kSlice);
      for (const ScannedEvent& event : slice.items) run.look(event.frame, *event.index);
      run.result().events += slice.items.size();
      run.result().missing += slice.missing;
      if (run.result().events > query.max_events) return too_many(query.max_events);
      if (slice.next <= bounds.first) break;
      bounds.first = slice.next;
    }
    return run.finish(query.until ? to_ns(*query.until) : newest);
  } catch (const HistoryError& error) {
    return Error{"history_failed", error.what(), ""};
  }
}

}  // namespace tapedeck::alert
