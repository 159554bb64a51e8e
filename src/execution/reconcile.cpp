// Answers that do not come, and what ExecutionEngine knows after a restart. An order whose outcome
// is not known is asked for until the broker answers; it is never sent again.
#include <fmt/format.h>

#include <algorithm>

#include "execution/engine_impl.hpp"
#include "execution/saved_state.hpp"
#include "tapedeck/market/state_store.hpp"

namespace tapedeck::execution {
namespace {

constexpr std::string_view kPositionPrefix = "position/";
constexpr std::chrono::milliseconds kAskAtMostEvery{1};

}  // namespace

// --- overdue answers ---

void ExecutionEngine::Impl::expect_answer(Order& order) {
  if (!broker_->is_live() || is_final(order.status)) return;
  order.ask_again = std::max<std::chrono::nanoseconds>(options_.ask_again_after, kAskAtMostEvery);
  const bool asks_now = order.status == OrderStatus::unknown;
  order.answer_due = now_ + (asks_now ? std::chrono::nanoseconds{0} : options_.unknown_after);
  next_answer_due_ = std::min(next_answer_due_, order.answer_due);
}

void ExecutionEngine::Impl::ask_overdue() {
  std::vector<std::string> overdue;
  for (const auto& [id, order] : orders_.working()) {
    if (order.answer_due <= now_) overdue.push_back(id);
  }
  for (const std::string& id : overdue) {
    Order* order = orders_.find(id);
    if (order == nullptr || is_final(order->status) || order->answer_due > now_) continue;
    if (order->status != OrderStatus::unknown) {
      const std::string reason =
          fmt::format("no answer from the broker to {}", to_string(order->status));
      BrokerUpdate update;
      update.order_id = id;
      update.at = now_;
      update.status = OrderStatus::unknown;
      update.reason = reason;
      apply(*order, update, false);
    }
    order->answer_due = now_ + order->ask_again;
    order->ask_again = std::clamp<std::chrono::nanoseconds>(
        order->ask_again * 2, kAskAtMostEvery,
        std::max<std::chrono::nanoseconds>(options_.ask_again_at_most, kAskAtMostEvery));
    broker_->request_status(id, now_);
  }
  next_answer_due_ = Timestamp::max();
  for (const auto& [id, order] : orders_.working()) {
    next_answer_due_ = std::min(next_answer_due_, order.answer_due);
  }
}

/// The broker is sure that it does not have the order (any more).
void ExecutionEngine::Impl::not_found(Order& order, const BrokerUpdate& update) {
  if (is_final(order.status)) {
    ++counts_.duplicate_updates;
    return;
  }
  BrokerUpdate end = update;
  if (order.restored) {
    const bool same_day = order.sent_at && market::ist_date(*order.sent_at) == today_;
    end.status = same_day ? OrderStatus::cancelled : OrderStatus::expired;
    end.reason = "lost in a restart: the broker does not have it";
  } else if (order.acked_at) {
    end.status = OrderStatus::cancelled;
    end.reason = "the broker does not have it any more";
  } else {
    end.status = OrderStatus::rejected;
    end.reason = "it never reached the broker, and was not sent again";
    end.reject_code = "not_found";
  }
  apply(order, end, false);
}

// --- restarts ---

std::string ExecutionEngine::Impl::state_owner() const {
  const std::string& id = publisher_.engine_id();
  if (options_.account.empty() && options_.mode.empty()) return id;
  return fmt::format("{}/{}/{}", id, options_.account, options_.mode);
}

void ExecutionEngine::Impl::save(std::string_view name, std::string value) {
  if (options_.state_store == nullptr) return;
  options_.state_store->save(state_owner(), name, std::move(value));
}

void ExecutionEngine::Impl::save_orders() {
  if (options_.state_store != nullptr) save("orders", orders_text(orders_.working()));
}

void ExecutionEngine::Impl::save_position(const PositionKey& key, const Position& position) {
  if (options_.state_store == nullptr) return;
  const std::string name = fmt::format("{}{}/{}/{}/{}", kPositionPrefix, key.exchange, key.symbol,
                                       key.product, key.strategy);
  save(name, position_text(key, position));
}

/// The last prices of what is held: after a night they are the previous close.
void ExecutionEngine::Impl::save_marks() {
  if (options_.state_store == nullptr) return;
  for (const auto& [key, position] : book_.all()) {
    if (position.size != 0) save_position(key, position);
  }
}

void ExecutionEngine::Impl::restore() {
  if (options_.state_store == nullptr) return;
  for (const auto& [name, value] : options_.state_store->load(state_owner())) {
    if (name == "kill") {
      killed_ = !value.empty();
      killed_by_ = value;
    } else if (name == "last_order_id") {
      broker_->resume_order_ids(value);
    } else if (name == "orders") {
      for (Order& order : read_orders(value, counts_.damaged_state)) {
        const std::string id = order.request.order_id;
        order.restored = true;
        orders_.add(id) = std::move(order);
      }
    } else if (name.starts_with(kPositionPrefix)) {
      restore_position(value);
    }
  }
  catch_up_orders();
  if (counts_.damaged_state > 0) ++troubles_;
}

/// A position is saved before its orders. What came between is in the position: the order learns
/// of its last fill, so that asking the broker does not book it again.
void ExecutionEngine::Impl::catch_up_orders() {
  for (const auto& [key, position] : book_.all()) {
    const LastFill& last = position.last_fill;
    Order* order = orders_.find(last.order_id);
    if (order == nullptr || order->filled >= last.order_filled) continue;
    order->filled = last.order_filled;
    order->turnover = last.order_turnover;
    order->fill_ids.insert(last.fill_id);
    if (order->filled < order->request.qty) continue;
    order->status = OrderStatus::filled;  // told before the restart
    orders_.file(*order);
  }
  for (auto& [id, order] : orders_.working()) {
    if (order.filled > 0 && !order.is_parent()) {
      order.charges = charges_so_far(order, order.filled_at.value_or(now_));
    }
  }
}

void ExecutionEngine::Impl::restore_position(std::string_view text) {
  auto read = read_position(text, book_.basis());
  if (!read) {
    ++counts_.damaged_state;
    return;
  }
  Position& position = book_.restore(read->first, std::move(read->second));
  if (position.size != 0) ++open_positions_;
  const auto at = book_.all().find(read->first);
  PriceSlot& slot = prices_.slot(read->first.exchange, read->first.symbol);
  slot.positions.push_back({&at->first, &position});
  position.begin_day(today_);  // marks what was carried to the price it was saved with
}

void ExecutionEngine::Impl::reconcile_restored() {
  std::vector<std::string> ids;
  for (const auto& [id, order] : orders_.working()) {
    if (order.restored && !order.is_parent()) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    Order* order = orders_.find(id);
    if (order == nullptr || is_final(order->status)) continue;
    BrokerUpdate update;
    update.order_id = id;
    update.at = now_;
    if (order->status == OrderStatus::created) {
      update.status = OrderStatus::cancelled;
      update.reason = "it was not sent before the restart";
      apply(*order, update, false);
      continue;
    }
    if (order->status != OrderStatus::unknown) {
      update.status = OrderStatus::unknown;
      update.reason = "it was at work before the restart";
      apply(*order, update, false);
    }
    order->ask_again =
        std::max<std::chrono::nanoseconds>(options_.ask_again_after, kAskAtMostEvery);
    order->answer_due = now_ + order->ask_again;
    next_answer_due_ = std::min(next_answer_due_, order->answer_due);
    broker_->request_status(id, now_);
  }
}

}  // namespace tapedeck::execution
