#include "server/openapi.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "auth/scope_words.hpp"
#include "event/schema.hpp"
#include "server/error_codes.hpp"
#include "server/json_text.hpp"
#include "server/operation.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck {

extern const std::string_view api_schemas;  // api_schemas.json

namespace {

std::string schema_reference(std::string_view name) {
  return json_reference(fmt::format("#/components/schemas/{}", name));
}

// --- parameters and bodies ---

std::string_view place_name(ParameterPlace place) {
  switch (place) {
    case ParameterPlace::query:
      return "query";
    case ParameterPlace::path:
      return "path";
    case ParameterPlace::header:
      break;
  }
  return "header";
}

std::string parameter_json(const ParameterSpec& spec) {
  JsonObject out;
  out.text("name", spec.name).text("in", place_name(spec.in)).text("description", spec.description);
  if (spec.in == ParameterPlace::path) out.add("required", "true");
  if (spec.kind == ParameterKind::list || spec.kind == ParameterKind::words) {
    out.text("style", "form").add("explode", "false");
  }
  out.add("schema", schema_of(spec));
  if (!spec.example.empty()) out.add("example", spec.example);
  return out.json();
}

std::string body_json(const BodySpec& body) {
  JsonObject content;
  for (const BodySpec::Form& form : body.forms) {
    JsonObject media;
    media.add("schema", schema_reference(form.schema));
    if (&form == &body.forms.front()) media.add("example", body.example);
    content.add(form.content_type, media.json());
  }
  return JsonObject()
      .text("description", body.description)
      .add("required", body.required ? "true" : "false")
      .add("content", content.json())
      .json();
}

// --- answers ---

/// Answers of one status that differ in their content type become one.
void add_answers(const Operation& operation, JsonObject& out) {
  std::map<int, std::vector<const AnswerSpec*>> by_status;
  for (const AnswerSpec& answer : operation.answers) by_status[answer.status].push_back(&answer);
  for (const auto& [status, answers] : by_status) {
    JsonObject response, content;
    response.text("description", answers.front()->description);
    if (!answers.front()->headers.empty()) response.add("headers", answers.front()->headers);
    for (const AnswerSpec* answer : answers) {
      if (answer->schema.empty()) continue;
      content.add(answer->content_type,
                  JsonObject().add("schema", schema_reference(answer->schema)).json());
    }
    if (!content.empty()) response.add("content", content.json());
    out.add(std::to_string(status), response.json());
  }
}

bool may_give(const Route& route, const ErrorCode& error) {
  switch (error.reach) {
    case ErrorReach::every_request:
      return true;
    case ErrorReach::needs_scope:
      if (route.scope != auth::Scope::none) return true;
      break;  // a login names it
    case ErrorReach::no_route:
      return false;
    case ErrorReach::some_routes:
      break;
  }
  const auto& errors = route.operation->errors;
  return std::find(errors.begin(), errors.end(), error.code) != errors.end();
}

/// The one error shape, with the codes that come with a status here.
std::string error_json(int status, const std::vector<const ErrorCode*>& errors) {
  JsonArray codes;
  std::string description;
  for (const ErrorCode* error : errors) {
    codes.text(error->code);
    if (!description.empty()) description += ' ';
    description += fmt::format("`{}`: {}", error->code, error->when);
  }
  const std::string code = JsonObject().add("enum", codes.json()).json();
  const std::string narrowed =
      JsonObject().add("properties", JsonObject().add("code", code).json()).json();
  const std::string schema =
      JsonObject()
          .add("allOf", JsonArray().add(schema_reference("Error")).add(narrowed).json())
          .json();
  JsonObject response;
  response.text("description", description);
  if (status == 429 || status == 503) {
    response.add("headers", R"({"Retry-After":{"description":"Seconds to wait; not always there.",)"
                            R"("schema":{"type":"integer","minimum":0}}})");
  }
  const std::string media = JsonObject().add("schema", schema).json();
  response.add("content", JsonObject().add("application/json", media).json());
  return response.json();
}

void add_errors(const Route& route, JsonObject& out) {
  std::map<int, std::vector<const ErrorCode*>> by_status;
  for (const ErrorCode& error : error_codes()) {
    if (may_give(route, error)) by_status[error.status].push_back(&error);
  }
  for (const auto& [status, errors] : by_status) {
    out.add(std::to_string(status), error_json(status, errors));
  }
}

// --- operations ---

std::string security_json(const Route& route, bool anonymous) {
  JsonArray out;
  if (route.scope == auth::Scope::none) return out.json();
  if (anonymous) out.add("{}");
  const std::string scopes = JsonArray().text(auth::word_of(route.scope)).json();
  for (const std::string_view scheme : {"bearer", "api_key", "session"}) {
    out.add(JsonObject().add(scheme, scopes).json());
  }
  if (route.operation->takes_access_token) {
    out.add(JsonObject().add("access_token", scopes).json());
  }
  return out.json();
}

std::string operation_json(const Route& route, bool anonymous) {
  const Operation& operation = *route.operation;
  JsonObject out;
  out.text("operationId", operation.id).add("tags", JsonArray().text(operation.tag).json());
  std::string description(operation.description);
  if (route.scope != auth::Scope::none) {
    if (!description.empty()) description += "\n\n";
    description += fmt::format("Needs the scope `{}`.", auth::word_of(route.scope));
  }
  out.text("summary", operation.summary);
  out.text("description", description.empty() ? operation.summary : description);
  out.add("security", security_json(route, anonymous));
  JsonArray parameters;
  for (const ParameterSpec& spec : operation.parameters) {
    if (spec.kind != ParameterKind::refused) parameters.add(parameter_json(spec));
  }
  out.add("parameters", parameters.json());
  if (operation.body) out.add("requestBody", body_json(*operation.body));
  JsonObject responses;
  add_answers(operation, responses);
  add_errors(route, responses);
  return out.add("responses", responses.json()).json();
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// Paths in the order of their first routes.
std::string paths_json(const std::vector<Route>& routes, bool anonymous) {
  JsonObject out;
  std::vector<std::string_view> done;
  for (const Route& first : routes) {
    if (std::find(done.begin(), done.end(), first.path) != done.end()) continue;
    done.push_back(first.path);
    JsonObject methods;
    for (const Route& route : routes) {
      if (route.path != first.path || route.operation == nullptr) continue;
      methods.add(lower(route.method), operation_json(route, anonymous));
    }
    if (!methods.empty()) out.add(first.path, methods.json());
  }
  return out.json();
}

// --- components ---

/// A payload as POST takes it: required fields are checked, the others are carried as they are.
std::string posted_payload_json(std::string_view type) {
  JsonObject properties;
  JsonArray required;
  for (const FieldSchema& field : fields_of_type(type)) {
    JsonObject schema;
    if (field.required) {
      schema.text("type", name_of(field.type));
      if (field.type == JsonType::array) schema.add("items", "{}");
      required.text(field.name);
    } else {
      schema.text("description", fmt::format("Usually of type {}.", name_of(field.type)));
    }
    properties.add(field.name, schema.json());
  }
  return JsonObject()
      .text("type", "object")
      .add("required", required.json())
      .add("properties", properties.json())
      .json();
}

std::string posted_event_json(const std::string& type_schema, const std::string& payload_schema) {
  const JsonObject properties =
      JsonObject()
          .add("type", type_schema)
          .add("payload", payload_schema)
          .add("timestamp", schema_reference("PostedTimestamp"))
          .add("source", schema_reference("Source"))
          .add("id", R"({"description":"Ignored: ids are the server's to give."})");
  return JsonObject()
      .text("type", "object")
      .add("required", R"(["type","payload"])")
      .add("additionalProperties", "false")
      .add("properties", properties.json())
      .json();
}

void add_posted_events(JsonObject& out) {
  JsonArray types, choices;
  for (const std::string_view type : known_event_types()) {
    const std::string payload = std::string(type) + ".payload";
    out.add(payload, posted_payload_json(type));
    out.add(type,
            posted_event_json(JsonObject().text("const", type).json(), schema_reference(payload)));
    types.text(type);
    choices.add(schema_reference(type));
  }
  const std::string others = JsonArray()
                                 .add(schema_reference("EventType"))
                                 .add(fmt::format(R"({{"not":{{"enum":{}}}}})", types.json()))
                                 .json();
  out.add("other_event",
          posted_event_json(JsonObject().add("allOf", others).json(), R"({"type":"object"})"));
  choices.add(schema_reference("other_event"));
  out.add("PostedEvent", JsonObject().add("anyOf", choices.json()).json());
}

std::string error_schema_json() {
  JsonArray codes;
  for (const ErrorCode& error : error_codes()) codes.text(error.code);
  const std::string code = JsonObject()
                               .text("description", "What went wrong, for programs.")
                               .text("type", "string")
                               .add("enum", codes.json())
                               .json();
  const std::string properties =
      JsonObject()
          .add("ok", R"({"const":false})")
          .add("error",
               R"({"description":"A sentence a person can act on.","type":"string","minLength":1})")
          .add("code", code)
          .add("field",
               R"({"description":"A parameter, a header or a JSON pointer.","type":"string"})")
          .json();
  return JsonObject()
      .text("type", "object")
      .add("required", R"(["ok","error","code"])")
      .add("properties", properties)
      .json();
}

/// How callers say who they are.
std::string security_schemes_json() {
  return R"({"bearer":{"type":"http","scheme":"bearer","description":"An API key or a JWT."},)"
         R"("api_key":{"type":"apiKey","in":"header","name":"X-API-Key","description":"An API )"
         R"(key."},"session":{"type":"apiKey","in":"cookie","name":"tapedeck_session",)"
         R"("description":"From the login page, for browsers."},"access_token":{"type":"apiKey",)"
         R"("in":"query","name":"access_token","description":"An API key or a JWT, for EventSource )"
         R"(and WebSocket, which cannot send headers."}})";
}

std::string components_json() {
  JsonObject schemas;
  schemas.add("Error", error_schema_json());
  add_posted_events(schemas);
  std::string all = schemas.json();
  all.pop_back();  // the brace: those of the file go on
  all += ',';
  all += api_schemas.substr(api_schemas.find('{') + 1);
  return JsonObject().add("schemas", all).add("securitySchemes", security_schemes_json()).json();
}

}  // namespace

std::string minified(const std::string& json_text) {
  std::string out(json_text.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  const auto error = simdjson::minify(json_text.data(), json_text.size(), out.data(), size);
  if (error != simdjson::SUCCESS) throw std::logic_error("a document of the server is no JSON");
  out.resize(size);
  return out;
}

JsonObject document_info(std::string_view title, std::string_view description) {
  return JsonObject()
      .text("title", title)
      .text("version", kVersion)
      .text("description", description)
      .add("contact", R"({"name":"Tapedeck"})")
      .add("license",
           R"({"name":"Apache-2.0","url":"https://www.apache.org/licenses/LICENSE-2.0"})");
}

std::string openapi_json(const std::vector<Route>& routes, bool anonymous) {
  JsonObject out;
  out.text("openapi", "3.1.0");
  out.add("info",
          document_info(
              "Tapedeck",
              "Telemetry of trading engines: publish, read, aggregate and stream events. HEAD is "
              "answered as GET. Query parameters that are not listed are refused, but for `_`, "
              "which some polyfills add. What streams say is described at `/asyncapi.json`.")
              .json());
  out.add("servers", R"([{"url":"/","description":"This server."}])");
  out.add("tags",
          R"([{"name":"Events","description":"Publishing and reading events."},)"
          R"({"name":"Figures","description":"What is made of events."},)"
          R"({"name":"Alerts","description":"Rules that call somebody, and what they told."},)"
          R"({"name":"Service","description":"The server itself."}])");
  out.add("paths", paths_json(routes, anonymous));
  out.add("components", components_json());
  return minified(out.json());
}

}  // namespace tapedeck
