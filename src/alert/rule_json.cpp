// rule_json: a Rule as parse_rule reads it.
#include <fmt/format.h>

#include <chrono>

#include "alert/filter_json.hpp"
#include "alert/rule.hpp"
#include "alert/target.hpp"
#include "alert/threshold_text.hpp"
#include "event/json_writer.hpp"

namespace tapedeck::alert {
namespace {

/// Members one after the other; what is as by default is left out.
class Writer {
 public:
  /// @param value JSON
  void add(std::string_view name, std::string_view value) {
    out_ += fmt::format("{}\"{}\":{}", out_.size() == 1 ? "" : ",", name, value);
  }
  void add_members(const std::string& members) {
    if (!members.empty()) out_ += (out_.size() == 1 ? "" : ",") + members;
  }
  void add_text(std::string_view name, std::string_view value, std::string_view usual = {}) {
    if (value != usual) add(name, json::quoted(value));
  }
  void add_flag(std::string_view name, bool value, bool usual) {
    if (value != usual) add(name, value ? "true" : "false");
  }
  void add_duration(std::string_view name, Duration value, Duration usual = {}) {
    if (value != usual) add(name, json::quoted(duration_text(value)));
  }
  void add_list(std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ",") + json::quoted(value);
    add(name, fmt::format("[{}]", list));
  }
  std::string finish() && { return std::move(out_) + "}"; }

 private:
  std::string out_ = "{";
};

std::string guard_json(const Guard& guard) {
  Writer out;
  out.add_members(filter_members(guard.when));
  out.add_duration("within", guard.within, Guard{}.within);
  out.add_list("by", guard.by);
  return std::move(out).finish();
}

std::string hours_text(const TimeOfDay& hours) {
  const auto clock = [](Duration time) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
    return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
  };
  return clock(hours.from) + "-" + clock(hours.to);
}

struct ConditionWriter {
  Writer& out;
  void operator()(const Every&) const { out.add("every", "true"); }
  void operator()(const Count& count) const {
    out.add("count", std::to_string(count.at_least));
    out.add_duration("window", count.window);
  }
  void operator()(const Absence& absence) const { out.add_duration("absence", absence.duration); }
  void operator()(const Threshold& threshold) const {
    out.add_text("threshold", threshold_text(threshold));
    out.add_duration("window", threshold.window);
    if (threshold.min_count != Threshold{}.min_count) {
      out.add("min_count", std::to_string(threshold.min_count));
    }
  }
};

std::vector<std::string> shown_targets(const std::vector<std::string>& notify) {
  std::vector<std::string> out;
  for (const std::string& entry : notify) out.push_back(shown_target(entry));
  return out;
}

}  // namespace

std::string rule_json(const Rule& rule, bool hide_notify) {
  const Rule usual;
  Writer out;
  out.add_text("name", rule.name);
  out.add_text("description", rule.description);
  out.add_flag("enabled", rule.enabled, usual.enabled);
  out.add("when", fmt::format("{{{}}}", filter_members(rule.when)));
  std::visit(ConditionWriter{out}, rule.condition);
  if (rule.severity != usual.severity) out.add_text("severity", to_string(rule.severity));
  out.add_duration("for", rule.hold);
  out.add_duration("cooldown", rule.cooldown);
  out.add_duration("resolve_after", rule.resolve_after, usual.resolve_after);
  out.add_duration("max_age", rule.max_age, usual.max_age);
  out.add_list("group_by", rule.group_by);
  out.add_flag("market_hours", rule.market_hours, usual.market_hours);
  out.add_text("exchange", rule.exchange, usual.exchange);
  if (rule.hours) out.add_text("hours", hours_text(*rule.hours));
  if (rule.only_while) out.add("while", guard_json(*rule.only_while));
  out.add_text("forget", rule.forget);
  out.add_text("message", rule.message);
  out.add_list("notify", hide_notify ? shown_targets(rule.notify) : rule.notify);
  return std::move(out).finish();
}

}  // namespace tapedeck::alert
