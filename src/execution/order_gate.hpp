// The gate before every order: what the engine itself refuses, with a code and the figures. It
// looks at the books and changes nothing, so that asking beforehand and sending are the same code.
// One thread.
#pragma once

#include <optional>

#include "execution/order.hpp"
#include "execution/rate_window.hpp"
#include "execution/square_off.hpp"

namespace tapedeck::execution {

class OrderGate {
 public:
  struct Question {
    const strategy::OrderIntent& intent;
    const market::InstrumentInfo* instrument = nullptr;  ///< null: nobody knows it
    double last_price = 0;                               ///< of the ordered symbol; 0: not known
    bool killed = false;
    bool being_closed = false;  ///< the position is being flattened
    bool live = false;
    double margin_available = 0;
    Timestamp now{};
  };
  using Refusal = std::optional<strategy::RiskRefusal>;

  /// All of them must outlive the gate.
  OrderGate(const ExecutionOptions& options, const OrderTable& orders, const PositionBook& book,
            const RateWindow& rate, const SquareOffTimes& square_off)
      : options_(options), orders_(orders), book_(book), rate_(rate), square_off_(square_off) {}

  Refusal refusal_of(const Question& question) const;
  /// Whether limit and trigger price are prices, inside the day's band and near the market.
  Refusal price_refusal(const OrderRequest& request, double last_price) const;
  /// Whether an order can only make a position smaller: opposite to what is held, and with the
  /// others at work on that side no larger.
  bool reduces(const PositionKey& key, strategy::Side side, std::int64_t qty) const;

 private:
  Refusal sending_refusal(const Question& question) const;
  Refusal entry_refusal(const Question& question) const;
  Refusal size_refusal(const Question& question, double value) const;
  Refusal margin_refusal(const Question& question, double price) const;

  const ExecutionOptions& options_;
  const OrderTable& orders_;
  const PositionBook& book_;
  const RateWindow& rate_;
  const SquareOffTimes& square_off_;
};

/// The price an order is valued at: its limit, else the market's, else the decision's (not of an
/// option, whose decision was made on another price). 0: not known.
double valued_at(const strategy::OrderIntent& intent, const market::InstrumentInfo& instrument,
                 double last_price) noexcept;

}  // namespace tapedeck::execution
