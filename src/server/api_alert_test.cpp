// POST /alerts/{rule}/test: a rule is tried over what was, or a message is sent to its targets.
#include <atomic>

#include "server/alert_call.hpp"
#include "server/alert_request.hpp"

namespace tapedeck {
namespace {

/// One at a time: a run over the past or a target that hangs holds a thread of the read pool for
/// long, and the others are for everybody's reads.
class Trial {
 public:
  explicit Trial(std::atomic_flag& under_way)
      : under_way_(under_way), taken_(!under_way.test_and_set(std::memory_order_acquire)) {}
  ~Trial() {
    if (taken_) under_way_.clear(std::memory_order_release);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  bool taken() const noexcept { return taken_; }

 private:
  std::atomic_flag& under_way_;
  const bool taken_;
};

/// The draft in the body, else the rule of that name.
Result<alert::Rule> rule_to_try(const AlertCall& call) {
  if (!call.body.empty()) return call.alerts.check_rule(call.name, call.body);
  auto status = call.alerts.rule(call.name);
  if (!status) return unknown_rule(call.name);
  return std::move(status->rule);
}

HttpResponse send(const AlertCall& call, const alert::Rule& rule) {
  const auto sent = call.alerts.send_test(rule);
  if (!sent.empty()) call.record("alert_test_sent", rule.name);
  return json_response(sent_json(rule.name, sent));
}

}  // namespace

HttpResponse test_alert_rule(const AlertCall& call) {
  const auto test = read_alert_test(call.parameters);
  if (!test) return error_response(test.error());
  const auto rule = rule_to_try(call);
  if (!rule) return alert_error_response(rule.error());
  const Trial trial(*call.rule_on_trial);
  if (!trial.taken()) {
    return error_response(
        {"busy", "Another rule is being tried; ask again when that is done.", "", 1});
  }
  if (test->sends) return send(call, *rule);
  const auto result = call.alerts.backtest(*rule, test->query);
  if (!result) return alert_error_response(result.error());
  return json_response(backtest_json(rule->name, *result));
}

}  // namespace tapedeck
