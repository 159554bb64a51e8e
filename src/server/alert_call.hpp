// AlertCall: a request about alerts with all that its answer needs, as it is taken to the read
// pool: what changes rules waits for the disk, what tries them reads the history or waits for
// targets.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert_service.hpp"
#include "base/error.hpp"
#include "query/query_string.hpp"
#include "server/alert_json.hpp"
#include "server/api.hpp"
#include "server/http_message.hpp"

namespace tapedeck {

/// Bytes of a body that is about alerts: what a rule may have.
inline constexpr std::size_t kMaxAlertBody = alert::kMaxRuleBytes;

struct AlertCall {
  alert::AlertService& alerts;
  std::vector<QueryParameter> parameters;
  std::string name;  ///< what stands for `{rule}` or `{id}` in the path
  std::string body;
  std::string caller;  ///< for people: the name of the caller's key
  Addresses addresses = Addresses::hidden;
  std::shared_ptr<std::atomic_flag> rule_on_trial;  ///< set while a rule is being tried
  /// Tells the audit log what has been done.
  std::function<void(std::string_view action, std::string_view detail)> record;
};

using AlertHandler = HttpResponse (*)(const AlertCall& call);

/// Calls the handler on the read pool. Refused are callers that are narrowed to some events (rules
/// and alerts are about all of them), bodies above kMaxAlertBody, and everybody where there are no
/// alerts.
HttpResponse alert_response(const ApiContext& api, const HttpRequest& request,
                            AlertHandler handler);

/// An error of the alert room as the API words it.
HttpResponse alert_error_response(const Error& error);
/// There is no rule of that name.
Error unknown_rule(std::string_view name);

// api_alerts.cpp
HttpResponse get_alerts(const AlertCall& call);
HttpResponse get_alert_rule(const AlertCall& call);
HttpResponse put_alert_rule(const AlertCall& call);
HttpResponse delete_alert_rule(const AlertCall& call);
HttpResponse acknowledge_alert(const AlertCall& call);
HttpResponse silence_alert(const AlertCall& call);
HttpResponse unsilence_alert(const AlertCall& call);
// api_alert_test.cpp
HttpResponse test_alert_rule(const AlertCall& call);
// api_deliveries.cpp
HttpResponse get_deliveries(const AlertCall& call);
HttpResponse resend_delivery(const AlertCall& call);
HttpResponse resend_dead_letters(const AlertCall& call);
HttpResponse discard_delivery(const AlertCall& call);

}  // namespace tapedeck
