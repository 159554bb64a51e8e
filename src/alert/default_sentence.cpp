#include "alert/default_sentence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "alert/message_text.hpp"
#include "filter/value_expression.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::size_t kMaxExpression = 60;  // bytes of an expression that are shown

std::string subject(const MessageContext& context) {
  const std::string group = group_text(context.group);
  return group.empty() ? context.rule.name : fmt::format("{} ({})", context.rule.name, group);
}

/// What the rule looks at, in a word.
std::string events(const Rule& rule) {
  return rule.when.event_type.size() == 1 ? rule.when.event_type.front() : "events";
}

/// "over 250"
std::string limit_text(const Threshold& threshold) {
  constexpr std::array<std::string_view, 6> kWords{"over",    "at least", "under",
                                                   "at most", "equal to", "not"};
  return fmt::format("{} {}", kWords.at(static_cast<std::size_t>(threshold.comparison)),
                     number_text(threshold.limit));
}

std::string for_so_long(Duration hold) {
  return hold == Duration::zero() ? "" : fmt::format(" for {}", duration_text(hold));
}

/// What is told of an event of any type, in this order; the last one is a sentence of its own.
constexpr std::array<std::string_view, 10> kToldFields{
    "payload.symbol", "payload.engine_name", "payload.side",  "payload.signal", "payload.qty",
    "payload.status", "payload.command",     "payload.phase", "payload.count",  "payload.reason"};

const ValueExpression& told_field(std::size_t number) {
  static const auto compiled = [] {
    std::array<std::shared_ptr<const ValueExpression>, kToldFields.size()> out;
    std::transform(kToldFields.begin(), kToldFields.end(), out.begin(),
                   [](std::string_view path) { return ValueExpression::compile(path).value(); });
    return out;
  }();
  return *compiled.at(number);
}

/// "order_event NIFTY SELL rejected: RMS: margin"; what the group says already is left out.
std::string event_text(const MessageContext& context) {
  if (context.frame == nullptr || context.index == nullptr) return events(context.rule);
  std::string out(context.frame + context.index->type_offset(), context.index->type_length);
  for (std::size_t i = 0; i < kToldFields.size(); ++i) {
    const auto value = value_text(told_field(i), context.frame, *context.index);
    const bool is_told = std::any_of(
        context.group.begin(), context.group.end(),
        [&](const auto& part) { return short_name(part.first) == short_name(kToldFields.at(i)); });
    if (!value || value->empty() || *value == "null" || is_told) continue;
    out += i + 1 == kToldFields.size() ? ": " : " ";
    out += *value;
  }
  return out;
}

/// "p99 latency_ms"; of the newest event alone the field.
std::string value_name(const Threshold& threshold) {
  const auto compiled = ValueExpression::compile(threshold.value);
  const std::string what = compiled && (*compiled)->is_field()
                               ? std::string(short_name(threshold.value))
                               : one_line(threshold.value, kMaxExpression);
  if (threshold.aggregate == Aggregate::last) return what;
  return what.empty() ? std::string(to_string(threshold.aggregate))
                      : fmt::format("{} {}", to_string(threshold.aggregate), what);
}

/// Whether it says of the newest event that a condition holds, as in `last(a == b) > 0`.
bool is_plain_condition(const Threshold& threshold) {
  if (threshold.aggregate != Aggregate::last || !holds(threshold.comparison, 1, threshold.limit) ||
      holds(threshold.comparison, 0, threshold.limit)) {
    return false;
  }
  const auto compiled = ValueExpression::compile(threshold.value);
  return compiled && (*compiled)->is_condition();
}

std::string reading(const MessageContext& context, const Threshold& threshold) {
  const std::string within =
      threshold.window == Duration::zero() || threshold.aggregate == Aggregate::last
          ? ""
          : " within " + duration_text(threshold.window);
  return fmt::format("{}{} is {}", value_name(threshold), within,
                     context.value ? number_text(*context.value) : std::string(kNotThere));
}

struct Sentence {
  const MessageContext& context;
  const Rule& rule = context.rule;

  std::string operator()(const Every&) const { return event_text(context); }
  std::string operator()(const Count& count) const {
    return fmt::format("{} {} within {}, at least {}{}", context.count, events(rule),
                       duration_text(count.window), count.at_least, for_so_long(rule.hold));
  }
  std::string operator()(const Absence& absence) const {
    return fmt::format("no {} for {}", events(rule), duration_text(absence.duration + rule.hold));
  }
  std::string operator()(const Threshold& threshold) const {
    if (is_plain_condition(threshold)) {
      return one_line(threshold.value, kMaxExpression) + for_so_long(rule.hold);
    }
    return fmt::format("{}, {}{}", reading(context, threshold), limit_text(threshold),
                       for_so_long(rule.hold));
  }
};

std::string resolved_sentence(const MessageContext& context) {
  const auto* threshold = std::get_if<Threshold>(&context.rule.condition);
  if (threshold == nullptr || !context.value || is_plain_condition(*threshold) ||
      holds(threshold->comparison, *context.value, threshold->limit)) {
    return subject(context);
  }
  return fmt::format("{}: {}, no longer {}", subject(context), reading(context, *threshold),
                     limit_text(*threshold));
}

}  // namespace

std::string default_sentence(const MessageContext& context) {
  if (context.state == "resolved") return resolved_sentence(context);
  if (context.state == "test") return subject(context) + " is told here";
  std::string out = subject(context) + ": " + std::visit(Sentence{context}, context.rule.condition);
  if (context.suppressed > 0) out += fmt::format(" ({} more not told)", context.suppressed);
  return out;
}

}  // namespace tapedeck::alert
