#include "execution/saved_state.hpp"

#include <algorithm>
#include <cstdlib>

#include "execution/record_text.hpp"

namespace tapedeck::execution {
namespace {

// The first field of every record: a later version of these lines is not read as this one, earlier
// ones are. The second one added stop_watched.
constexpr std::int64_t kVersion = 2;
constexpr std::int64_t kVersionWithStops = 2;
/// More than any market has.
constexpr std::int64_t kMaxUnits = 1'000'000'000'000'000;

void write_instrument(RecordWriter& out, const market::InstrumentInfo& info) {
  out.text(info.symbol).text(info.exchange).text(info.segment).text(info.type);
  out.text(info.underlying).text(info.expiry).number(info.strike).integer(info.token);
  out.number(info.tick_size).integer(info.lot_size).integer(info.freeze_qty);
  out.integer(static_cast<std::int64_t>(info.group)).integer(info.tradable ? 1 : 0);
  out.integer(info.stand_in ? 1 : 0);
}

market::InstrumentInfo read_instrument(RecordReader& in) {
  market::InstrumentInfo info;
  info.symbol = in.text();
  info.exchange = in.text();
  info.segment = in.text();
  info.type = in.text();
  info.underlying = in.text();
  info.expiry = in.text();
  info.strike = in.number();
  info.token = in.integer();
  info.tick_size = in.number();
  info.lot_size = in.integer();
  info.freeze_qty = in.integer();
  info.group = static_cast<market::SessionGroup>(
      in.choice(static_cast<std::int64_t>(market::SessionGroup::derivatives)));
  info.tradable = in.choice(1) == 1;
  info.stand_in = in.choice(1) == 1;
  return info;
}

void write_intent(RecordWriter& out, const strategy::OrderIntent& intent) {
  out.text(intent.strategy).text(intent.signal_exchange).text(intent.signal_symbol);
  out.text(intent.order_exchange).text(intent.order_symbol).number(intent.reference_price);
  out.integer(intent.is_exit ? 1 : 0).text(intent.reason).text(intent.correlation_id);
  out.text(intent.round_trip_id).text(intent.basket_id).moment(intent.decided_at);
}

strategy::OrderIntent read_intent(RecordReader& in) {
  strategy::OrderIntent intent;
  intent.strategy = in.text();
  intent.signal_exchange = in.text();
  intent.signal_symbol = in.text();
  intent.order_exchange = in.text();
  intent.order_symbol = in.text();
  intent.reference_price = in.number();
  intent.is_exit = in.choice(1) == 1;
  intent.reason = in.text();
  intent.correlation_id = in.text();
  intent.round_trip_id = in.text();
  intent.basket_id = in.text();
  intent.decided_at = in.moment();
  return intent;
}

void write_request(RecordWriter& out, const OrderRequest& request) {
  out.text(request.order_id).integer(static_cast<std::int64_t>(request.side)).integer(request.qty);
  out.integer(static_cast<std::int64_t>(request.type)).number(request.limit_price);
  out.text(request.product).text(request.tag).number(request.trigger_price);
  out.integer(static_cast<std::int64_t>(request.validity)).number(request.market_protection_pct);
  out.text(request.parent_order_id).integer(request.slice_no).integer(request.slice_count);
  out.text(request.algo_id);
  write_instrument(out, request.instrument);
}

OrderRequest read_request(RecordReader& in) {
  OrderRequest request;
  request.order_id = in.text();
  request.side = static_cast<strategy::Side>(in.choice(1));
  request.qty = in.integer();
  request.type = static_cast<OrderType>(in.choice(static_cast<std::int64_t>(OrderType::sl_m)));
  request.limit_price = in.number();
  request.product = in.text();
  request.tag = in.text();
  request.trigger_price = in.number();
  request.validity = static_cast<Validity>(in.choice(1));
  request.market_protection_pct = in.number();
  request.parent_order_id = in.text();
  request.slice_no = in.integer();
  request.slice_count = in.integer();
  request.algo_id = in.text();
  request.instrument = read_instrument(in);
  return request;
}

template <typename Texts>
void write_texts(RecordWriter& out, const Texts& texts) {
  out.integer(static_cast<std::int64_t>(texts.size()));
  for (const std::string& text : texts) out.text(text);
}

std::vector<std::string> read_texts(RecordReader& in) {
  std::vector<std::string> texts;
  for (std::int64_t left = in.integer(); left > 0 && in.ok(); --left) texts.push_back(in.text());
  return texts;
}

void write_maybe(RecordWriter& out, const std::optional<Timestamp>& moment) {
  out.moment(moment.value_or(Timestamp{}));
}

std::optional<Timestamp> read_maybe(RecordReader& in) {
  const Timestamp moment = in.moment();
  return moment == Timestamp{} ? std::nullopt : std::optional(moment);
}

std::string order_text(const Order& order) {
  RecordWriter out;
  out.integer(kVersion).integer(static_cast<std::int64_t>(order.status));
  write_request(out, order.request);
  write_intent(out, order.intent);
  out.integer(order.filled).money(order.turnover).number(order.square_off_fee);
  out.text(order.exchange_order_id).integer(order.reconciled);
  write_maybe(out, order.sent_at);
  write_maybe(out, order.acked_at);
  write_maybe(out, order.filled_at);
  write_texts(out, order.children);
  write_texts(out, order.fill_ids);
  out.integer(order.intent.stop_watched ? 1 : 0);
  return out.take();
}

std::optional<Order> read_order(std::string_view line) {
  RecordReader in(line);
  Order order;
  const std::int64_t version = in.integer();
  if (version < 1 || version > kVersion) return std::nullopt;
  order.status = static_cast<OrderStatus>(in.choice(static_cast<std::int64_t>(OrderStatus::error)));
  order.request = read_request(in);
  order.intent = read_intent(in);
  order.intent.side = order.request.side;
  order.intent.qty = order.request.qty;
  order.intent.product = order.request.product;
  order.intent.type = order.request.type;
  order.filled = in.integer();
  order.turnover = in.money();
  order.square_off_fee = in.number();
  order.exchange_order_id = in.text();
  order.reconciled = in.integer();
  order.sent_at = read_maybe(in);
  order.acked_at = read_maybe(in);
  order.filled_at = read_maybe(in);
  order.children = read_texts(in);
  for (std::string& id : read_texts(in)) order.fill_ids.insert(std::move(id));
  order.intent.stop_watched = version >= kVersionWithStops && in.choice(1) == 1;
  const bool sound = in.complete() && !order.request.order_id.empty() && order.filled >= 0 &&
                     order.request.qty > 0 && !is_final(order.status);
  return sound ? std::optional(std::move(order)) : std::nullopt;
}

/// Whether the lots, the cost and the size tell the same story.
bool is_sound(const Position& position) {
  std::int64_t units = 0;
  Money cost = 0;
  for (const Lot& lot : position.lots) {
    const bool sane = lot.qty > 0 && lot.qty <= kMaxUnits - units && lot.price > 0 &&
                      lot.price <= to_money(kMaxPrice);
    if (!sane) return false;
    units += lot.qty;
    cost += lot.price * lot.qty;
  }
  if (position.size < -kMaxUnits || position.size > kMaxUnits || position.cost < 0) return false;
  if ((position.size == 0) != (position.cost == 0)) return false;
  return position.lots.empty() || (units == std::abs(position.size) && cost == position.cost);
}

/// Makes the lots fit the book's basis: state may have been saved under the other one.
void fit_lots(Position& position, PnlBasis basis) {
  if (basis == PnlBasis::average) {
    position.lots.clear();
    return;
  }
  if (!position.lots.empty() || position.size == 0) return;
  const std::int64_t held = std::abs(position.size);
  const Money price = divide(position.cost, held);
  position.lots.push_back({held, price});
  position.cost = price * held;
}

}  // namespace

std::string position_text(const PositionKey& key, const Position& position) {
  RecordWriter out;
  out.integer(kVersion).text(key.exchange).text(key.symbol).text(key.product).text(key.strategy);
  write_instrument(out, position.instrument);
  out.integer(position.size).money(position.cost).number(position.last_price);
  out.money(position.realized).money(position.charges).money(position.day_start_pnl);
  out.money(position.day_start_charges).integer(position.date.time_since_epoch().count());
  out.text(position.round_trip_id).text(position.signal_exchange).text(position.signal_symbol);
  out.money(position.trip_realized).money(position.trip_charges);
  const LastFill& last = position.last_fill;
  out.text(last.order_id).text(last.fill_id).integer(last.order_filled).money(last.order_turnover);
  out.integer(static_cast<std::int64_t>(position.lots.size()));
  for (const Lot& lot : position.lots) out.integer(lot.qty).money(lot.price);
  out.integer(position.stop_watched ? 1 : 0);
  return out.take();
}

std::optional<std::pair<PositionKey, Position>> read_position(std::string_view text,
                                                              PnlBasis basis) {
  RecordReader in(text);
  PositionKey key;
  Position position;
  const std::int64_t version = in.integer();
  if (version < 1 || version > kVersion) return std::nullopt;
  key.exchange = in.text();
  key.symbol = in.text();
  key.product = in.text();
  key.strategy = in.text();
  position.instrument = read_instrument(in);
  position.size = in.integer();
  position.cost = in.money();
  position.last_price = in.number();
  position.realized = in.money();
  position.charges = in.money();
  position.day_start_pnl = in.money();
  position.day_start_charges = in.money();
  position.date = market::IstDate{std::chrono::days{in.choice(1'000'000)}};
  position.round_trip_id = in.text();
  position.signal_exchange = in.text();
  position.signal_symbol = in.text();
  position.trip_realized = in.money();
  position.trip_charges = in.money();
  position.last_fill.order_id = in.text();
  position.last_fill.fill_id = in.text();
  position.last_fill.order_filled = in.integer();
  position.last_fill.order_turnover = in.money();
  for (std::int64_t left = in.integer(); left > 0 && in.ok(); --left) {
    Lot lot;
    lot.qty = in.integer();
    lot.price = in.money();
    position.lots.push_back(lot);
  }
  position.stop_watched = version >= kVersionWithStops && in.choice(1) == 1;
  const bool priced = position.last_price == 0 || is_price(position.last_price);
  if (!in.complete() || key.symbol.empty() || !priced || !is_sound(position)) return std::nullopt;
  fit_lots(position, basis);
  return std::pair{std::move(key), std::move(position)};
}

std::string orders_text(const OrderTable::Orders& orders) {
  std::string text;
  for (const auto& [id, order] : orders) {
    text += order_text(order);
    text += '\n';
  }
  return text;
}

std::vector<Order> read_orders(std::string_view text, std::uint64_t& damaged) {
  std::vector<Order> orders;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (std::optional<Order> order = read_order(text.substr(0, end))) {
      orders.push_back(std::move(*order));
    } else {
      ++damaged;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return orders;
}

}  // namespace tapedeck::execution
