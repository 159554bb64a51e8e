#include "alert/alert_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "alert/address_rules.hpp"
#include "alert/alert_service_impl.hpp"
#include "alert/backtest.hpp"

namespace tapedeck::alert {
namespace {

/// How long the thread may be silent before the heartbeat stops saying that alerts are watched.
constexpr std::int64_t kAliveNs = 10'000'000'000;

std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

AlertClock make_clock(const AlertOptions& options) {
  AlertClock::Time wall = options.wall_time;
  if (!wall) wall = [] { return now(); };
  return {std::move(wall), options.market_time, &steady_ns};
}

AlertOptions complete(AlertOptions options) {
  if (!options.log) options.log = [](std::string_view) {};
  return options;
}

Error no_rule(std::string_view name) {
  return {"not_found", fmt::format("There is no rule {}.", name), "rule"};
}

}  // namespace

AlertService::Impl::Impl(TelemetryBus& to_watch, const History* history, AlertOptions given)
    : bus(to_watch),
      options(complete(std::move(given))),
      calendar(options.calendar ? options.calendar
                                : std::make_shared<const market::TradingCalendar>()),
      tape(bus, history),
      source(bus.register_source({.engine_id = "alerts"})),
      store(options.file.empty() ? nullptr : std::make_unique<ValueStore>(options.file)),
      dispatcher(options.delivery, store.get(), options.log),
      clock(make_clock(options)),
      evaluator(options.limits, *calendar),
      book(options.limits.max_rules, store.get()),
      silences(store.get()) {
  if (auto error = book.set_configured(options.rules)) throw std::invalid_argument(error->message);
  book.load(options.log);
  silences.load();
  last_turn_ns.store(steady_ns(), std::memory_order_relaxed);
  dispatcher.set_alive_check(
      [this] { return steady_ns() - last_turn_ns.load(std::memory_order_relaxed) < kAliveNs; });
}

AlertService::Impl::~Impl() {
  stop();
}

void AlertService::Impl::start() {
  {
    const std::lock_guard lock(mutex);
    moment = clock.look();
    for (const auto& [name, entry] : book.entries()) {
      if (entry.compiled->rule.enabled) evaluator.add(entry.compiled, moment);
    }
    take_up();
  }
  dispatcher.start();
  thread = std::thread([this] { run(); });
}

void AlertService::Impl::stop() {
  if (!thread.joinable()) return;
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    stop_seq = tape.end_seq();
  }
  wake.notify_all();
  thread.join();
  save(moment);
  dispatcher.stop();
}

void AlertService::Impl::enlist(const CompiledRulePtr& rule) {
  if (rule->rule.enabled) evaluator.add(rule, moment);
}

void AlertService::Impl::delist(std::string_view name) {
  evaluator.remove(name, moment);
}

RuleStatus AlertService::Impl::status_of(const std::string& name,
                                         const RuleBook::Entry& entry) const {
  const Evaluator::RuleFigures figures = evaluator.figures(name);
  RuleStatus status;
  status.rule = entry.compiled->rule;
  status.origin = entry.origin;
  status.firing = figures.firing;
  status.pending = figures.pending;
  status.matches_total = figures.matches;
  status.firings_total = figures.firings;
  status.suppressed_total = figures.suppressed;
  status.dropped_groups_total = figures.dropped_groups;
  status.last_fired_ns = figures.last_fired_wall;
  status.silenced_until_ns = silences.rule_until(name, moment.wall);
  return status;
}

AlertService::AlertService(TelemetryBus& bus, const History* history, AlertOptions options)
    : impl_(std::make_unique<Impl>(bus, history, std::move(options))) {}
AlertService::~AlertService() = default;

void AlertService::start() {
  impl_->start();
}

void AlertService::stop() {
  impl_->stop();
}

std::optional<Error> AlertService::reload(std::vector<Rule> rules, DeliveryOptions delivery) {
  if (auto filter = AddressFilter::make(delivery.addresses); !filter) return filter.error();
  const std::lock_guard lock(impl_->mutex);
  const RuleBook::Entries before = impl_->book.entries();
  if (auto error = impl_->book.set_configured(std::move(rules))) return error;
  impl_->dispatcher.reload(std::move(delivery));
  const RuleBook::Entries& after = impl_->book.entries();
  const auto same = [](const RuleBook::Entry& a, const RuleBook::Entry& b) {
    return rule_json(a.compiled->rule) == rule_json(b.compiled->rule);
  };
  for (const auto& [name, entry] : before) {
    const auto now = after.find(name);
    if (now == after.end() || !same(entry, now->second)) impl_->delist(name);
  }
  for (const auto& [name, entry] : after) {
    const auto former = before.find(name);
    if (former == before.end() || !same(former->second, entry)) impl_->enlist(entry.compiled);
  }
  return std::nullopt;
}

// --- rules ---

std::vector<RuleStatus> AlertService::rules() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<RuleStatus> out;
  for (const auto& [name, entry] : impl_->book.entries()) {
    out.push_back(impl_->status_of(name, entry));
  }
  return out;
}

std::optional<RuleStatus> AlertService::rule(std::string_view name) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->book.entries().find(name);
  if (found == impl_->book.entries().end()) return std::nullopt;
  return impl_->status_of(found->first, found->second);
}

Result<Rule> AlertService::check_rule(std::string_view name, std::string_view json) const {
  auto rule = parse_rule(name, json);
  if (!rule) return rule;
  for (std::size_t i = 0; i < rule->notify.size(); ++i) {
    if (auto error = impl_->dispatcher.check_target(rule->notify[i])) {
      error->field = fmt::format("/notify/{}", i);
      return std::move(*error);
    }
  }
  return rule;
}

Result<bool> AlertService::put_rule(std::string_view name, std::string_view json) {
  auto rule = check_rule(name, json);
  if (!rule) return rule.error();
  auto compiled = CompiledRule::compile(std::move(rule).value());
  if (!compiled) return compiled.error();
  bool is_new = false;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto former = impl_->book.entries().find(name);
    const bool same = former != impl_->book.entries().end() &&
                      rule_json(former->second.compiled->rule) == rule_json((*compiled)->rule);
    const auto put = impl_->book.put(*compiled);
    if (!put) return put.error();
    is_new = *put;
    if (!same) {
      impl_->delist(name);
      impl_->enlist(*compiled);
    }
  }
  if (auto error = flush()) return std::move(*error);
  return is_new;
}

std::optional<Error> AlertService::delete_rule(std::string_view name) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (auto error = impl_->book.erase(name)) return error;
    impl_->delist(name);
    impl_->silences.forget_rule(name);
  }
  return flush();
}

std::optional<Error> AlertService::flush() {
  if (impl_->store == nullptr) return std::nullopt;
  const std::string problem = impl_->store->flush();
  if (problem.empty()) return std::nullopt;
  return Error{"store_failed",
               "The change is in force, but is not on the disk yet: " + problem +
                   ". It is tried again every second.",
               ""};
}

// --- state ---

std::vector<AlertStatus> AlertService::alerts() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<AlertStatus> out;
  impl_->evaluator.for_each([&](const CompiledRule& rule, GroupState& group) {
    AlertStatus status = impl_->evaluator.status(rule, group);
    status.silenced_until_ns = impl_->silences.until(rule.rule.name, group.id, impl_->moment.wall);
    out.push_back(std::move(status));
  });
  std::sort(out.begin(), out.end(), [](const AlertStatus& a, const AlertStatus& b) {
    return std::max(a.since_ns, a.fired_ns) > std::max(b.since_ns, b.fired_ns);
  });
  out.insert(out.end(), impl_->resolved.rbegin(), impl_->resolved.rend());
  return out;
}

Result<std::size_t> AlertService::acknowledge(std::string_view rule,
                                              const std::optional<Group>& group,
                                              std::string_view by) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->book.entries().find(rule);
  if (found == impl_->book.entries().end()) return no_rule(rule);
  const std::string wanted = group ? found->second.compiled->group_id(*group) : std::string();
  std::size_t marked = 0;
  impl_->evaluator.for_each([&](const CompiledRule& of, GroupState& state) {
    if (of.rule.name != rule || state.phase != Phase::firing) return;
    if (group && state.id != wanted) return;
    state.acknowledged_by = by.empty() ? "somebody" : by;
    state.acknowledged_wall = impl_->moment.wall;
    impl_->evaluator.touch(rule, state);
    ++marked;
  });
  if (marked == 0 && group) {
    return Error{"not_found", fmt::format("Nothing of {} fires for that group.", rule), "/group"};
  }
  if (marked > 0) {
    publish_action(impl_->bus, impl_->source, {rule, "acknowledge", group ? &*group : nullptr, by});
  }
  return marked;
}

std::optional<Error> AlertService::silence(std::string_view rule, const std::optional<Group>& group,
                                           Duration how_long, std::string_view by,
                                           std::string_view reason) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->book.entries().find(rule);
  if (found == impl_->book.entries().end()) return no_rule(rule);
  const bool begins = how_long.count() > 0;
  const std::int64_t now_ns = impl_->moment.wall;
  const std::int64_t until = begins ? now_ns + how_long.count() : 0;
  const std::string id = group ? found->second.compiled->group_id(*group) : std::string();
  impl_->silences.set(rule, id, until, now_ns);
  publish_action(
      impl_->bus, impl_->source,
      {rule, begins ? "silence" : "unsilence", group ? &*group : nullptr, by, until, reason});
  return std::nullopt;
}

AlertFigures AlertService::figures() const {
  const std::lock_guard lock(impl_->mutex);
  AlertFigures out = impl_->totals;
  out.rules = impl_->book.entries().size();
  for (const auto& [name, entry] : impl_->book.entries()) {
    const Evaluator::RuleFigures figures = impl_->evaluator.figures(name);
    out.pending += figures.pending;
    out.firing += figures.firing;
    out.old_total += figures.old;
    out.suppressed_total += figures.suppressed;
  }
  out.behind = impl_->tape.end_seq() - std::min(impl_->tape.end_seq(), impl_->next_seq);
  if (impl_->store != nullptr) out.problem = impl_->store->problem();
  return out;
}

// --- trying ---

Result<BacktestResult> AlertService::backtest(const Rule& rule, const BacktestQuery& query) const {
  auto compiled = CompiledRule::compile(rule);
  if (!compiled) return compiled.error();
  return run_backtest(impl_->tape, *compiled, query, impl_->options.limits, *impl_->calendar);
}

std::vector<std::pair<std::string, std::optional<Error>>> AlertService::send_test(
    const Rule& rule) {
  std::vector<std::pair<std::string, std::optional<Error>>> out;
  const std::int64_t now_ns = to_ns(now());
  for (const std::string& target : rule.notify) {
    Notification test;
    test.id = delivery_id(rule.name, fmt::format("test-{}", now_ns), target);
    test.target = target;
    test.rule = rule.name;
    test.alert_id = "test";
    test.state = "test";
    test.severity = rule.severity;
    test.summary = fmt::format("A test: the alert {} would reach you here.", rule.name);
    test.description = rule.description;
    test.at_ns = test.started_ns = now_ns;
    out.emplace_back(shown_target(target), impl_->dispatcher.send_now(test));
  }
  return out;
}

Dispatcher& AlertService::deliveries() noexcept {
  return impl_->dispatcher;
}

}  // namespace tapedeck::alert
