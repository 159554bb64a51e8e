// How ExecutionEngine gets out: the kill switch, flatten, square_off and the automatic square-off.
// Closing a position means orders that reduce it, one at a time, tried again every second until it
// is flat and nothing works in it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "execution/engine_impl.hpp"
#include "execution/order_slicer.hpp"

namespace tapedeck::execution {
namespace {

using market::Command;
using strategy::Side;

constexpr std::chrono::seconds kTryAgainAfter{1};
constexpr std::chrono::minutes kLookAgainAfter{1};

}  // namespace

// --- commands ---

bool ExecutionEngine::Impl::obey(const Command& command, Timestamp now) {
  const bool for_us =
      command.target == "*" || command.target == kName || command.target == publisher_.engine_id();
  const bool known = command.name == "kill" || command.name == "resume" ||
                     command.name == "flatten" || command.name == "square_off";
  if (!for_us || !known) return false;
  set_now(now);
  const market::EngineState state = heartbeat_.state();
  if (state == market::EngineState::idle || state == market::EngineState::stopped) {
    publisher_.answer(command, "refused", "the engine is not running", now_);
    return true;
  }
  if (command.name == "kill") {
    kill(command);
  } else if (command.name == "resume") {
    killed_ = false;
    killed_by_.clear();
    save("kill", {});
    set_state(market::EngineState::active);
    publisher_.answer(command, "done", "orders are taken again", now_);
  } else {
    close_positions(command, command.name == "square_off");
  }
  return true;
}

/// Blocks first, so that nothing that hears of the cancellations can send an order.
void ExecutionEngine::Impl::kill(const Command& command) {
  killed_ = true;
  killed_by_ = command.by.empty() ? "somebody" : command.by;
  save("kill", killed_by_);
  const std::size_t asked = cancel_all(now_, "kill switch");
  set_state(market::EngineState::degraded);
  publisher_.answer(command, "done",
                    fmt::format("entries are blocked and {} orders are being cancelled; orders "
                                "that reduce a position stay possible",
                                asked),
                    now_);
}

std::set<PositionKey> ExecutionEngine::Impl::keys_at_work(bool intraday_only) const {
  std::set<PositionKey> keys;
  const auto concerns = [&](const PositionKey& key) {
    return !intraday_only || key.product == kIntraday;
  };
  for (const auto& [key, position] : book_.all()) {
    if (position.size != 0 && concerns(key)) keys.insert(key);
  }
  for (const auto& [id, order] : orders_.working()) {
    if (PositionKey key = order.key(); concerns(key)) keys.insert(std::move(key));
  }
  return keys;
}

void ExecutionEngine::Impl::close_positions(const Command& command, bool intraday_only) {
  PendingCommand pending;
  pending.command = command;
  pending.deadline = now_ + options_.command_timeout;
  pending.keys = keys_at_work(intraday_only);
  commands_.push_back(std::move(pending));
  const std::set<PositionKey> keys = commands_.back().keys;
  const std::string reason = command.reason.empty() ? command.name : command.reason;
  for (const PositionKey& key : keys) begin_closing(key, {.reason = reason, .next_try = now_});
  run_closings();
}

void ExecutionEngine::Impl::square_off() {
  // After a gap in the feed: what should have been closed yesterday is closed as soon as it can be.
  const bool missed = market::ist_date(next_square_off_) < today_;
  for (const PositionKey& key : keys_at_work(true)) {
    const Position* position = book_.find(key);
    const auto working = std::find_if(orders_.working().begin(), orders_.working().end(),
                                      [&](const auto& entry) { return entry.second.key() == key; });
    const market::InstrumentInfo* instrument = position != nullptr ? &position->instrument
                                               : working != orders_.working().end()
                                                   ? &working->second.request.instrument
                                                   : nullptr;
    if (instrument == nullptr) continue;
    if (!missed && !square_off_.has_begun(instrument->group, now_)) continue;
    begin_closing(key, {.reason = "automatic square-off of an intraday position",
                        .fee = fee_on(options_.square_off_fees, today_),
                        .automatic = true,
                        .next_try = now_});
  }
}

// --- closing ---

/// Cancels what works in the position, but for market orders that leave it already.
void ExecutionEngine::Impl::begin_closing(const PositionKey& key, Closing closing) {
  if (closing.automatic && closings_.contains(key)) return;
  const std::string reason = closing.reason;
  closings_[key] = std::move(closing);
  const Position* position = book_.find(key);
  const std::int64_t size = position != nullptr ? position->size : 0;
  std::vector<std::string> ids;
  for (const auto& [id, order] : orders_.working()) {
    const bool leaves = size != 0 && (size > 0) == (order.request.side == Side::sell) &&
                        order.request.type == OrderType::market;
    if (!order.is_parent() && !leaves && order.key() == key) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    Order* order = orders_.find(id);
    if (order != nullptr && !is_final(order->status)) ask_to_cancel(*order, reason);
  }
}

void ExecutionEngine::Impl::run_closings() {
  std::vector<PositionKey> keys;
  for (const auto& [key, closing] : closings_) {
    if (closing.next_try <= now_) keys.push_back(key);
  }
  for (const PositionKey& key : keys) {
    if (!closings_.contains(key)) continue;
    if (is_closed(key)) {
      closings_.erase(key);
    } else {
      try_to_close(key);
    }
  }
  answer_commands();
}

bool ExecutionEngine::Impl::is_closed(const PositionKey& key) const {
  const Position* position = book_.find(key);
  const bool flat = position == nullptr || position->size == 0;
  return flat && orders_.pending(key, Side::buy) == 0 && orders_.pending(key, Side::sell) == 0;
}

void ExecutionEngine::Impl::try_to_close(const PositionKey& key) {
  Closing& closing = closings_.at(key);
  closing.next_try = now_ + kTryAgainAfter;
  const Position* position = book_.find(key);
  const std::int64_t size = position != nullptr ? position->size : 0;
  const Side side = size > 0 ? Side::sell : Side::buy;
  const std::int64_t left = std::abs(size) - orders_.pending(key, side);
  if (size == 0 || left <= 0) return;  // what works has to end first
  if (!calendar_.continuous_at(position->instrument.group, now_)) {
    if (!closing.automatic)
      return give_up(key, fmt::format("{}: the market is closed", key.symbol));
    closing.next_try = calendar_.next_change(position->instrument.group, now_);
    return;
  }
  const auto slices = slices_of(left, position->instrument, options_.limits.max_slices);
  const Timestamp free = rate_.free_at(static_cast<std::int64_t>(slices.size()), now_);
  if (free > now_) {
    closing.next_try = std::min(free, now_ + kLookAgainAfter);
    return;
  }
  if (closing.attempts >= options_.closing_attempts) {
    return give_up(key,
                   fmt::format("{}: {} orders did not close it", key.symbol, closing.attempts));
  }
  ++closing.attempts;
  const double fee = closing.fee;
  const std::string reason = closing.reason;
  submit(closing_intent(key, *position, reason, left), now_, fee);
}

void ExecutionEngine::Impl::give_up(const PositionKey& key, const std::string& why) {
  for (PendingCommand& pending : commands_) {
    if (pending.keys.contains(key) && pending.failure.empty()) pending.failure = why;
  }
  closings_.erase(key);
  surprised();
}

/// Answers the commands whose positions are closed, given up, or out of time.
void ExecutionEngine::Impl::answer_commands() {
  std::vector<PendingCommand> open;
  for (PendingCommand& pending : commands_) {
    const auto left = std::count_if(pending.keys.begin(), pending.keys.end(),
                                    [&](const auto& key) { return closings_.contains(key); });
    if (left == 0) {
      const bool failed = !pending.failure.empty();
      publisher_.answer(
          pending.command, failed ? "failed" : "done",
          failed ? pending.failure
                 : fmt::format("{} positions and their orders are closed", pending.keys.size()),
          now_);
    } else if (now_ >= pending.deadline) {
      for (const PositionKey& key : pending.keys) closings_.erase(key);
      surprised();
      publisher_.answer(pending.command, "failed",
                        fmt::format("{} positions are not closed in time", left), now_);
    } else {
      open.push_back(std::move(pending));
    }
  }
  commands_ = std::move(open);
}

strategy::OrderIntent ExecutionEngine::Impl::closing_intent(const PositionKey& key,
                                                            const Position& position,
                                                            const std::string& reason,
                                                            std::int64_t qty) {
  strategy::OrderIntent intent;
  intent.strategy = key.strategy;
  intent.signal_exchange = position.signal_exchange;
  intent.signal_symbol = position.signal_symbol;
  intent.order_exchange = key.exchange;
  intent.order_symbol = key.symbol;
  intent.side = position.size > 0 ? Side::sell : Side::buy;
  intent.qty = qty;
  intent.product = key.product;
  intent.is_exit = true;
  intent.reason = reason;
  intent.reference_price = position.last_price;
  intent.correlation_id =
      fmt::format("SQ{}T{}", market::format_compact_date(today_), ++closing_ids_);
  intent.round_trip_id = position.round_trip_id;
  intent.decided_at = now_;
  return intent;
}

}  // namespace tapedeck::execution
