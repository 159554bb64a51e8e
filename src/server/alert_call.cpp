#include "server/alert_call.hpp"

#include <fmt/format.h>

#include "server/auth_gate.hpp"
#include "server/narrowing.hpp"

namespace tapedeck {
namespace {

AlertCall call_of(const ApiContext& api, const HttpRequest& request) {
  const auto record_later =
      [gate = api.auth, grant = request.grant->id, address = std::string(request.remote_address),
       id = std::string(request.request_id)](std::string_view action, std::string_view detail) {
        tapedeck::record(gate, AuditedCaller{grant, address, id}, action, detail);
      };
  const bool is_admin = request.grant->has(auth::Scope::admin);
  return {*api.alerts,
          request.parsed.parameters,
          std::string(request.path_parameter()),
          std::string(request.body),
          request.grant->name,
          is_admin ? Addresses::shown : Addresses::hidden,
          api.rule_on_trial,
          record_later};
}

}  // namespace

HttpResponse alert_response(const ApiContext& api, const HttpRequest& request,
                            AlertHandler handler) {
  if (const auto error = refuse_narrowed(*request.grant, "Alert rules tell")) {
    return error_response(*error);
  }
  if (api.alerts == nullptr) {
    return error_response({"alerts_off",
                           "This server watches no alert rules; tapedeck serve and tapedeck run "
                           "do.",
                           ""});
  }
  if (request.body.size() > kMaxAlertBody) {
    return error_response({"body_too_large",
                           fmt::format("The body has {} bytes; about alerts {} are taken.",
                                       request.body.size(), kMaxAlertBody),
                           ""});
  }
  const auto call = std::make_shared<const AlertCall>(call_of(api, request));
  return later_response([call, handler] { return handler(*call); });
}

HttpResponse alert_error_response(const Error& error) {
  Error worded = error;
  if (error.code == "history_failed") {
    worded.code = "store_unreadable";
  } else if (error.code == "too_many_events") {
    worded.code = "invalid_parameter";
    worded.field = "since";
  }
  return error_response(worded);
}

Error unknown_rule(std::string_view name) {
  return {"not_found",
          fmt::format("There is no rule \"{}\"; GET /api/telemetry/alerts lists them.",
                      name.substr(0, 64)),
          "rule"};
}

}  // namespace tapedeck
