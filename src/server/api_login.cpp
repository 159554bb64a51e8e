// Login for browsers, which can show no header with EventSource and WebSocket: a key or token is
// changed for an HttpOnly cookie. And who a caller is.
#include <fmt/format.h>
#include <simdjson.h>

#include "auth/scope_words.hpp"
#include "event/json_writer.hpp"
#include "server/api_handlers.hpp"
#include "server/auth_gate.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {

namespace {

/// The "key" of a JSON object, or the error that says how it is to be written.
Result<std::string> key_in(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS) {
    return Error{"malformed_json", R"(The body must be a JSON object: {"key":"..."}.)", ""};
  }
  std::string_view key;
  if (object["key"].get(key) != simdjson::SUCCESS || key.empty() || object.size() != 1) {
    return Error{"invalid_parameter", R"(The body must be {"key":"..."}: an API key or a token.)",
                 "/key"};
  }
  return std::string(key);
}

void append_list(std::string& out, std::string_view name, const std::vector<std::string>& values) {
  fmt::format_to(std::back_inserter(out), R"({}"{}":[)", out.back() == '{' ? "" : ",", name);
  for (const std::string& value : values) {
    if (&value != &values.front()) out += ',';
    out += json::quoted(value);
  }
  out += ']';
}

std::string grant_json(const auth::Grant& grant) {
  std::string out = R"({"ok":true,"name":)" + json::quoted(grant.name) + R"(,"scopes":[)";
  for (const std::string_view word : auth::words_of_scopes(grant.scopes)) {
    if (out.back() != '[') out += ',';
    out += json::quoted(word);
  }
  out += R"(],"narrowed_to":{)";
  append_list(out, "event_type", grant.narrowing.event_type);
  append_list(out, "symbol", grant.narrowing.symbol);
  append_list(out, "strategy", grant.narrowing.strategy);
  fmt::format_to(std::back_inserter(out), R"(}},"engine_id":{},"account":{},"expires":{}}})",
                 grant.engine_id.empty() ? "null" : json::quoted(grant.engine_id),
                 grant.account.empty() ? "null" : json::quoted(grant.account),
                 grant.expires_ns == INT64_MAX
                     ? "null"
                     : json::quoted(format_rfc3339(from_ns(grant.expires_ns))));
  return out + "\n";
}

}  // namespace

HttpResponse post_login(const ApiContext& api, const HttpRequest& request) {
  const auto key = key_in(request.body);
  if (!key) return error_response(key.error());
  if (api.auth == nullptr) return json_response(grant_json(*auth::everybody()));  // no need to
  auth::Credentials shown = credentials_of(request);
  shown.authorization = shown.api_key = shown.cookie = {};
  shown.access_token = *key;
  const auto cookie = api.auth->authenticator().log_in(shown, request.secure, to_ns(now()));
  if (!cookie) {
    Error error = cookie.error();
    if (!error.field.empty()) error.field = "/key";  // where this caller wrote it
    return error_response(error);
  }
  HttpResponse response = json_response(grant_json(*cookie->grant));
  response.headers = "Set-Cookie: " + cookie->set_cookie + "\r\n";
  return response;
}

HttpResponse post_logout(const ApiContext& api, const HttpRequest& request) {
  if (api.auth == nullptr) return json_response("{\"ok\":true}\n");
  api.auth->authenticator().log_out(credentials_of(request), to_ns(now()));
  HttpResponse response = json_response("{\"ok\":true}\n");
  response.headers = "Set-Cookie: " + auth::forget_cookie(request.secure) + "\r\n";
  return response;
}

HttpResponse get_session(const HttpRequest& request) {
  return json_response(grant_json(*request.grant));
}

}  // namespace tapedeck
