// Drives an evaluator by seconds of a day: events by their JSON, time by hand, what changes as
// text. The clock begins on a trading day, Tuesday 2025-11-18, at 10:00 in India.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "alert/evaluator.hpp"
#include "alert/event_frame.hpp"

namespace tapedeck::alert::testing {

class Drive {
 public:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kTenInIndia = 1'763'440'200 * kSecond;  // 04:30 UTC

  explicit Drive(AlertLimits limits = {}) : evaluator(limits, calendar) {}

  Drive& add(std::string_view name, std::string_view json) {
    auto rule = parse_rule(name, json);
    if (!rule) throw std::runtime_error(rule.error().message);
    auto compiled = CompiledRule::compile(std::move(rule).value());
    if (!compiled) throw std::runtime_error(compiled.error().message);
    evaluator.add(*compiled, now());
    return *this;
  }

  /// Lets time pass until so many seconds after the beginning.
  Drive& at(double seconds) {
    seconds_ = seconds;
    evaluator.advance(now());
    return *this;
  }
  Drive& event(std::string_view type, std::string_view payload, double age_seconds = 0,
               std::string_view source = "{}") {
    const tapedeck::testing::EventFrame frame(
        fmt::format(R"({{"type":"{}","payload":{},"source":{}}})", type, payload, source));
    const auto age = static_cast<std::int64_t>(age_seconds * 1e9);
    evaluator.look(frame.data(), frame.index(), now().at - age, age, now());
    return *this;
  }
  Moment now() const {
    const std::int64_t at = kTenInIndia + static_cast<std::int64_t>(seconds_ * 1e9);
    return {at, at, at};
  }

  /// "firing RULE [group]" and "resolved RULE [group]", what has changed since the last call.
  std::vector<std::string> changes() {
    std::vector<std::string> out;
    for (const AlertChange& change : evaluator.take_changes()) {
      out.push_back(fmt::format("{} {} {}", to_string(change.status.state), change.status.rule,
                                change.rule->group_id(change.status.group)));
      last = change;
    }
    return out;
  }

  market::TradingCalendar calendar;
  Evaluator evaluator;
  AlertChange last;  ///< of changes()

 private:
  double seconds_ = 0;
};

}  // namespace tapedeck::alert::testing
