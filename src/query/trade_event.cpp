#include "query/trade_event.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <variant>

#include "filter/canonical_json.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

using Text = std::string_view TradeEvent::*;
using Number = std::optional<double> TradeEvent::*;
using Units = std::optional<std::int64_t> TradeEvent::*;
struct Time {
  OptionalTime TradeEvent::*at;
};
struct Raw {  // looked at later
  std::string_view TradeEvent::*at;
};
using Flag = bool TradeEvent::*;

struct Member {
  std::string_view name;
  std::variant<Text, Number, Units, Time, Raw, Flag> into;
};

/// Sorted by name.
constexpr std::array kMembers = {
    Member{"acked_at", Time{&TradeEvent::acked_at}},
    Member{"avg_price", Number{&TradeEvent::avg_price}},
    Member{"charges", Raw{&TradeEvent::charges_text}},
    Member{"close_price", Number{&TradeEvent::close_price}},
    Member{"decided_at", Time{&TradeEvent::decided_at}},
    Member{"decision", Text{&TradeEvent::decision}},
    Member{"fill_id", Text{&TradeEvent::fill_id}},
    Member{"fill_price", Number{&TradeEvent::fill_price}},
    Member{"fill_qty", Units{&TradeEvent::fill_qty}},
    Member{"filled_at", Time{&TradeEvent::filled_at}},
    Member{"filled_qty", Units{&TradeEvent::filled_qty}},
    Member{"order_exchange", Text{&TradeEvent::order_exchange}},
    Member{"order_symbol", Text{&TradeEvent::order_symbol}},
    Member{"order_type", Text{&TradeEvent::order_type}},
    Member{"parent_order_id", Text{&TradeEvent::parent_order_id}},
    Member{"position_size", Units{&TradeEvent::position_size}},
    Member{"price", Number{&TradeEvent::price}},
    Member{"product", Text{&TradeEvent::product}},
    Member{"qty", Units{&TradeEvent::qty}},
    Member{"realized_pnl", Number{&TradeEvent::realized_pnl}},
    Member{"reason", Text{&TradeEvent::reason}},
    Member{"reject_code", Text{&TradeEvent::reject_code}},
    Member{"round_trip_id", Text{&TradeEvent::round_trip_id}},
    Member{"scope", Text{&TradeEvent::scope}},
    Member{"sent_at", Time{&TradeEvent::sent_at}},
    Member{"side", Text{&TradeEvent::side}},
    Member{"signal", Text{&TradeEvent::signal}},
    Member{"slice_count", Units{&TradeEvent::slice_count}},
    Member{"slice_no", Units{&TradeEvent::slice_no}},
    Member{"status", Text{&TradeEvent::status}},
    Member{"surprise", Flag{&TradeEvent::surprise}},
    Member{"trace_data", Raw{&TradeEvent::trace_data}},
    Member{"veto_by", Text{&TradeEvent::veto_by}},
    Member{"veto_code", Text{&TradeEvent::veto_code}},
    Member{"wanted", Text{&TradeEvent::wanted}},
    Member{"wanted_reason", Text{&TradeEvent::wanted_reason}},
};
static_assert(std::is_sorted(kMembers.begin(), kMembers.end(),
                             [](const Member& a, const Member& b) { return a.name < b.name; }));

struct StatusWord {
  std::string_view word;
  OrderState state;
};
/// The contract's words, and what brokers say: Kite's order book, FIX's OrdStatus, and the usual
/// variants. In capitals, with _ between words.
constexpr std::array kStatusWords = {
    StatusWord{"NEW", OrderState::created},
    StatusWord{"CREATED", OrderState::created},
    StatusWord{"SUBMITTED", OrderState::submitted},
    StatusWord{"SENT", OrderState::submitted},
    StatusWord{"PLACED", OrderState::submitted},
    StatusWord{"PENDING_NEW", OrderState::submitted},
    StatusWord{"ACKNOWLEDGED", OrderState::acknowledged},
    StatusWord{"ACCEPTED", OrderState::acknowledged},
    StatusWord{"PUT_ORDER_REQ_RECEIVED", OrderState::acknowledged},
    StatusWord{"AMO_REQ_RECEIVED", OrderState::acknowledged},
    StatusWord{"VALIDATION_PENDING", OrderState::acknowledged},
    StatusWord{"OPEN_PENDING", OrderState::acknowledged},
    StatusWord{"OPEN", OrderState::open},
    StatusWord{"WORKING", OrderState::open},
    StatusWord{"TRIGGER_PENDING", OrderState::trigger_pending},
    StatusWord{"MODIFY_PENDING", OrderState::modify_pending},
    StatusWord{"MODIFY_VALIDATION_PENDING", OrderState::modify_pending},
    StatusWord{"PENDING_REPLACE", OrderState::modify_pending},
    StatusWord{"CANCEL_PENDING", OrderState::cancel_pending},
    StatusWord{"PENDING_CANCEL", OrderState::cancel_pending},
    StatusWord{"PARTIALLY_FILLED", OrderState::partially_filled},
    StatusWord{"PARTIAL_FILL", OrderState::partially_filled},
    StatusWord{"PARTIAL", OrderState::partially_filled},
    StatusWord{"UNKNOWN", OrderState::unknown},
    StatusWord{"FILLED", OrderState::filled},
    StatusWord{"COMPLETE", OrderState::filled},
    StatusWord{"COMPLETED", OrderState::filled},
    StatusWord{"EXECUTED", OrderState::filled},
    StatusWord{"TRADED", OrderState::filled},
    StatusWord{"CANCELLED", OrderState::cancelled},
    StatusWord{"CANCELED", OrderState::cancelled},
    StatusWord{"REJECTED", OrderState::rejected},
    StatusWord{"EXPIRED", OrderState::expired},
    StatusWord{"LAPSED", OrderState::expired},
    StatusWord{"ERROR", OrderState::error},
    StatusWord{"FAILED", OrderState::error},
};

char upper_char(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::optional<double> number_of(std::string_view value) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc{} || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<std::int64_t> units_of(std::string_view value) {
  const auto number = number_of(value);
  constexpr auto kMost = static_cast<double>(kMaxTradeUnits);  // exact in a double
  if (!number || std::abs(*number) > kMost || std::trunc(*number) != *number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

bool is_string(std::string_view value) {
  return value.size() >= 2 && value.front() == '"';
}
std::string_view inside_quotes(std::string_view value) {
  return is_string(value) ? value.substr(1, value.size() - 2) : std::string_view();
}

/// Floor, so that moments before 1970 agree with their text too.
std::int64_t cut_to_us(std::int64_t ns) {
  return ns - (ns % 1000 + 1000) % 1000;
}

OptionalTime time_of(std::string_view value) {
  const auto time = parse_rfc3339(inside_quotes(value));
  return time ? OptionalTime(cut_to_us(to_ns(*time))) : std::nullopt;
}

/// A number, `{"total":…}`, or the sum of an object's numbers.
std::optional<double> charges_of(std::string_view value) {
  if (value.empty() || value.front() != '{') return number_of(value);
  double sum = 0;
  bool any = false;
  json::Walker walker(value);
  std::string_view name, item;
  while (walker.next(name, item)) {
    const auto amount = number_of(item);
    if (!amount) continue;
    if (name == "total") return amount;
    sum += *amount;
    any = true;
  }
  return any ? std::optional(on_grid(sum)) : std::nullopt;
}

/// At most kMaxTradeText bytes, never through a character.
std::string_view clip(std::string_view text) {
  if (text.size() <= kMaxTradeText) return text;
  std::size_t end = kMaxTradeText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

/// `"id":"…"` lies behind the payload.
std::string_view id_of(const char* frame, const FrameIndex& index) {
  constexpr std::string_view kBefore = R"(,"id":")";
  const std::size_t at = index.payload_offset() + index.payload_length + kBefore.size();
  if (at >= index.length) return {};
  const std::string_view rest(frame + at, index.length - at);
  return rest.substr(0, rest.find('"'));
}

}  // namespace

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper_char);
  return out;
}

std::optional<TradeEventKind> trade_event_kind(const char* frame,
                                               const FrameIndex& index) noexcept {
  if (correlation_of(frame, index).empty()) return std::nullopt;  // "" names no decision either
  const std::string_view type(frame + index.type_offset(), index.type_length);
  switch (type.size()) {
    case 11:
      if (type == "order_event") return TradeEventKind::order;
      break;
    case 12:
      if (type == "signal_event") return TradeEventKind::signal;
      break;
    case 14:
      if (type == "decision_trace") return TradeEventKind::decision;
      if (type == "position_event") return TradeEventKind::position;
      break;
    default:
      break;
  }
  return std::nullopt;
}

TradeEvent::TradeEvent(TradeEventKind event_kind, const char* frame, const FrameIndex& index,
                       std::uint64_t event_seq)
    : kind(event_kind), seq(event_seq), at_ns(cut_to_us(index.timestamp_ns)) {
  id = id_of(frame, index);
  read_payload({frame + index.payload_offset(), index.payload_length});
  read_keys(frame, index);
}

void TradeEvent::read_keys(const char* frame, const FrameIndex& index) {
  const auto key = [&](Key which) {
    const KeySpan span = index.keys[static_cast<std::size_t>(which)];
    return span.packed == 0 ? std::string_view()
                            : plain(std::string_view(frame + span.offset(), span.length()));
  };
  symbol = key(Key::symbol);
  exchange = key(Key::exchange);
  strategy = key(Key::strategy);
  if (strategy.empty()) strategy = key(Key::strategy_name);
  order_id = key(Key::order_id);
  host = key(Key::host);
  engine_id = key(Key::engine_id);
  run_id = key(Key::run_id);
  account = key(Key::account);
  mode = key(Key::mode);
}

std::string_view TradeEvent::plain(std::string_view spelled) {
  if (spelled.find('\\') == std::string_view::npos) return clip(spelled);
  return clip(unescaped_.emplace_front(json::unescaped(spelled)));
}

void TradeEvent::read_payload(std::string_view payload) {
  json::Walker walker(payload);
  std::string_view name, value;
  while (walker.next(name, value)) read_member(name, value);
  charges = charges_of(charges_text);
  if (kind != TradeEventKind::decision || trace_data.empty() || trace_data.front() != '{') return;
  json::Walker trace(trace_data);
  while (trace.next(name, value)) {
    const bool wanted_here = name == "reason" || name == "close_price" || name == "veto_by" ||
                             name == "veto_code" || name == "wanted" || name == "wanted_reason";
    if (wanted_here) read_member(name, value);
  }
}

void TradeEvent::read_member(std::string_view name, std::string_view value) {
  const auto member =
      std::lower_bound(kMembers.begin(), kMembers.end(), name,
                       [](const Member& one, std::string_view text) { return one.name < text; });
  if (member == kMembers.end() || member->name != name) return;
  if (const auto* text = std::get_if<Text>(&member->into)) {
    this->** text = plain(inside_quotes(value));
  } else if (const auto* number = std::get_if<Number>(&member->into)) {
    this->** number = number_of(value);
  } else if (const auto* units = std::get_if<Units>(&member->into)) {
    this->** units = units_of(value);
  } else if (const auto* time = std::get_if<Time>(&member->into)) {
    this->*(time->at) = time_of(value);
  } else if (const auto* raw = std::get_if<Raw>(&member->into)) {
    this->*(raw->at) = value;
  } else if (const auto* flag = std::get_if<Flag>(&member->into)) {
    this->** flag = value == "true";
  }
}

bool TradeEvent::is_trade() const {
  const auto is_hold = [](std::string_view word) { return word.empty() || upper(word) == "HOLD"; };
  switch (kind) {
    case TradeEventKind::decision:
      return upper(decision) == "VETO" ? !is_hold(wanted) : !is_hold(decision);
    case TradeEventKind::signal:
      return !is_hold(signal);
    case TradeEventKind::order:
      return !order_id.empty();
    case TradeEventKind::position:
      return position_size.has_value();
  }
  return false;
}

std::optional<OrderState> TradeEvent::order_state() const {
  std::string word = upper(status);
  std::replace_if(
      word.begin(), word.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  const auto known = std::find_if(kStatusWords.begin(), kStatusWords.end(),
                                  [&](const StatusWord& one) { return one.word == word; });
  return known == kStatusWords.end() ? std::nullopt : std::optional(known->state);
}

TradeSide TradeEvent::order_side() const noexcept {
  if (side.empty()) return TradeSide::none;
  const char first = upper_char(side.front());
  return first == 'B' ? TradeSide::buy : first == 'S' ? TradeSide::sell : TradeSide::none;
}

}  // namespace tapedeck
