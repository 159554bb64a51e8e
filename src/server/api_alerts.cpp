// /alerts: the rules and their alerts, and what somebody does about them.
#include <fmt/format.h>

#include <algorithm>

#include "event/json_writer.hpp"
#include "server/alert_call.hpp"
#include "server/alert_request.hpp"
#include "server/json_text.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

/// The alerts that a query takes, at most its limit of them.
/// @param left_out set when there are more
std::string alerts_json(const alert::AlertService& alerts, const AlertQuery& query,
                        bool& left_out) {
  JsonArray out;
  std::size_t count = 0;
  for (const alert::AlertStatus& status : alerts.alerts()) {
    if (!query.takes(status)) continue;
    if (count == query.limit) {
      left_out = true;
      break;
    }
    out.add(alert_status_json(status));
    ++count;
  }
  return out.json();
}

std::string rules_json(const AlertCall& call, const AlertQuery& query) {
  JsonArray out;
  for (const alert::RuleStatus& status : call.alerts.rules()) {
    if (query.takes(status.rule)) out.add(rule_status_json(status, call.addresses));
  }
  return out.json();
}

std::string targets_json(const AlertCall& call) {
  JsonArray out;
  for (const auto& status : call.alerts.deliveries().targets()) out.add(target_status_json(status));
  return out.json();
}

HttpResponse answer_of(const JsonObject& answer) {
  return json_response(answer.json() + "\n");
}

JsonObject ok() {
  JsonObject out;
  out.add("ok", "true");
  return out;
}

/// `rule` or `rule symbol=NIFTY,…` for the audit log.
std::string detail_of(const AlertCall& call, const AlertAction& action) {
  std::string out = call.name;
  for (const auto& [name, value] : action.group.value_or(alert::Group{})) {
    out += fmt::format(" {}={}", name, value);
  }
  return out;
}

/// What the body says, with the group as the rule has it and with who does it.
Result<AlertAction> action_of(const AlertCall& call, bool silences) {
  auto action = read_alert_action(call.body, silences);
  if (!action) return action;
  if (action->by.empty()) action->by = call.caller;
  if (!action->group) return action;
  const auto status = call.alerts.rule(call.name);
  if (!status) return unknown_rule(call.name);
  auto group = ordered_group(*action->group, status->rule.group_by);
  if (!group) {
    std::string names;
    for (const std::string& name : status->rule.group_by) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return Error{"invalid_parameter",
                 names.empty() ? "The rule has no group_by, so it has one group; leave group out."
                               : fmt::format("group must name {}: the rule's group_by.", names),
                 "/group"};
  }
  action->group = std::move(group);
  return action;
}

HttpResponse silence(const AlertCall& call, const AlertAction& action) {
  if (const auto error =
          call.alerts.silence(call.name, action.group, action.how_long, action.by, action.reason)) {
    return alert_error_response(*error);
  }
  const bool ends = action.how_long == alert::Duration::zero();
  call.record(ends ? "alert_unsilenced" : "alert_silenced",
              ends ? detail_of(call, action)
                   : detail_of(call, action) + " for " + alert::duration_text(action.how_long));
  const std::int64_t until = ends ? 0 : to_ns(now()) + action.how_long.count();
  return answer_of(ok().add("silenced_until", moment_json(until)));
}

}  // namespace

HttpResponse get_alerts(const AlertCall& call) {
  const auto query = read_alert_query(call.parameters);
  if (!query) return error_response(query.error());
  JsonObject out = ok();
  bool left_out = false;
  if (query->wants(AlertPart::rules)) out.add("rules", rules_json(call, *query));
  if (query->wants(AlertPart::alerts)) {
    out.add("alerts", alerts_json(call.alerts, *query, left_out));
    out.add("truncated", left_out ? "true" : "false");
  }
  if (query->wants(AlertPart::targets)) out.add("targets", targets_json(call));
  if (query->wants(AlertPart::status)) {
    out.add("status", alert_figures_json(call.alerts.figures()));
  }
  return answer_of(out);
}

HttpResponse get_alert_rule(const AlertCall& call) {
  const auto status = call.alerts.rule(call.name);
  if (!status) return error_response(unknown_rule(call.name));
  AlertQuery query;
  query.rules = {call.name};
  query.limit = static_cast<std::size_t>(AlertQuery::kMaxLimit);
  bool left_out = false;
  const std::string alerts = alerts_json(call.alerts, query, left_out);
  return answer_of(ok().add("rule", rule_status_json(*status, call.addresses))
                       .add("alerts", alerts)
                       .add("truncated", left_out ? "true" : "false"));
}

HttpResponse put_alert_rule(const AlertCall& call) {
  const auto is_new = call.alerts.put_rule(call.name, call.body);
  if (!is_new) return alert_error_response(is_new.error());
  call.record("alert_rule_put", call.name);
  HttpResponse response =
      answer_of(ok().text("name", call.name).add("created", *is_new ? "true" : "false"));
  if (*is_new) response.status = 201;
  return response;
}

HttpResponse delete_alert_rule(const AlertCall& call) {
  if (const auto error = call.alerts.delete_rule(call.name)) return alert_error_response(*error);
  call.record("alert_rule_deleted", call.name);
  return answer_of(ok());
}

HttpResponse acknowledge_alert(const AlertCall& call) {
  const auto action = action_of(call, false);
  if (!action) return error_response(action.error());
  const auto count = call.alerts.acknowledge(call.name, action->group, action->by);
  if (!count) return alert_error_response(count.error());
  if (*count > 0) call.record("alert_acknowledged", detail_of(call, *action));
  return answer_of(ok().add("acknowledged", std::to_string(*count)));
}

HttpResponse silence_alert(const AlertCall& call) {
  const auto action = action_of(call, true);
  if (!action) return error_response(action.error());
  return silence(call, *action);
}

HttpResponse unsilence_alert(const AlertCall& call) {
  AlertAction action;
  action.by = call.caller;
  return silence(call, action);
}

}  // namespace tapedeck
