// The inside of PaperBroker: paper_broker.cpp has the orders and their clock, paper_market.cpp how
// they meet prices. One engine thread. The listener may send or cancel orders from inside its
// calls: after one, an order is looked up again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text_hash.hpp"
#include "execution/order_rules.hpp"
#include "market/random_source.hpp"
#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::execution {

class PaperBroker::Impl {
 public:
  Impl(const market::TradingCalendar& calendar, PaperBrokerOptions options)
      : calendar_(calendar), options_(options), random_(options.seed) {}

  void set_listener(BrokerListener* listener) { listener_ = listener; }
  std::string new_order_id(Timestamp now);
  void resume_order_ids(std::string_view last);
  void submit(const OrderRequest& request, Timestamp now);
  void modify(const OrderRequest& changed, Timestamp now);
  bool cancel(std::string_view order_id, Timestamp now);
  void request_status(std::string_view order_id, Timestamp now);
  void on_price(const PriceUpdate& price);
  Timestamp next_due() const noexcept { return due_; }
  void advance_to(Timestamp now);

 private:
  enum class Stage { sent, waits_for_trigger, works };
  struct Order {
    OrderRequest request;
    Stage stage = Stage::sent;
    Timestamp ack_at{};
    Timestamp expires_at{};
    std::optional<OrderRequest> changed;
    Timestamp change_at{};
    std::int64_t remaining = 0;
    int fills = 0;
    double protection = 0;  ///< the limit that market protection set; 0: none
    bool rests = false;

    Timestamp due() const noexcept {
      Timestamp at = expires_at;
      if (stage == Stage::sent) at = std::min(at, ack_at);
      if (changed) at = std::min(at, change_at);
      return at;
    }
  };
  using Orders = std::map<std::uint64_t, Order>;  // by arrival

  static std::string_view word_of(OrderStatus status);
  OrderRefusal refusal_of(const OrderRequest& request, Timestamp now);
  Timestamp expiry_of(const Order& order, Timestamp now) const;
  bool is_trading(const market::InstrumentInfo& instrument, Timestamp at, bool& auction) const;
  void tell(const Order& order, OrderStatus status, Timestamp at, std::string_view reason = {},
            std::string_view reject_code = {});
  void acknowledge(Order& order);
  void change(Order& order);
  /// Brings what is due of one order. @return whether the order is done
  bool advance(Order& order, Timestamp now);
  bool looks_at(const Order& order, const PriceUpdate& price) const;
  double limit_of(Order& order, const PriceUpdate& price);
  /// @return whether the order works: it needs no trigger, has had it, or has it now
  bool trigger(std::uint64_t number, const PriceUpdate& price);
  /// Lets an order meet a price. @param budget units the price has left for all orders
  void meet(std::uint64_t number, const PriceUpdate& price, std::int64_t& budget);
  void fill(Order& order, double at, std::int64_t qty, const PriceUpdate& price);
  std::int64_t budget_of(const PriceUpdate& price) const;
  std::int64_t fillable(const Order& order, std::int64_t budget) const;
  Orders::iterator find(std::string_view order_id);
  Order take(Orders::iterator at);
  void find_due();

  const market::TradingCalendar& calendar_;
  PaperBrokerOptions options_;
  market::RandomSource random_;
  BrokerListener* listener_ = nullptr;
  Orders orders_;
  std::uint64_t arrivals_ = 0;
  std::unordered_map<std::string, std::vector<std::uint64_t>, TextHash, std::equal_to<>> by_symbol_;
  std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>> by_id_;
  Timestamp due_ = Timestamp::max();
  market::IstDate id_date_{};
  std::uint64_t ids_ = 0;
};

}  // namespace tapedeck::execution
