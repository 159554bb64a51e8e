#include "tapedeck/execution/execution_engine.hpp"

#include <algorithm>
#include <utility>

#include "execution/engine_impl.hpp"
#include "execution/margin.hpp"

namespace tapedeck::execution {

using market::EngineState;

ExecutionEngine::Impl::Impl(market::EnginePublisher publisher,
                            const market::TradingCalendar& calendar,
                            const market::InstrumentTable& instruments,
                            std::unique_ptr<Broker> broker, ExecutionOptions options, NewsSink news)
    : publisher_(std::move(publisher)),
      calendar_(calendar),
      instruments_(instruments),
      broker_(std::move(broker)),
      options_(std::move(options)),
      news_(std::move(news)),
      heartbeat_(options_.health_every),
      book_(options_.pnl_basis),
      rate_(options_.limits.rates),
      square_off_(calendar, options_.square_off),
      gate_(options_, orders_, book_, rate_, square_off_),
      prices_(instruments) {
  broker_->set_listener(this);
}

// --- prices ---

void ExecutionEngine::Impl::on_price(const PriceUpdate& price) {
  set_now(price.at);
  if (!is_price(price.price)) {
    ++counts_.bad_prices;
    return;
  }
  PriceSlot& slot = prices_.slot(price.exchange, price.symbol);
  slot.last = price.price;
  if (!orders_.working().empty()) {
    PriceUpdate resolved = price;
    resolved.exchange = slot.exchange;
    broker_->on_price(resolved);
  }
  if (open_positions_ > 0 && !slot.positions.empty()) mark(slot, price);
}

void ExecutionEngine::Impl::mark(PriceSlot& slot, const PriceUpdate& price) {
  for (const HeldPosition& held : slot.positions) {
    Position& position = *held.position;
    if (position.size == 0) continue;
    position.last_price = price.price;
    if (price.price == position.marked_price) continue;
    if (price.at - position.marked_at < options_.mark_every) continue;
    position.marked_at = price.at;
    position.marked_price = price.price;
    publish_position(*held.key, position, price.at, nullptr);
  }
}

// --- figures ---

double ExecutionEngine::Impl::total_net() const {
  Money net = 0;
  for (const auto& [key, position] : book_.all()) {
    net += position.realized + position.unrealized() - position.charges;
  }
  return to_rupees(net);
}

/// Capital less losses, less what positions and entries at work tie up. Gains are not lent.
double ExecutionEngine::Impl::margin_available() const {
  double used = 0;
  for (const auto& [key, position] : book_.all()) used += margin_of(key, position, options_);
  for (const auto& [id, order] : orders_.working()) {
    const OrderRequest& request = order.request;
    const Position* held = book_.find(order.key());
    const bool leaves = held != nullptr && held->size != 0 &&
                        (held->size > 0) == (request.side == strategy::Side::sell);
    if (order.is_parent() || leaves) continue;
    used += margin_of(request.instrument, request.product,
                      strategy::signed_qty(request.side, order.remaining()),
                      valued_at(order.intent, request.instrument, request.last_price), options_);
  }
  return options_.capital + std::min(0.0, total_net()) - used;
}

strategy::Pnl ExecutionEngine::Impl::pnl(std::string_view strategy) const {
  strategy::Pnl total;
  Money realized = 0, unrealized = 0, charges = 0, day_net = 0;
  for (const auto& [key, position] : book_.all()) {
    if (!strategy.empty() && key.strategy != strategy) continue;
    realized += position.realized;
    unrealized += position.unrealized();
    charges += position.charges;
    day_net += position.day_net();
    total.margin_used += margin_of(key, position, options_);
    if (position.size != 0) ++total.open_positions;
  }
  total.realized = to_rupees(realized);
  total.unrealized = to_rupees(unrealized);
  total.charges = to_rupees(charges);
  total.day_net = to_rupees(day_net);
  total.margin_available = margin_available();
  return total;
}

std::vector<PositionView> ExecutionEngine::Impl::positions() const {
  std::vector<PositionView> all;
  for (const auto& [key, position] : book_.all()) {
    all.push_back({.exchange = key.exchange,
                   .symbol = key.symbol,
                   .product = key.product,
                   .strategy = key.strategy,
                   .size = position.size,
                   .entry_price = position.entry_price(),
                   .last_price = position.last_price,
                   .realized = to_rupees(position.realized),
                   .unrealized = to_rupees(position.unrealized()),
                   .day_pnl = to_rupees(position.day_pnl()),
                   .charges = to_rupees(position.charges)});
  }
  return all;
}

// --- the clock ---

void ExecutionEngine::Impl::roll_day(market::IstDate date) {
  today_ = date;
  for (const market::SessionGroup group : market::kSessionGroups) {
    square_off_today_[static_cast<std::size_t>(group)] = square_off_.on(group, date);
  }
  prices_.forget_resolved();
  for (auto& [key, position] : book_.all()) position.begin_day(date);
}

void ExecutionEngine::Impl::set_state(EngineState state) {
  const bool changes = state != heartbeat_.state();
  if (killed_ && state == EngineState::active) state = EngineState::degraded;
  if (changes && heartbeat_.change(state)) publish_health(now_);
}

void ExecutionEngine::Impl::start(Timestamp now) {
  set_now(now);
  heartbeat_.start(now);
  publish_health(now);
  restore();
  next_square_off_ = options_.square_off_mis ? square_off_.next(now) : Timestamp::max();
  set_state(counts_.damaged_state > 0 ? EngineState::degraded : EngineState::active);
  reconcile_restored();
}

Timestamp ExecutionEngine::Impl::next_due() const {
  Timestamp due =
      std::min({heartbeat_.next_due(), broker_->next_due(), next_square_off_, next_answer_due_});
  for (const auto& [key, closing] : closings_) due = std::min(due, closing.next_try);
  for (const PendingCommand& pending : commands_) due = std::min(due, pending.deadline);
  return due;
}

void ExecutionEngine::Impl::do_due_work() {
  broker_->advance_to(now_);
  if (next_answer_due_ <= now_) ask_overdue();
  if (next_square_off_ <= now_) {
    square_off();
    next_square_off_ = square_off_.next(now_);
  }
  if (!closings_.empty() || !commands_.empty()) run_closings();
  orders_.forget_finished(options_.keep_finished_orders);
}

void ExecutionEngine::Impl::beat(Timestamp due) {
  const bool troubled = std::exchange(troubles_at_last_beat_, troubles_) != troubles_;
  heartbeat_.change(troubled || killed_ ? EngineState::degraded : EngineState::active);
  publish_health(due);
  heartbeat_.beat();
  save_marks();
}

void ExecutionEngine::Impl::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    set_now(due);
    do_due_work();
    if (heartbeat_.next_due() <= now_) beat(heartbeat_.next_due());
  }
  set_now(now);
}

void ExecutionEngine::Impl::skip_to(Timestamp now) {
  set_now(now);
  do_due_work();
  heartbeat_.skip_to(now);
}

void ExecutionEngine::Impl::fail(Timestamp now, std::string_view reason) {
  set_now(now);
  if (heartbeat_.change(EngineState::error)) publish_health(now_, reason);
}

void ExecutionEngine::Impl::stop(Timestamp now) {
  set_now(now);
  closings_.clear();
  cancel_all(now_, "the engine stops");
  for (const PendingCommand& pending : std::exchange(commands_, {})) {
    publisher_.answer(pending.command, "failed", "the engine stopped before it was done", now_);
  }
  save_marks();
  if (heartbeat_.change(EngineState::stopped)) publish_health(now_);
}

// --- the engine ---

ExecutionEngine::ExecutionEngine(market::EnginePublisher publisher,
                                 const market::TradingCalendar& calendar,
                                 const market::InstrumentTable& instruments,
                                 std::unique_ptr<Broker> broker, ExecutionOptions options,
                                 NewsSink news)
    : impl_(std::make_unique<Impl>(std::move(publisher), calendar, instruments, std::move(broker),
                                   std::move(options), std::move(news))) {}
ExecutionEngine::~ExecutionEngine() = default;

std::string ExecutionEngine::submit(const strategy::OrderIntent& intent, Timestamp now) {
  return impl_->submit(intent, now);
}
std::optional<strategy::RiskRefusal> ExecutionEngine::modify(std::string_view order_id,
                                                             const OrderChanges& changes,
                                                             Timestamp now) {
  return impl_->modify(order_id, changes, now);
}
std::optional<strategy::RiskRefusal> ExecutionEngine::cancel(std::string_view order_id,
                                                             Timestamp now,
                                                             std::string_view reason) {
  return impl_->cancel(order_id, now, reason);
}
std::size_t ExecutionEngine::cancel_all(Timestamp now, std::string_view reason) {
  return impl_->cancel_all(now, reason);
}
void ExecutionEngine::on_price(const PriceUpdate& price) {
  impl_->on_price(price);
}
strategy::Pnl ExecutionEngine::pnl(std::string_view strategy) const {
  return impl_->pnl(strategy);
}
std::optional<strategy::RiskRefusal> ExecutionEngine::refusal_of(
    const strategy::OrderIntent& intent, Timestamp now) const {
  return impl_->refusal_of(intent, now);
}
std::optional<OrderView> ExecutionEngine::order(std::string_view order_id) const {
  const Order* order = impl_->orders().find(order_id);
  if (order == nullptr) return std::nullopt;
  return OrderView{order->status, order->request.qty, order->filled, order->avg_price(),
                   order->request.limit_price};
}
std::vector<PositionView> ExecutionEngine::positions() const {
  return impl_->positions();
}
const ExecutionCounts& ExecutionEngine::counts() const noexcept {
  return impl_->counts();
}
bool ExecutionEngine::is_killed() const noexcept {
  return impl_->is_killed();
}
void ExecutionEngine::start(Timestamp now) {
  impl_->start(now);
}
Timestamp ExecutionEngine::next_due() const {
  return impl_->next_due();
}
void ExecutionEngine::advance_to(Timestamp now) {
  impl_->advance_to(now);
}
void ExecutionEngine::skip_to(Timestamp now) {
  impl_->skip_to(now);
}
void ExecutionEngine::fail(Timestamp now, std::string_view reason) {
  impl_->fail(now, reason);
}
void ExecutionEngine::stop(Timestamp now) {
  impl_->stop(now);
}
void ExecutionEngine::stop_telemetry() {
  impl_->stop_telemetry();
}
bool ExecutionEngine::obey(const market::Command& command, Timestamp now) {
  return impl_->obey(command, now);
}

}  // namespace tapedeck::execution
