// Rule: what somebody wants to be told, as it is written in the configuration or sent to the API.
// Plain data, checked when it is read; compiled for evaluation elsewhere (evaluator.hpp).
//
// One JSON object, whose keys are also those of a TOML table `[alerts.rules.NAME]`:
//   when          which events: an object of the filter parameters of the API (each a text with
//                 commas or a list) and `filter`, an expression; or the expression alone as a text
//   and exactly one of
//   every         true: each match
//   count         so many matches within `window`
//   absence       no match for so long; with group_by, of a group that has been seen
//   threshold     AGGREGATE(EXPRESSION) COMPARISON NUMBER, such as "avg(payload.latency_ms) > 250",
//                 over `window` and with at least `min_count` values; of `last`, the newest event
//                 of each group decides and `window` says how long it counts (none: until another)
//   the rest is optional:
//   description, enabled, severity, for, cooldown, resolve_after, max_age, group_by, market_hours,
//   exchange, hours, while, forget, message, notify; see the members of Rule.
// Lists are texts with commas or lists of texts; `notify` is one text or a list. `hours` is
// "09:15-15:30". `while` is an object of the same keys as `when`, and `within` and `by`. Durations
// are texts such as "500ms", "30s", "10m", "2h", "1d", of at most a year, windows of a week.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck::alert {

using Duration = std::chrono::nanoseconds;
inline constexpr Duration kMaxDuration = std::chrono::days(365);
inline constexpr Duration kMaxWindow = std::chrono::days(7);
inline constexpr std::size_t kMaxRuleBytes = std::size_t{16} << 10;  ///< of a rule's JSON
inline constexpr std::size_t kMaxDescriptionBytes = 1000;
inline constexpr std::size_t kMaxGroupBy = 8;
inline constexpr std::size_t kMaxGroupByBytes = 200;  ///< of one of them
inline constexpr std::size_t kMaxNotify = 16;
inline constexpr std::size_t kMaxNotifyBytes = 2048;  ///< of one of them

enum class Severity : std::uint8_t { info, warning, critical };
std::string_view to_string(Severity severity) noexcept;

enum class Aggregate : std::uint8_t { count, rate, sum, avg, min, max, p50, p90, p99, last };
std::string_view to_string(Aggregate aggregate) noexcept;

enum class Comparison : std::uint8_t { greater, at_least, less, at_most, equal, not_equal };
std::string_view to_string(Comparison comparison) noexcept;  ///< `>`, `>=`, …
bool holds(Comparison comparison, double value, double limit) noexcept;

struct Every {
  bool operator==(const Every&) const = default;
};
struct Count {
  static constexpr std::uint64_t kMost = 10'000;
  std::uint64_t at_least = 1;
  Duration window{};
  bool operator==(const Count&) const = default;
};
struct Absence {
  Duration duration{};
  bool operator==(const Absence&) const = default;
};
struct Threshold {
  static constexpr std::uint64_t kMostMinCount = 1'000'000;
  Aggregate aggregate = Aggregate::last;
  std::string value;  ///< expression; booleans count 1 and 0; empty: count() and rate() need none
  Comparison comparison = Comparison::greater;
  double limit = 0;
  Duration window{};  ///< zero with `last`: until another event
  std::uint64_t min_count = 1;
  bool operator==(const Threshold&) const = default;
};
using Condition = std::variant<Every, Count, Absence, Threshold>;

/// A time of day in India, on dates with a session: [from, to), to > from.
struct TimeOfDay {
  Duration from{};  ///< since midnight
  Duration to{};
  bool operator==(const TimeOfDay&) const = default;
};

/// "Only while": the rule holds only when an event of `when` came within the last `within`.
struct Guard {
  Filter when;
  Duration within = std::chrono::seconds(30);
  /// Of group_by: the event counts only for groups that are alike in these. Empty: for all.
  std::vector<std::string> by;
};

struct Rule {
  std::string name;         ///< 1 to 64 bytes of [A-Za-z0-9_.-]
  std::string description;  ///< for people
  bool enabled = true;
  Filter when;  ///< without since and until
  Condition condition;
  Severity severity = Severity::warning;
  /// The condition must hold for so long before it fires. Not with `every`.
  Duration hold{};
  /// After having fired, a group does not fire again for so long; what it would have told is
  /// counted.
  Duration cooldown{};
  /// `every` only: without another match for so long, the alert is over.
  Duration resolve_after = std::chrono::minutes(5);
  /// Events older than this when they are read do not fire.
  Duration max_age = std::chrono::seconds(60);
  /// State is kept for each combination of these: names of filters (`symbol`, `engine_id`, …),
  /// `type`, or paths such as `payload.product`. At most 8.
  std::vector<std::string> group_by;
  /// Holds, and absence counts, only in the exchange's continuous session.
  bool market_hours = false;
  std::string exchange = "NSE";  ///< whose session: NSE, BSE, NFO, BFO, MCX, …
  /// Holds, and absence counts, only then.
  std::optional<TimeOfDay> hours;
  std::optional<Guard> only_while;
  /// An expression: an event of `when` for which it is true ends its group's watch (an engine that
  /// says it has stopped is not missed). Empty: none.
  std::string forget;
  /// What the alert says, with `{{…}}` (message_template.hpp). Empty: a sentence made of the rule.
  std::string message;
  /// Names of targets of the configuration, or URLs (target.hpp).
  std::vector<std::string> notify;
};

/// Whether a rule may be called so.
bool is_rule_name(std::string_view name) noexcept;

/// Reads and checks a rule. `name` in the text, if there, must be the given one.
/// Error codes: malformed_json, invalid_rule; `field` is a JSON pointer; the message says what may
/// be written there. Expressions and the template are compiled, so what is returned can be used.
Result<Rule> parse_rule(std::string_view name, std::string_view json);

/// The rule as parse_rule reads it, without what is as by default. Deterministic.
/// @param hide_notify URLs in `notify` are shown without what may be secret (shown_target()).
std::string rule_json(const Rule& rule, bool hide_notify = false);

/// "90s" as nanoseconds: a whole number and ms, s, m, h or d. Nothing when it is none, or beyond a
/// year.
std::optional<Duration> parse_duration(std::string_view text) noexcept;
/// The shortest spelling that parse_duration reads.
std::string duration_text(Duration duration);

}  // namespace tapedeck::alert
