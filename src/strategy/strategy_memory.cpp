#include "strategy/strategy_memory.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

namespace tapedeck::strategy {
namespace {

constexpr std::int64_t kMaxCount = 1'000'000'000'000;
constexpr double kMaxRupees = 1e15;
constexpr std::int64_t kMaxTime = std::numeric_limits<std::int64_t>::max();

std::string to_text(const std::optional<market::IstDate>& date) {
  return date ? market::format_date(*date) : std::string();
}

/// Takes named members out of one JSON object and remembers the first thing that is wrong.
class Reader {
 public:
  explicit Reader(std::string_view text) {
    if (parser_.parse(text.data(), text.size()).get(object_) != simdjson::SUCCESS) {
      problem_ = "it is no JSON object";
    }
  }
  explicit Reader(simdjson::dom::object object) : object_(object) {}

  const std::string& problem() const noexcept { return problem_; }
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  double number(const char* name, double least, double most) {
    double value = 0;
    if (!get(name, value)) return 0;
    if (value >= least && value <= most) return value;
    refuse(fmt::format("{} is {}", name, value));
    return 0;
  }
  std::int64_t whole(const char* name, std::int64_t least, std::int64_t most) {
    std::int64_t value = 0;
    if (!get(name, value)) return 0;
    if (value >= least && value <= most) return value;
    refuse(fmt::format("{} is {}", name, value));
    return 0;
  }
  bool flag(const char* name) {
    bool value = false;
    get(name, value);
    return value;
  }
  /// At most 20 letters and digits.
  std::string word(const char* name) {
    std::string_view value;
    if (!get(name, value)) return {};
    const bool good =
        value.size() <= 20 && std::all_of(value.begin(), value.end(), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        });
    if (!good) refuse(fmt::format("{} is no word", name));
    return good ? std::string(value) : std::string();
  }
  std::optional<market::IstDate> date(const char* name) {
    std::string_view value;
    if (!get(name, value) || value.empty()) return std::nullopt;
    const auto date = market::parse_date(value);
    if (!date) refuse(fmt::format("{} is no date", name));
    return date;
  }
  std::optional<simdjson::dom::object> object(const char* name) {
    simdjson::dom::object value;
    if (!get(name, value)) return std::nullopt;
    return value;
  }

 private:
  template <typename T>
  bool get(const char* name, T& value) {
    if (!problem_.empty()) return false;
    if (object_[name].get(value) == simdjson::SUCCESS) return true;
    refuse(fmt::format("{} is missing or of another kind", name));
    return false;
  }

  simdjson::dom::parser parser_;
  simdjson::dom::object object_;
  std::string problem_;
};

std::string curve_json(const ProfitCurve::Memory& curve) {
  return fmt::format(
      R"({{"date":"{}","day_start":{},"last":{},"peak":{},"max_drawdown":{},"moved":{},)"
      R"("sessions":{},"mean":{},"squares":{}}})",
      to_text(curve.date), curve.day_start, curve.last, curve.peak, curve.max_drawdown, curve.moved,
      curve.sessions, curve.mean, curve.squares);
}

ProfitCurve::Memory read_curve(Reader& outer) {
  ProfitCurve::Memory curve;
  const auto object = outer.object("curve");
  if (!object) return curve;
  Reader in(*object);
  curve.date = in.date("date");
  curve.day_start = in.number("day_start", -kMaxRupees, kMaxRupees);
  curve.last = in.number("last", -kMaxRupees, kMaxRupees);
  curve.peak = in.number("peak", 0, kMaxRupees);
  curve.max_drawdown = in.number("max_drawdown", 0, 2 * kMaxRupees);
  curve.moved = in.flag("moved");
  curve.sessions = in.whole("sessions", 0, kMaxCount);
  curve.mean = in.number("mean", -kMaxRupees, kMaxRupees);
  curve.squares = in.number("squares", 0, std::numeric_limits<double>::max());
  if (!in.problem().empty()) outer.refuse("curve: " + in.problem());
  return curve;
}

template <typename Memory>
std::string take(const Reader& in, Memory& memory, Memory read) {
  if (in.problem().empty()) memory = std::move(read);
  return in.problem();
}

}  // namespace

std::string to_json(const LaneMemory& memory) {
  return fmt::format(
      R"({{"size":{},"entry_price":{},"candles":{},"order_out":{},"cooldown":{},)"
      R"("round_trip_id":"{}","decision_price":{},"square_off_at_ns":{},"entry_date":"{}"}})",
      memory.holding.size, memory.holding.entry_price, memory.holding.candles, memory.order_out,
      memory.cooldown, memory.round_trip_id, memory.decision_price, to_ns(memory.square_off_at),
      to_text(memory.entry_date));
}

std::string read_json(std::string_view text, LaneMemory& memory) {
  constexpr int kMaxCandles = 1'000'000'000;
  Reader in(text);
  LaneMemory read;
  read.holding.size = in.whole("size", -kMaxCount, kMaxCount);
  read.holding.entry_price = in.number("entry_price", 0, kMaxRupees);
  read.holding.candles = static_cast<int>(in.whole("candles", 0, kMaxCandles));
  read.order_out = in.flag("order_out");
  read.cooldown = static_cast<int>(in.whole("cooldown", 0, kMaxCandles));
  read.round_trip_id = in.word("round_trip_id");
  read.decision_price = in.number("decision_price", 0, kMaxRupees);
  read.square_off_at = from_ns(in.whole("square_off_at_ns", 0, kMaxTime));
  read.entry_date = in.date("entry_date");
  return take(in, memory, std::move(read));
}

std::string to_json(const StrategyMemory& memory) {
  const TradeStats::Counts& trades = memory.trades;
  return fmt::format(
      R"({{"wins":{},"losses":{},"win_streak":{},"loss_streak":{},"realized_pnl":{},)"
      R"("signals_today":{},"entries":{},"confidence_sum":{},"last_signal":"{}",)"
      R"("last_signal_at_ns":{},"curve":{}}})",
      trades.wins, trades.losses, trades.win_streak, trades.loss_streak, trades.realized_pnl,
      memory.signals_today, memory.entries, memory.confidence_sum, memory.last_signal,
      to_ns(memory.last_signal_at), curve_json(memory.curve));
}

std::string read_json(std::string_view text, StrategyMemory& memory) {
  Reader in(text);
  StrategyMemory read;
  read.trades.wins = in.whole("wins", 0, kMaxCount);
  read.trades.losses = in.whole("losses", 0, kMaxCount);
  read.trades.win_streak = in.whole("win_streak", 0, read.trades.wins);
  read.trades.loss_streak = in.whole("loss_streak", 0, read.trades.losses);
  read.trades.realized_pnl = in.number("realized_pnl", -kMaxRupees, kMaxRupees);
  read.signals_today = in.whole("signals_today", 0, kMaxCount);
  read.entries = in.whole("entries", 0, kMaxCount);
  read.confidence_sum = in.number("confidence_sum", 0, static_cast<double>(read.entries));
  read.last_signal = in.word("last_signal");
  read.last_signal_at = from_ns(in.whole("last_signal_at_ns", 0, kMaxTime));
  read.curve = read_curve(in);
  if (read.trades.win_streak > 0 && read.trades.loss_streak > 0) {
    in.refuse("there is a win streak and a loss streak");
  }
  return take(in, memory, std::move(read));
}

std::string to_json(const EngineMemory& memory) {
  return fmt::format(
      R"({{"killed":{},"session_date":"{}","decisions":{},"round_trips":{},"curve":{}}})",
      memory.killed, to_text(memory.session_date), memory.ids.decisions, memory.ids.round_trips,
      curve_json(memory.curve));
}

std::string read_json(std::string_view text, EngineMemory& memory) {
  Reader in(text);
  EngineMemory read;
  read.killed = in.flag("killed");
  read.session_date = in.date("session_date");
  read.ids.decisions = static_cast<std::uint64_t>(in.whole("decisions", 0, kMaxCount));
  read.ids.round_trips = static_cast<std::uint64_t>(in.whole("round_trips", 0, kMaxCount));
  read.curve = read_curve(in);
  return take(in, memory, std::move(read));
}

}  // namespace tapedeck::strategy
