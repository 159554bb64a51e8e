// Operations on alerts: rules, what fires, what somebody does about it, and what is told to whom.
#include "server/alert_request.hpp"
#include "server/operation_tables.hpp"

namespace tapedeck::tables {
namespace {

constexpr std::string_view kTag = "Alerts";
constexpr std::string_view kRuleExample =
    R"({"when":{"event_type":"order_event","filter":"payload.status == \u0022rejected\u0022"},)"
    R"("count":5,"window":"1m","severity":"critical","group_by":["engine_id"],"cooldown":"10m",)"
    R"("message":"{{count}} orders rejected within a minute"})";

ParameterSpec rule_name() {
  return {.name = "rule",
          .description = "The rule's name.",
          .pattern = "^[A-Za-z0-9_.-]{1,64}$",
          .in = ParameterPlace::path};
}

ParameterSpec delivery_id() {
  return {.name = "id",
          .description = "The delivery's id.",
          .pattern = "^[\\s\\S]+$",
          .in = ParameterPlace::path};
}

/// What every request about alerts may answer, and `more`.
std::vector<std::string_view> errors(std::vector<std::string_view> more = {}) {
  more.insert(more.end(), {"alerts_off", "busy", "store_slow"});
  return more;
}

Operation list() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/alerts",
                .id = "listAlerts",
                .tag = kTag,
                .summary = "Rules, what fires and what lately did, targets, figures",
                .description =
                    "Alerts come newest first. `state`, `severity` and `rule` select "
                    "alerts, the last two rules as well. Addresses of targets are shown "
                    "in full to admins only."};
  out.parameters = {
      {.name = "state",
       .kind = ParameterKind::words,
       .description = "Only alerts in these states.",
       .words = {"pending", "firing", "resolved"}},
      {.name = "severity",
       .kind = ParameterKind::words,
       .description = "Only these.",
       .words = {"info", "warning", "critical"}},
      {.name = "rule", .kind = ParameterKind::list, .description = "Only those of these names."},
      {.name = "parts",
       .kind = ParameterKind::words,
       .description = "What the answer has; all of it by default.",
       .words = {"rules", "alerts", "targets", "status"}},
      {.name = "limit",
       .kind = ParameterKind::integer,
       .description = "Alerts at most; `truncated` says that there are more.",
       .min = 1,
       .max = AlertQuery::kMaxLimit,
       .default_value = "1000"}};
  out.answers = {{.description = "What was asked for.", .schema = "Alerts"}};
  out.errors = errors({"invalid_parameter"});
  return out;
}

Operation get_rule() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/alerts/{rule}",
                .id = "getAlertRule",
                .tag = kTag,
                .summary = "One rule and its alerts",
                .parameters = {rule_name()}};
  out.answers = {{.description = "They are.", .schema = "AlertRuleAnswer"}};
  out.errors = errors({"not_found"});
  return out;
}

Operation put_rule() {
  Operation out{.method = "PUT",
                .path = "/api/telemetry/alerts/{rule}",
                .id = "putAlertRule",
                .tag = kTag,
                .summary = "Make or replace a rule",
                .description =
                    "It is kept over restarts. Alerts of a rule that changes are over. "
                    "Rules of the configuration cannot be changed.",
                .parameters = {rule_name()}};
  out.body =
      BodySpec{"The rule; at most 16 KiB.", {{"application/json", "AlertRule"}}, kRuleExample};
  out.answers = {{.description = "It was replaced.", .schema = "AlertRulePut"},
                 {.status = 201, .description = "It is new.", .schema = "AlertRulePut"}};
  out.errors = errors(
      {"malformed_json", "invalid_rule", "rule_is_configured", "too_many_rules", "store_failed"});
  return out;
}

Operation delete_rule() {
  Operation out{.method = "DELETE",
                .path = "/api/telemetry/alerts/{rule}",
                .id = "deleteAlertRule",
                .tag = kTag,
                .summary = "Remove a rule; its alerts are over",
                .parameters = {rule_name()}};
  out.answers = {{.description = "It is gone.", .schema = "Done"}};
  out.errors = errors({"not_found", "rule_is_configured", "store_failed"});
  return out;
}

Operation test_rule() {
  Operation out{
      .method = "POST",
      .path = "/api/telemetry/alerts/{rule}/test",
      .id = "testAlertRule",
      .tag = kTag,
      .summary = "Try a rule over what was, or send a message to its targets",
      .description =
          "Without a body the rule of that name is tried, else the draft in the body, "
          "which is not kept. A run over the past tells nobody; with `send=true` there is no run, "
          "but each target gets one message marked `test`. One rule is tried at a time."};
  out.parameters =
      joined({rule_name()},
             joined(bounds(ParameterKind::time),
                    {{.name = "limit",
                      .kind = ParameterKind::integer,
                      .description = "Episodes at most; `firings` counts them all.",
                      .min = 1,
                      .max = AlertTest::kMaxEpisodes,
                      .default_value = "100"},
                     {.name = "send",
                      .kind = ParameterKind::word,
                      .description = "Whether a message is sent to the rule's targets instead.",
                      .words = {"true", "false"},
                      .default_value = R"("false")"}}));
  out.body = BodySpec{"A draft; none: the rule of that name.",
                      {{"application/json", "AlertRule"}},
                      kRuleExample,
                      false};
  out.answers = {{.description = "When it would have fired, or what the targets said.",
                  .schema = "AlertTest"}};
  out.errors = errors(
      {"invalid_parameter", "malformed_json", "invalid_rule", "not_found", "store_unreadable"});
  return out;
}

Operation acknowledge() {
  Operation out{.method = "POST",
                .path = "/api/telemetry/alerts/{rule}/acknowledge",
                .id = "acknowledgeAlert",
                .tag = kTag,
                .summary = "Say that somebody looks at what fires",
                .parameters = {rule_name()}};
  out.body = BodySpec{"Which group, and who; none: all of the rule, and who calls.",
                      {{"application/json", "AlertAcknowledgement"}},
                      R"({"by":"asha"})",
                      false};
  out.answers = {{.description = "How many were.", .schema = "AlertAcknowledged"}};
  out.errors = errors({"malformed_json", "invalid_parameter", "not_found"});
  return out;
}

Operation silence() {
  Operation out{
      .method = "POST",
      .path = "/api/telemetry/alerts/{rule}/silence",
      .id = "silenceAlert",
      .tag = kTag,
      .summary = "Have nothing sent for a time",
      .description = "The rule goes on being watched, and what fires is listed. `0s` ends it.",
      .parameters = {rule_name()}};
  out.body = BodySpec{"How long; which group (none: the rule), who and why.",
                      {{"application/json", "AlertSilence"}},
                      R"({"for":"1h","reason":"the broker repairs it"})"};
  out.answers = {{.description = "Until when.", .schema = "AlertSilenced"}};
  out.errors = errors({"malformed_json", "invalid_parameter", "not_found"});
  return out;
}

Operation unsilence() {
  Operation out{.method = "DELETE",
                .path = "/api/telemetry/alerts/{rule}/silence",
                .id = "unsilenceAlert",
                .tag = kTag,
                .summary = "End the silence of a rule",
                .description = "A group's silence is ended by one of `0s`.",
                .parameters = {rule_name()}};
  out.answers = {{.description = "It has ended.", .schema = "AlertSilenced"}};
  out.errors = errors({"not_found"});
  return out;
}

std::vector<ParameterSpec> whose() {
  return {{.name = "target",
           .description = "Only those to this target: as in the rule's notify, or as shown."},
          {.name = "rule", .description = "Only those of this rule."}};
}

Operation deliveries() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/alert-deliveries",
                .id = "listAlertDeliveries",
                .tag = kTag,
                .summary = "What waits to be told, and dead letters, oldest first"};
  out.parameters = joined({{.name = "state",
                            .kind = ParameterKind::word,
                            .description = "Only what waits, or only dead letters.",
                            .words = {"queued", "dead"}},
                           {.name = "limit",
                            .kind = ParameterKind::integer,
                            .description = "How many at most.",
                            .min = 1,
                            .max = kMaxDeliveries,
                            .default_value = "100"}},
                          whose());
  out.answers = {{.description = "They are.", .schema = "AlertDeliveries"}};
  out.errors = errors({"invalid_parameter"});
  return out;
}

Operation resend() {
  Operation out{.method = "POST",
                .path = "/api/telemetry/alert-deliveries/{id}/resend",
                .id = "resendAlertDelivery",
                .tag = kTag,
                .summary = "Put a dead letter back into the queue",
                .parameters = {delivery_id()}};
  out.answers = {{.description = "It waits again.", .schema = "AlertResent"}};
  out.errors = errors({"not_found"});
  return out;
}

Operation resend_all() {
  Operation out{.method = "POST",
                .path = "/api/telemetry/alert-dead-letters/resend",
                .id = "resendAlertDeadLetters",
                .tag = kTag,
                .summary = "Put all dead letters back into the queue",
                .parameters = whose()};
  out.answers = {{.description = "How many there were.", .schema = "AlertResent"}};
  out.errors = errors();
  return out;
}

Operation discard() {
  Operation out{.method = "DELETE",
                .path = "/api/telemetry/alert-deliveries/{id}",
                .id = "discardAlertDelivery",
                .tag = kTag,
                .summary = "Forget a delivery",
                .parameters = {delivery_id()}};
  out.answers = {{.description = "It is forgotten.", .schema = "Done"}};
  out.errors = errors({"not_found"});
  return out;
}

}  // namespace

std::vector<Operation> alert_operations() {
  return {list(),    get_rule(),  put_rule(),   delete_rule(), test_rule(), acknowledge(),
          silence(), unsilence(), deliveries(), discard(),     resend(),    resend_all()};
}

}  // namespace tapedeck::tables
