// TradeSummary as bytes: a version byte, then every field in the order of fields() below, which is
// the format. Whole numbers are zigzag varints, text has its length before it, reals are 8 bytes,
// the lowest first.
#include "base/byte_coding.hpp"
#include "query/trade_summary.hpp"

namespace tapedeck {
namespace {

constexpr char kVersion = 1;

class Writer {
 public:
  explicit Writer(std::string& to) : to_(to) {}

  void value(std::uint64_t v) { append_varint(to_, v); }
  void value(std::int64_t v) { append_varint(to_, zigzag(v)); }
  void value(double v) { append_double(to_, v); }
  void value(bool v) { to_ += v ? '\1' : '\0'; }
  void value(const std::string& v) {
    append_varint(to_, v.size());
    to_ += v;
  }
  void value(TradeSide v) { to_ += static_cast<char>(v); }
  void value(OrderState v) { to_ += static_cast<char>(v); }
  void units(std::int64_t v) { value(v); }
  void units(const std::optional<std::int64_t>& v) { value(v); }
  template <typename T>
  void value(const std::optional<T>& v) {
    value(v.has_value());
    if (v) value(*v);
  }
  template <typename T, typename Each>
  void list(const std::vector<T>& items, std::size_t, Each&& each) {
    append_varint(to_, items.size());
    for (const T& item : items) each(item);
  }

 private:
  std::string& to_;
};

/// Reads what Writer wrote. After the first byte that cannot be, ok() is false and values are
/// empty.
class Reader {
 public:
  explicit Reader(std::string_view from) : in_(from) {}

  bool ok() const { return !in_.failed(); }
  bool at_end() const { return ok() && in_.left() == 0; }

  void value(std::uint64_t& v) { v = in_.varint(); }
  void value(std::int64_t& v) { v = unzigzag(in_.varint()); }
  void value(double& v) { v = in_.number(); }
  void value(bool& v) { v = in_.varint(1) == 1; }
  void value(std::string& v) { v = in_.take(in_.varint()); }
  void value(TradeSide& v) { v = static_cast<TradeSide>(in_.varint(2)); }
  void value(OrderState& v) {
    v = static_cast<OrderState>(in_.varint(static_cast<unsigned char>(kLastOrderState)));
  }
  /// Quantities are added up later: they must not overflow.
  void units(std::int64_t& v) {
    value(v);
    if (v > kMaxTradeUnits || v < -kMaxTradeUnits) in_.fail();
  }
  void units(std::optional<std::int64_t>& v) {
    value(v);
    if (v && (*v > kMaxTradeUnits || *v < -kMaxTradeUnits)) in_.fail();
  }
  template <typename T>
  void value(std::optional<T>& v) {
    bool present = false;
    value(present);
    if (present) value(v.emplace());
  }
  template <typename T, typename Each>
  void list(std::vector<T>& items, std::size_t most, Each&& each) {
    const std::uint64_t size = in_.varint(most);
    for (std::uint64_t i = 0; ok() && i < size; ++i) each(items.emplace_back());
  }

 private:
  ByteReader in_;
};

template <typename Archive, typename... Values>
void each(Archive& archive, Values&... values) {
  (archive.value(values), ...);
}

template <typename Archive, typename Order>
void order_fields(Archive& archive, Order& order) {
  each(archive, order.order_id, order.parent_order_id, order.symbol, order.exchange, order.side,
       order.state, order.state_ns, order.surprise, order.is_parent);
  archive.units(order.qty);
  archive.units(order.filled);
  archive.value(order.avg_price);
  archive.units(order.fills_qty);
  each(archive, order.fills_value, order.last_fill_id, order.last_price, order.charges,
       order.reason, order.reject_code);
}

template <typename Archive, typename Position>
void position_fields(Archive& archive, Position& position) {
  archive.value(position.key);
  archive.units(position.size);
  each(archive, position.realized, position.charges, position.at_ns, position.seq);
}

template <typename Archive, typename Trade>
void fields(Archive& archive, Trade& trade) {
  const auto text = [&](auto& item) { archive.value(item); };
  const auto moment = [&](auto& m) { each(archive, m.stamped, m.happened); };
  const auto sum = [&](auto& s) { each(archive, s.sum, s.seen, s.incomplete); };
  each(archive, trade.correlation_id, trade.round_trip_id, trade.symbol, trade.exchange,
       trade.signal_symbol, trade.signal_exchange, trade.strategy, trade.account, trade.mode,
       trade.run_id);
  archive.list(trade.engine_ids, kMaxTradeSources, text);
  archive.list(trade.hosts, kMaxTradeSources, text);
  each(archive, trade.decision, trade.reason, trade.veto_by, trade.veto_code, trade.veto_reason,
       trade.wanted, trade.decision_price, trade.order_price, trade.traced);
  moment(trade.decided);
  moment(trade.sent);
  moment(trade.acked);
  each(archive, trade.first_fill_ns, trade.last_fill_ns);
  archive.list(trade.orders, kMaxTradeOrders, [&](auto& one) { order_fields(archive, one); });
  archive.list(trade.positions, kMaxTradePositions,
               [&](auto& one) { position_fields(archive, one); });
  sum(trade.realized);
  sum(trade.position_charges);
  archive.units(trade.pending_fill);
  each(archive, trade.first_id, trade.last_id, trade.first_seq, trade.last_seq, trade.first_ns,
       trade.last_ns, trade.events, trade.truncated);
}

}  // namespace

std::string encode(const TradeSummary& trade) {
  std::string bytes(1, kVersion);
  bytes.reserve(512);
  Writer writer(bytes);
  fields(writer, trade);
  return bytes;
}

Result<TradeSummary> decode_trade(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) {
    return Error{"damaged_trade",
                 "These bytes are no trade of this version; read it again from its events.", ""};
  }
  TradeSummary trade;
  Reader reader(bytes.substr(1));
  fields(reader, trade);
  if (reader.at_end()) return trade;
  return Error{"damaged_trade",
               "A stored trade of " + std::to_string(bytes.size()) +
                   " bytes is damaged; read it again from its events.",
               ""};
}

}  // namespace tapedeck
