// What the tests of ExecutionEngine share: an engine with a bus whose events can be asked for
// single fields, and a live broker that does what the test says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "market/engine_support.hpp"
#include "tapedeck/execution/execution_engine.hpp"
#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::execution {

using namespace std::chrono_literals;  // NOLINT: durations read as such in every test
using strategy::OrderIntent;
using strategy::Side;
using test::at_ist;

/// The text of a top-level field of a payload, without quotes; empty: it is not there.
inline std::string field_of(const std::string& payload, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t at = payload.find(key);
  if (at == std::string::npos) return {};
  std::size_t begin = at + key.size();
  const bool quoted = payload[begin] == '"';
  if (quoted) ++begin;
  const std::size_t end = payload.find_first_of(quoted ? "\"" : ",}", begin);
  return payload.substr(begin, end - begin);
}

/// A live broker: keeps what it is asked, answers only what the test tells it to.
class ScriptedBroker final : public Broker {
 public:
  std::string_view name() const override { return "scripted"; }
  void set_listener(BrokerListener* listener) override { listener_ = listener; }
  std::string new_order_id(Timestamp) override { return "L" + std::to_string(++ids_); }
  void resume_order_ids(std::string_view last) override {
    ids_ = std::stoi(std::string(last.substr(1)));
  }
  void submit(const OrderRequest& request, Timestamp) override {
    sent.push_back(request);
    if (fails) throw std::runtime_error("the connection broke");
  }
  void modify(const OrderRequest& changed, Timestamp) override { modified.push_back(changed); }
  bool cancel(std::string_view order_id, Timestamp) override {
    cancelled.emplace_back(order_id);
    return true;
  }
  void request_status(std::string_view order_id, Timestamp now) override {
    asked.emplace_back(order_id);
    asked_at.push_back(now);
  }
  void on_price(const PriceUpdate&) override {}
  Timestamp next_due() const override { return Timestamp::max(); }
  void advance_to(Timestamp) override {}

  void say(const BrokerUpdate& update) { listener_->on_broker_update(update); }
  void say(std::string_view id, OrderStatus status, Timestamp at) {
    say({.order_id = id, .status = status, .at = at});
  }
  void fill(std::string_view id, std::int64_t qty, double price, std::string_view fill_id,
            Timestamp at, OrderStatus status = OrderStatus::partially_filled) {
    say({.order_id = id,
         .status = status,
         .at = at,
         .fill_qty = qty,
         .fill_price = price,
         .fill_id = fill_id});
  }

  std::vector<OrderRequest> sent;
  std::vector<OrderRequest> modified;
  std::vector<std::string> cancelled;
  std::vector<std::string> asked;
  std::vector<Timestamp> asked_at;
  bool fails = false;

 private:
  BrokerListener* listener_ = nullptr;
  int ids_ = 0;
};

class EngineFixture : public testing::Test {
 protected:
  EngineFixture() {
    const auto date = market::make_date(2025, 11, 18);
    instruments_.add(market::infer_instrument("INFY", date));
    instruments_.add(market::infer_instrument("NIFTY", date));
    instruments_.add(market::infer_instrument("NIFTY25NOVFUT", date));
    instruments_.add(market::infer_instrument("NIFTY25NOV26000CE", date));
  }

  /// The engine, made at the first call, with the paper broker unless `live`.
  ExecutionEngine& engine() {
    if (engine_) return *engine_;
    std::unique_ptr<Broker> broker;
    if (live_) {
      auto scripted = std::make_unique<ScriptedBroker>();
      broker_ = scripted.get();
      broker = std::move(scripted);
    } else {
      broker = std::make_unique<PaperBroker>(calendar_, paper_);
    }
    engine_ = std::make_unique<ExecutionEngine>(bus_.publisher(), calendar_, instruments_,
                                                std::move(broker), options_,
                                                [this](const strategy::OrderNews& news) {
                                                  finished_ += news.finished ? 1 : 0;
                                                  last_trade_pnl_ = news.trade_pnl;
                                                  last_size_ = news.position_size;
                                                  last_order_ = news.order_id;
                                                  ++news_count_;
                                                  if (on_news_) on_news_(news);
                                                });
    engine_->start(start_at_);
    return *engine_;
  }
  ScriptedBroker& broker() {
    live_ = true;
    engine();
    return *broker_;
  }

  OrderIntent intent(Side side, std::int64_t qty, const char* symbol = "INFY") {
    OrderIntent intent;
    intent.strategy = "momentum";
    intent.signal_symbol = intent.order_symbol = symbol;
    intent.side = side;
    intent.qty = qty;
    intent.reference_price = 1500;
    intent.reason = "because";
    intent.correlation_id = "D1";
    intent.round_trip_id = "R1";
    intent.decided_at = start_at_;
    return intent;
  }
  OrderIntent limit(Side side, std::int64_t qty, double price, const char* symbol = "INFY") {
    OrderIntent order = intent(side, qty, symbol);
    order.type = strategy::OrderType::limit;
    order.limit_price = price;
    return order;
  }
  void price(Timestamp at, double value, const char* symbol = "INFY") {
    engine().advance_to(at);
    engine().on_price({.at = at, .symbol = symbol, .price = value});
  }
  /// Buys (or sells) at the market and lets it fill at about `value`.
  void trade(Side side, std::int64_t qty, Timestamp at, double value, const char* symbol = "INFY") {
    engine().advance_to(at);
    engine().submit(intent(side, qty, symbol), at);
    price(at + 1s, value, symbol);
  }
  std::string refusal(const OrderIntent& order, Timestamp at) {
    const auto refused = engine().refusal_of(order, at);
    return refused ? std::string(refused->code) : std::string();
  }
  bool obey(const char* name, Timestamp at) {
    return engine().obey({.name = name, .target = "*", .by = "tester", .reason = {}}, at);
  }

  std::vector<std::string> orders() { return bus_.payloads("order_event"); }
  std::vector<std::string> orders(const std::string& id) {
    std::vector<std::string> found;
    for (std::string& payload : orders()) {
      if (field_of(payload, "order_id") == id) found.push_back(std::move(payload));
    }
    return found;
  }
  std::vector<std::string> fields(const std::vector<std::string>& payloads, const char* name) {
    std::vector<std::string> values;
    for (const std::string& payload : payloads) values.push_back(field_of(payload, name));
    return values;
  }
  std::vector<std::string> statuses() { return fields(orders(), "status"); }
  std::vector<std::string> statuses(const std::string& id) { return fields(orders(id), "status"); }
  std::vector<std::string> commands() { return fields(bus_.payloads("command_event"), "state"); }
  std::string last_health() { return bus_.payloads("engine_health").back(); }

  test::TestBus bus_;
  market::TradingCalendar calendar_;
  market::InstrumentTable instruments_;
  PaperBrokerOptions paper_;
  ExecutionOptions options_;
  bool live_ = false;
  Timestamp start_at_ = at_ist(10, 0);
  int finished_ = 0;
  int news_count_ = 0;
  std::optional<double> last_trade_pnl_;
  std::int64_t last_size_ = 0;
  std::string last_order_;
  std::function<void(const strategy::OrderNews&)> on_news_;
  ScriptedBroker* broker_ = nullptr;
  std::unique_ptr<ExecutionEngine> engine_;
};

}  // namespace tapedeck::execution
