#include "query/trade_json.hpp"

#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

/// Writes the members of one object.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& to) : to_(to) { to_ += '{'; }
  ~ObjectWriter() { to_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  /// Empty text is null.
  void text(std::string_view name, std::string_view value) {
    begin(name);
    if (value.empty()) {
      to_ += "null";
    } else {
      json::append_string(to_, value);
    }
  }
  void number(std::string_view name, const std::optional<double>& value) {
    begin(name);
    if (!value) {
      to_ += "null";
      return;
    }
    char digits[json::kMaxNumber];
    to_.append(digits, json::write_number(digits, *value));
  }
  void whole(std::string_view name, const std::optional<std::int64_t>& value) {
    begin(name);
    to_ += value ? std::to_string(*value) : "null";
  }
  void flag(std::string_view name, bool value) {
    begin(name);
    to_ += value ? "true" : "false";
  }
  void time(std::string_view name, const OptionalTime& ns) {
    text(name, ns ? format_rfc3339(from_ns(*ns)) : std::string());
  }
  template <typename Items, typename Name>
  void list(std::string_view name, const Items& items, Name&& name_of) {
    begin(name);
    to_ += '[';
    const char* separator = "";
    for (const auto& item : items) {
      to_ += separator;
      json::append_string(to_, name_of(item));
      separator = ",";
    }
    to_ += ']';
  }
  /// Begins an object; null and false when there is none.
  bool object(std::string_view name, bool present) {
    begin(name);
    if (!present) to_ += "null";
    return present;
  }

 private:
  void begin(std::string_view name) {
    if (to_.back() != '{') to_ += ',';
    to_ += '"';
    to_ += name;
    to_ += "\":";
  }

  std::string& to_;
};

/// The order that says why nothing came of it: the slice rather than its parent.
const TradeOrder* failed_order(const TradeSummary& trade, bool refused) {
  const TradeOrder* found = nullptr;
  for (const TradeOrder& order : trade.orders) {
    const bool was_refused =
        order.state == OrderState::rejected || order.state == OrderState::error;
    const bool ended = order.state == OrderState::cancelled || order.state == OrderState::expired;
    if (refused ? !was_refused : !ended) continue;
    if (found == nullptr || (found->is_parent && !order.is_parent)) found = &order;
  }
  return found;
}

void write_names(ObjectWriter& object, const TradeSummary& trade, const TradeFigures& figures) {
  const auto itself = [](const std::string& name) -> const std::string& { return name; };
  object.text("correlation_id", trade.correlation_id);
  object.text("round_trip_id", trade.round_trip_id);
  object.text("outcome", to_string(figures.outcome));
  object.flag("complete", figures.complete);
  object.text("decision", trade.decision);
  object.text("side", to_string(figures.side));
  object.text("symbol", trade.symbol);
  object.text("exchange", trade.exchange);
  object.text("signal_symbol", trade.signal_symbol);
  object.text("signal_exchange", trade.signal_exchange);
  object.text("strategy", trade.strategy);
  object.text("account", trade.account);
  object.text("mode", trade.mode);
  object.text("run_id", trade.run_id);
  object.list("engine_ids", trade.engine_ids, itself);
  object.list("hosts", trade.hosts, itself);
  object.text("reason", trade.reason);
  object.list("order_ids", trade.orders,
              [](const TradeOrder& order) -> const std::string& { return order.order_id; });
  object.flag("multi_leg", figures.multi_leg);
}

void write_money(ObjectWriter& object, const TradeFigures& figures) {
  object.whole("qty", figures.qty);
  object.whole("filled_qty", figures.filled_qty);
  object.number("avg_price", figures.avg_price);
  object.number("decision_price", figures.decision_price);
  object.number("slippage", figures.slippage);
  object.number("slippage_bps", figures.slippage_bps);
  object.number("slippage_total", figures.slippage_total);
  object.number("realized_pnl", figures.realized_pnl);
  object.number("charges", figures.charges);
  object.number("net_pnl", figures.net_pnl);
}

void write_failures(ObjectWriter& object, std::string& out, const TradeSummary& trade) {
  if (object.object("veto", trade.decision == "VETO")) {
    ObjectWriter veto(out);
    veto.text("by", trade.veto_by);
    veto.text("code", trade.veto_code);
    veto.text("reason", trade.veto_reason);
    veto.text("wanted", trade.wanted);
  }
  const TradeOrder* const refused = failed_order(trade, true);
  if (object.object("reject", refused != nullptr)) {
    ObjectWriter reject(out);
    reject.text("code", refused->reject_code);
    reject.text("reason", refused->reason);
    reject.text("order_id", refused->order_id);
  }
  const TradeOrder* const ended = failed_order(trade, false);
  object.text("end_reason", ended != nullptr ? ended->reason : std::string());
}

void write_times(ObjectWriter& object, std::string& out, const TradeSummary& trade,
                 const TradeFigures& figures) {
  object.object("hops", true);
  {
    ObjectWriter hops(out);
    hops.whole("decision_to_sent_us", figures.decision_to_sent_us);
    hops.whole("sent_to_ack_us", figures.sent_to_ack_us);
    hops.whole("ack_to_first_fill_us", figures.ack_to_first_fill_us);
    hops.whole("first_to_last_fill_us", figures.first_to_last_fill_us);
    hops.whole("decision_to_fill_us", figures.decision_to_fill_us);
  }
  object.time("decided_at", trade.decided.value());
  object.time("sent_at", trade.sent.value());
  object.time("acked_at", trade.acked.value());
  object.time("first_fill_at", trade.first_fill_ns);
  object.time("last_fill_at", trade.last_fill_ns);
  object.text("first_id", trade.first_id);
  object.text("last_id", trade.last_id);
  object.whole("event_count", static_cast<std::int64_t>(trade.events));
  object.flag("truncated", trade.truncated);
}

void append_trade(std::string& out, const TradeSummary& trade) {
  const TradeFigures figures = figures_of(trade);
  ObjectWriter object(out);
  write_names(object, trade, figures);
  write_money(object, figures);
  write_failures(object, out, trade);
  write_times(object, out, trade, figures);
}

}  // namespace

std::string to_json(const TradeSummary& trade) {
  std::string out;
  out.reserve(2048);
  append_trade(out, trade);
  return out;
}

std::string chain_json(const TradeSummary& trade, std::span<const std::string_view> events) {
  std::string out = R"({"ok":true,"trade":)";
  append_trade(out, trade);
  out += R"(,"events":[)";
  const char* separator = "";
  for (const std::string_view event : events) {
    out += separator;
    out += event;
    separator = ",";
  }
  out += "]}\n";
  return out;
}

std::string trades_json(std::span<const TradeSummary> trades, std::string_view next) {
  std::string out = R"({"ok":true,"trades":[)";
  out.reserve(trades.size() * 1600 + 128);
  for (const TradeSummary& trade : trades) {
    if (&trade != trades.data()) out += ',';
    append_trade(out, trade);
  }
  out += "],\"count\":" + std::to_string(trades.size());
  if (!next.empty()) out += ",\"next\":" + json::quoted(next);
  out += "}\n";
  return out;
}

}  // namespace tapedeck
