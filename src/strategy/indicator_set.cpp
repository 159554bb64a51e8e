#include "tapedeck/strategy/indicator_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace tapedeck::strategy {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// An indicator's word, the suffixes of its values and what it is without being told.
struct KindInfo {
  std::string_view word;
  IndicatorSpec usual;  // period 0: has to be told
  bool takes_period;    // as `_7` behind the word
  std::size_t value_count;
  std::array<std::string_view, 3> values;  // behind the word; empty: the word itself
};

const std::array<KindInfo, 9> kKinds{{
    {"sma", {IndicatorKind::sma, 0, 0, 0, 0}, true, 1, {""}},
    {"ema", {IndicatorKind::ema, 0, 0, 0, 0}, true, 1, {""}},
    {"rsi", {IndicatorKind::rsi, 14, 0, 0, 0}, true, 1, {""}},
    {"atr", {IndicatorKind::atr, 14, 0, 0, 0}, true, 1, {""}},
    {"macd", {IndicatorKind::macd, 12, 26, 9, 0}, false, 3, {"", "_signal", "_hist"}},
    {"bb", {IndicatorKind::bollinger, 20, 0, 0, 2}, true, 3, {"_upper", "_middle", "_lower"}},
    {"adx", {IndicatorKind::adx, 14, 0, 0, 0}, true, 3, {"", "plus_di", "minus_di"}},
    {"vwap", {IndicatorKind::vwap, 0, 0, 0, 0}, false, 1, {""}},
    {"supertrend", {IndicatorKind::supertrend, 10, 0, 0, 3}, false, 2, {"", "_direction"}},
}};

const KindInfo& info_of(IndicatorKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

/// Empty for the usual parameters, else `_7`, `_5_35_5`, `_20_2.5`.
std::string parameters_of(const IndicatorSpec& spec) {
  if (spec == info_of(spec.kind).usual) return {};
  std::string text = fmt::format("_{}", spec.period);
  if (spec.slow != 0) text += fmt::format("_{}_{}", spec.slow, spec.signal);
  if (spec.factor != info_of(spec.kind).usual.factor) text += fmt::format("_{}", spec.factor);
  return text;
}

std::string name_of(const IndicatorSpec& spec, std::size_t value) {
  const KindInfo& info = info_of(spec.kind);
  const std::string_view own = info.values.at(value);
  const std::string parameters = parameters_of(spec);
  const bool has_word_of_its_own = !own.empty() && own.front() != '_';
  if (has_word_of_its_own) return fmt::format("{}{}", own, parameters);
  return fmt::format("{}{}{}", info.word, parameters, own);
}

std::optional<int> parse_period(std::string_view text) {
  int period = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), period);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (period < 1 || period > kLongestPeriod) return std::nullopt;
  return period;
}

void write(double* out, const std::optional<double>& value) noexcept {
  *out = value.value_or(kNoValue);
}

/// Feeds one candle to an indicator and puts its values where they belong.
struct Updater {
  const market::Candle& candle;
  double*& out;

  template <typename OfCloses>
  void operator()(OfCloses& indicator) const noexcept {
    indicator.update(candle.close);
    write(out++, indicator.value());
  }
  void operator()(Atr& atr) const noexcept {
    atr.update(candle.high, candle.low, candle.close);
    write(out++, atr.value());
  }
  void operator()(Macd& macd) const noexcept {
    macd.update(candle.close);
    write(out++, macd.line());
    write(out++, macd.signal());
    write(out++, macd.histogram());
  }
  void operator()(Bollinger& bollinger) const noexcept {
    bollinger.update(candle.close);
    const auto bands = bollinger.value();
    *out++ = bands ? bands->upper : kNoValue;
    *out++ = bands ? bands->middle : kNoValue;
    *out++ = bands ? bands->lower : kNoValue;
  }
  void operator()(Adx& adx) const noexcept {
    adx.update(candle.high, candle.low, candle.close);
    write(out++, adx.adx());
    write(out++, adx.plus_di());
    write(out++, adx.minus_di());
  }
  void operator()(SessionVwap& vwap) const noexcept {
    vwap.update(candle.high, candle.low, candle.close, candle.volume);
    write(out++, vwap.value());
  }
  void operator()(SuperTrend& trend) const noexcept {
    trend.update(candle.high, candle.low, candle.close);
    const auto line = trend.value();
    write(out++, line);
    *out++ = !line ? kNoValue : trend.rising() ? 1 : -1;
  }
};

}  // namespace

std::optional<IndicatorSpec> IndicatorSpec::parse(std::string_view text) {
  const std::size_t word_end = text.find('_');
  const std::string_view word = text.substr(0, word_end);
  const auto info = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const KindInfo& kind) { return kind.word == word; });
  if (info == kKinds.end()) return std::nullopt;
  IndicatorSpec spec = info->usual;
  if (word_end == std::string_view::npos) {
    if (info->takes_period && spec.period == 0) return std::nullopt;
    return spec;
  }
  const auto period = parse_period(text.substr(word_end + 1));
  if (!info->takes_period || !period) return std::nullopt;
  spec.period = *period;
  return spec;
}

// --- the plan ---

ValueId IndicatorPlan::add(const IndicatorSpec& spec) {
  const auto known = std::find(specs_.begin(), specs_.end(), spec);
  if (known != specs_.end()) {
    return {first_[static_cast<std::size_t>(known - specs_.begin())]};
  }
  if (frozen_) {
    throw std::logic_error(fmt::format(
        "the indicator {} was not asked for when the engine was made", name_of(spec, 0)));
  }
  static_cast<void>(IndicatorSet::make(spec));  // refuses what the indicator refuses
  const ValueId first{names_.size()};
  specs_.push_back(spec);
  first_.push_back(first.index);
  for (std::size_t i = 0; i < value_count(spec.kind); ++i) names_.push_back(name_of(spec, i));
  return first;
}

ValueId IndicatorPlan::sma(int period) {
  return add({IndicatorKind::sma, period, 0, 0, 0});
}
ValueId IndicatorPlan::ema(int period) {
  return add({IndicatorKind::ema, period, 0, 0, 0});
}
ValueId IndicatorPlan::rsi(int period) {
  return add({IndicatorKind::rsi, period, 0, 0, 0});
}
ValueId IndicatorPlan::atr(int period) {
  return add({IndicatorKind::atr, period, 0, 0, 0});
}
MacdIds IndicatorPlan::macd(int fast, int slow, int signal) {
  const std::size_t at = add({IndicatorKind::macd, fast, slow, signal, 0}).index;
  return {{at}, {at + 1}, {at + 2}};
}
BollingerIds IndicatorPlan::bollinger(int period, double deviations) {
  const std::size_t at = add({IndicatorKind::bollinger, period, 0, 0, deviations}).index;
  return {{at}, {at + 1}, {at + 2}};
}
AdxIds IndicatorPlan::adx(int period) {
  const std::size_t at = add({IndicatorKind::adx, period, 0, 0, 0}).index;
  return {{at}, {at + 1}, {at + 2}};
}
ValueId IndicatorPlan::vwap() {
  return add(info_of(IndicatorKind::vwap).usual);
}
SuperTrendIds IndicatorPlan::supertrend(int period, double multiplier) {
  const std::size_t at = add({IndicatorKind::supertrend, period, 0, 0, multiplier}).index;
  return {{at}, {at + 1}};
}

std::size_t IndicatorPlan::value_count(IndicatorKind kind) noexcept {
  return info_of(kind).value_count;
}

// --- the set ---

IndicatorSet::Indicator IndicatorSet::make(const IndicatorSpec& spec) {
  switch (spec.kind) {
    case IndicatorKind::sma:
      return Sma(spec.period);
    case IndicatorKind::ema:
      return Ema(spec.period);
    case IndicatorKind::rsi:
      return Rsi(spec.period);
    case IndicatorKind::atr:
      return Atr(spec.period);
    case IndicatorKind::macd:
      return Macd(spec.period, spec.slow, spec.signal);
    case IndicatorKind::bollinger:
      return Bollinger(spec.period, spec.factor);
    case IndicatorKind::adx:
      return Adx(spec.period);
    case IndicatorKind::vwap:
      return SessionVwap();
    case IndicatorKind::supertrend:
      break;
  }
  return SuperTrend(spec.period, spec.factor);
}

IndicatorSet::IndicatorSet(const IndicatorPlan& plan)
    : now_(plan.size(), kNoValue), before_(plan.size(), kNoValue) {
  indicators_.reserve(plan.specs().size());
  for (const IndicatorSpec& spec : plan.specs()) indicators_.push_back(make(spec));
}

void IndicatorSet::begin_session() noexcept {
  for (Indicator& indicator : indicators_) {
    if (auto* vwap = std::get_if<SessionVwap>(&indicator)) vwap->begin_session();
  }
}

void IndicatorSet::update(const market::Candle& candle) noexcept {
  now_.swap(before_);
  double* out = now_.data();
  for (Indicator& indicator : indicators_) std::visit(Updater{candle, out}, indicator);
}

}  // namespace tapedeck::strategy
