// The server's description of itself is what the server does: every route is in it, every parameter
// in it is accepted and no other, every value it allows at its edges is taken and none beyond.
#include <algorithm>
#include <functional>
#include <set>

#include "alert/alert_service.hpp"
#include "bus/access.hpp"
#include "query/aggregate_fields.hpp"
#include "query/trade_query.hpp"
#include "server/api.hpp"
#include "server/error_codes.hpp"
#include "server/openapi.hpp"
#include "server/operation.hpp"
#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

/// Calls `visit` with every value in the document, and where it is.
void walk(const json& value, const std::string& where,
          const std::function<void(const json&, const std::string&)>& visit) {
  visit(value, where);
  if (!value.is_structured()) return;
  for (const auto& [key, member] : value.items()) walk(member, where + "/" + key, visit);
}

void expect_references_to_resolve(const json& document) {
  std::size_t references = 0;
  walk(document, "", [&](const json& value, const std::string& where) {
    if (!value.is_object() || !value.contains("$ref")) return;
    const std::string to = value["$ref"];
    ASSERT_TRUE(to.starts_with("#/")) << where;
    EXPECT_TRUE(document.contains(json::json_pointer(to.substr(1)))) << to << " at " << where;
    ++references;
  });
  EXPECT_GT(references, 50U);
}

std::string encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

/// A value that the parameter's kind allows, for a server that knows nothing yet.
std::string sample(const ParameterSpec& spec) {
  switch (spec.kind) {
    case ParameterKind::integer:
    case ParameterKind::number:
      return std::to_string(spec.min);
    case ParameterKind::word:
    case ParameterKind::words:
      return std::string(spec.words.front());
    case ParameterKind::list:
      return "a,b";
    case ParameterKind::time:
    case ParameterKind::time_or_id:
      return "2025-11-18T07:55:41Z";
    case ParameterKind::text:
    case ParameterKind::refused:
      break;
  }
  if (spec.format == "cel") return R"(type == "x")";
  if (spec.format == "value-field") return "price";
  return spec.format == "trade-cursor" ? "1~x" : "e1-1";
}

/// Values just outside of what the parameter allows.
std::vector<std::string> wrong_values(const ParameterSpec& spec) {
  switch (spec.kind) {
    case ParameterKind::integer:
      if (spec.max == INT64_MAX) return {std::to_string(spec.min - 1), "9223372036854775808", "x"};
      return {std::to_string(spec.min - 1), std::to_string(spec.max + 1), "x", ""};
    case ParameterKind::number:
      return {"-0.1", std::to_string(spec.max + 1), "x", ""};
    case ParameterKind::word:
      return {"nonsense", ""};
    case ParameterKind::words:
      return {"nonsense", "", std::string(spec.words.front()) + ",", "a,b"};
    case ParameterKind::list:
      return {"", "a,", ",a"};
    case ParameterKind::time:
      return {"yesterday", "2025-11-18T07:55:41", "e1-1"};
    case ParameterKind::time_or_id:
      return {"yesterday", "2025-11-18T07:55:41", "E1-1", "e1-"};
    case ParameterKind::refused:
      return {"a"};
    case ParameterKind::text:
      break;
  }
  if (spec.format == "cel") return {"type ==", ""};
  if (!spec.format.empty()) return {"", "nonsense"};
  return {};
}

/// What a parameter needs beside it; see the operation's description.
std::string company(const Operation& operation, const ParameterSpec& spec) {
  if (spec.name == "speed") return "&since=2025-11-18T07:55:41Z&until=2025-11-18T07:55:42Z";
  if (spec.name == "gaps") return "&speed=0&since=2025-11-18T07:55:41Z&until=2025-11-18T07:55:42Z";
  if (spec.name == "columns") return "&format=csv";
  if (spec.name == "metric") return "&field=price";
  if (spec.name == "field") return "&metric=sum";
  const bool bounded = operation.id == "aggregateEvents";
  if (bounded && spec.name == "since") return "&until=2025-11-18T08:00:00Z";
  return "";
}

/// Whether a metric takes no field: the one value whose company is refused.
bool counts(std::string_view value) {
  return value == "count" || value == "rate";
}

class Openapi : public ServerTest {
 protected:
  ~Openapi() override {
    server_.reset();
    alerts_.reset();
  }

  /// With a history and alerts, so that nothing is refused for the lack of them.
  void start_with_history() {
    StoreHooks hooks;
    hooks.value_fields = default_value_fields();
    hooks.when_durable = [](std::uint64_t, auto done) {
      done(std::nullopt);
      return true;
    };
    restart("e1", {}, {}, hooks, [this](TelemetryBus& bus) {
      alerts_ = std::make_unique<alert::AlertService>(bus, &history_, alert::AlertOptions{});
      alerts_->start();
      return ServerHooks{.alerts = alerts_.get()};
    });
    publish_signal("NIFTY");
    bus_->flush();
    document_ = json::parse(get("/openapi.json").body);
  }
  const json& operation_of(const Operation& operation) {
    std::string method(operation.method);
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return document_["paths"][std::string(operation.path)][method];
  }
  /// Only the head is read, since streams do not end.
  TestResponse ask(const Operation& operation, const std::string& query) {
    std::string path(operation.path);
    if (const std::size_t brace = path.find('{'); brace != std::string::npos) {
      path.replace(brace, path.find('}') + 1 - brace, "none");
    }
    HttpTestClient client = connect();
    const std::string body = operation.body ? std::string(operation.body->example) : "";
    client.send(std::string(operation.method) + " " + path + "?" + query +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    TestResponse response = client.read_head();
    if (response.status < 400) return response;
    response.body = client.read_bytes(std::stoul(response.headers.at("content-length")));
    expect_documented(operation, response);
    return response;
  }
  /// The status is one of the operation's, and the code one that comes with it.
  void expect_documented(const Operation& operation, const TestResponse& response) {
    const json& responses = operation_of(operation)["responses"];
    const std::string status = std::to_string(response.status);
    ASSERT_TRUE(responses.contains(status)) << operation.id << ": " << response.body;
    const json& codes = responses[status]["content"]["application/json"]["schema"]["allOf"][1]
                                 ["properties"]["code"]["enum"];
    EXPECT_EQ(std::count(codes.begin(), codes.end(), json::parse(response.body)["code"]), 1)
        << operation.id << ": " << response.body;
  }
  void expect_taken(const Operation& operation, const ParameterSpec& spec,
                    const std::string& value) {
    const std::string beside =
        spec.name == "metric" && counts(value) ? "" : company(operation, spec);
    const TestResponse response =
        ask(operation, std::string(spec.name) + "=" + encoded(value) + beside);
    const bool absent =
        operation.path.find('{') != std::string_view::npos && response.status == 404;
    EXPECT_TRUE(response.status < 300 || absent)
        << operation.id << " " << spec.name << "=" << value << ": " << response.body;
  }

  json document_;
  std::unique_ptr<alert::AlertService> alerts_;
};

TEST_F(Openapi, EveryRouteIsDescribedAndEveryDescriptionHasItsRoute) {
  start_with_history();
  std::set<std::pair<std::string_view, std::string_view>> described, routed;
  for (const Operation& operation : operations()) {
    EXPECT_TRUE(described.insert({operation.method, operation.path}).second) << operation.path;
    EXPECT_FALSE(operation.summary.empty()) << operation.path;
    EXPECT_FALSE(operation.answers.empty()) << operation.path;
    EXPECT_EQ(operation_of(operation).value("operationId", ""), operation.id);
  }
  const ServerOptions options;
  const std::atomic<bool> stopping{false};
  IdempotencyKeys keys;
  EngineBoard engines(BusAccess::log(*bus_));
  Limits limits(options);
  const ApiContext api{*bus_,
                       options,
                       [] { return ServerTotals{}; },
                       [] { return std::vector<RouteLatency>{}; },
                       engines,
                       stopping,
                       stopping,
                       Tape(*bus_, &history_),
                       {},
                       keys,
                       nullptr,
                       limits};
  for (const Route& route : api_routes(api)) {
    routed.insert({route.method, route.path});
    EXPECT_NE(route.operation, nullptr)
        << route.method << " " << route.path << " is not described; see operation_tables.hpp";
  }
  EXPECT_EQ(described, routed);
}

TEST_F(Openapi, TheDocumentIsWholeAndAlwaysTheSame) {
  start_with_history();
  EXPECT_EQ(document_["openapi"], "3.1.0");
  EXPECT_EQ(document_["servers"][0]["url"], "/");
  expect_references_to_resolve(document_);
  std::set<std::string> ids;
  std::size_t count = 0;
  for (const auto& [path, methods] : document_["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      EXPECT_FALSE(operation.value("summary", "").empty()) << method << " " << path;
      ids.insert(operation["operationId"]);
      ++count;
    }
  }
  EXPECT_EQ(ids.size(), count);
  EXPECT_EQ(count, operations().size());
  const TestResponse again = get("/openapi.json");
  EXPECT_EQ(again.headers.at("content-type"), "application/json");
  EXPECT_EQ(json::parse(again.body), document_);
  const std::string first = get("/openapi.json").body;
  server_.reset();
  alerts_.reset();
  restart("e1");
  EXPECT_EQ(get("/openapi.json").body, first);
}

TEST_F(Openapi, EveryErrorCodeIsGivenByWhatItSays) {
  start_with_history();
  std::set<std::string_view> named;
  for (const Operation& operation : operations()) {
    for (const std::string_view code : operation.errors) {
      const ErrorCode* const known = find_error_code(code);
      ASSERT_NE(known, nullptr) << operation.id << " names " << code;
      EXPECT_NE(known->reach, ErrorReach::every_request) << code << " goes without saying";
      EXPECT_NE(known->reach, ErrorReach::no_route) << code;
      named.insert(code);
    }
  }
  const json& codes = document_["components"]["schemas"]["Error"]["properties"]["code"]["enum"];
  EXPECT_EQ(codes.size(), error_codes().size());
  for (const ErrorCode& error : error_codes()) {
    EXPECT_EQ(std::count(codes.begin(), codes.end(), json(error.code)), 1) << error.code;
    EXPECT_EQ(status_of(error.code), error.status);
    EXPECT_NE(reason_of(error.status), error.status == 500 ? "" : reason_of(500)) << error.status;
    EXPECT_TRUE(error.reach != ErrorReach::some_routes || named.count(error.code) == 1)
        << error.code << " is given by no operation";
  }
}

TEST_F(Openapi, EachParameterIsDescribedAsTheTablesHaveIt) {
  start_with_history();
  for (const Operation& operation : operations()) {
    std::set<std::pair<std::string, std::string>> expected, found;
    constexpr const char* kPlaces[] = {"query", "path", "header"};
    for (const ParameterSpec& spec : operation.parameters) {
      if (spec.kind == ParameterKind::refused) continue;
      EXPECT_FALSE(spec.description.empty()) << operation.id << " " << spec.name;
      expected.insert({kPlaces[static_cast<int>(spec.in)], std::string(spec.name)});
    }
    for (const json& parameter : operation_of(operation)["parameters"]) {
      found.emplace(parameter["in"].get<std::string>(), parameter["name"].get<std::string>());
      EXPECT_TRUE(parameter["schema"].is_object());
    }
    EXPECT_EQ(expected, found) << operation.id;
  }
}

TEST_F(Openapi, EachDocumentedParameterIsTakenAtItsEdges) {
  start_with_history();
  std::size_t asked = 0;
  for (const Operation& operation : operations()) {
    for (const ParameterSpec& spec : operation.parameters) {
      if (spec.in != ParameterPlace::query || spec.kind == ParameterKind::refused) continue;
      std::vector<std::string> values = {sample(spec)};
      if (spec.max != 0) values.push_back(std::to_string(spec.max));
      for (const std::string_view word : spec.words) values.emplace_back(word);
      for (const std::string& value : values) expect_taken(operation, spec, value);
      ++asked;
    }
  }
  EXPECT_GT(asked, 90U);
}

TEST_F(Openapi, ValuesBeyondWhatIsDocumentedAreRefusedByName) {
  start_with_history();
  for (const Operation& operation : operations()) {
    for (const ParameterSpec& spec : operation.parameters) {
      if (spec.in != ParameterPlace::query) continue;
      for (const std::string& value : wrong_values(spec)) {
        const TestResponse response = ask(
            operation, std::string(spec.name) + "=" + encoded(value) + company(operation, spec));
        const std::string what =
            std::string(operation.id) + " " + std::string(spec.name) + "=" + value;
        ASSERT_EQ(response.status, 400) << what;
        const json body = json::parse(response.body);
        EXPECT_EQ(body["code"], spec.format == "cel" ? "invalid_filter" : "invalid_parameter")
            << what;
        EXPECT_EQ(body["field"], std::string(spec.name)) << what;
      }
    }
  }
}

TEST_F(Openapi, ParametersThatAreNotDocumentedAreRefusedEverywhere) {
  start_with_history();
  std::set<std::string> names = {"nonsense"};
  for (const Operation& operation : operations()) {
    for (const ParameterSpec& spec : operation.parameters) names.emplace(spec.name);
  }
  names.erase("lastEventId");  // polyfills add it, and `_`, to anything
  for (const Operation& operation : operations()) {
    if (operation.any_query) continue;
    for (const std::string& name : names) {
      const bool known = std::any_of(operation.parameters.begin(), operation.parameters.end(),
                                     [&](const ParameterSpec& spec) {
                                       return spec.in == ParameterPlace::query && spec.name == name;
                                     });
      if (known) continue;
      const TestResponse response = ask(operation, name + "=1");
      EXPECT_EQ(response.status, 400) << operation.id << " took " << name;
      if (response.status != 400) continue;
      EXPECT_EQ(json::parse(response.body)["code"], "unknown_parameter") << operation.id;
    }
    EXPECT_NE(ask(operation, "_=1").status, 400) << operation.id;
  }
}

TEST_F(Openapi, WordsAreThoseTheCodeHas) {
  start_with_history();
  const json& schemas = document_["components"]["schemas"];
  std::vector<std::string> outcomes;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(kLastTradeOutcome); ++i) {
    outcomes.emplace_back(to_string(static_cast<TradeOutcome>(i)));
  }
  EXPECT_EQ(schemas["Trade"]["properties"]["outcome"]["enum"], json(outcomes));
  for (const json& parameter : document_["paths"]["/api/telemetry/trades"]["get"]["parameters"]) {
    if (parameter["name"] == "outcome") {
      EXPECT_EQ(parameter["schema"]["items"]["enum"], json(outcomes));
    }
  }
}

TEST_F(Openapi, RoutesSayWhichScopeTheyNeedAndWhoMayCallWithoutCredentials) {
  const auto handler = [](const HttpRequest&, IoWorker&) { return json_response("{}"); };
  const std::vector<Route> routes = {
      {"GET", "/version", handler, auth::Scope::none, find_operation("GET", "/version")},
      {"DELETE", "/api/telemetry/events", handler, auth::Scope::admin,
       find_operation("DELETE", "/api/telemetry/events")},
      {"GET", "/api/telemetry/stream", handler, auth::Scope::read,
       find_operation("GET", "/api/telemetry/stream")}};
  for (const bool anonymous : {true, false}) {
    const json paths = json::parse(openapi_json(routes, anonymous))["paths"];
    EXPECT_EQ(paths["/version"]["get"]["security"], json::array());
    EXPECT_FALSE(paths["/version"]["get"]["responses"].contains("401"));
    json wanted = json::array();
    if (anonymous) wanted.push_back(json::object());
    for (const char* scheme : {"bearer", "api_key", "session"}) {
      wanted.push_back({{scheme, {"admin"}}});
    }
    const json& clear = paths["/api/telemetry/events"]["delete"];
    EXPECT_EQ(clear["security"], wanted);
    EXPECT_TRUE(clear["responses"].contains("401"));
    EXPECT_EQ(paths["/api/telemetry/stream"]["get"]["security"].back(),
              json({{"access_token", {"read"}}}));
  }
}

TEST_F(Openapi, ARouteForEverybodyMayStillRefuseCredentials) {
  Operation login{.method = "POST", .path = "/in", .id = "in", .tag = "Service", .summary = "In"};
  login.answers = {{.description = "In.", .schema = "Done"}};
  login.errors = {"unauthorized"};
  const auto handler = [](const HttpRequest&, IoWorker&) { return json_response("{}"); };
  const json paths = json::parse(
      openapi_json({{"POST", "/in", handler, auth::Scope::none, &login}}, true))["paths"];
  EXPECT_TRUE(paths["/in"]["post"]["responses"].contains("401"));
  EXPECT_FALSE(paths["/in"]["post"]["responses"].contains("404"));
  EXPECT_EQ(paths["/in"]["post"]["security"], json::array());
}

TEST_F(Openapi, EveryKnownTypeCanBePostedAsDescribed) {
  start_with_history();
  const json& schemas = document_["components"]["schemas"];
  const std::map<std::string, json> values = {
      {"string", "x"}, {"number", 1}, {"object", json::object()}, {"array", json::array()}};
  std::size_t types = 0;
  for (const json& choice : schemas["PostedEvent"]["anyOf"]) {
    const std::string name = choice["$ref"].get<std::string>().substr(21);
    if (name == "other_event") continue;
    const json& payload_schema = schemas[name + ".payload"];
    json payload = json::object();
    for (const json& field : payload_schema["required"]) {
      payload[field] = values.at(payload_schema["properties"][field]["type"]);
    }
    const json event = {{"type", name}, {"payload", payload}};
    EXPECT_EQ(post(event.dump()).status, 200) << event;
    for (const json& field : payload_schema["required"]) {
      json lacking = event;
      lacking["payload"].erase(field.get<std::string>());
      expect_error(post(lacking.dump()), 422, "invalid_event",
                   "/payload/" + field.get<std::string>());
    }
    ++types;
  }
  EXPECT_EQ(types, 17U);
}

TEST_F(Openapi, StreamsAndSocketsAreDescribedToo) {
  start_with_history();
  const json async = json::parse(get("/asyncapi.json").body);
  EXPECT_EQ(async["asyncapi"], "3.0.0");
  expect_references_to_resolve(async);
  const json& query =
      async["operations"]["streamEvents"]["bindings"]["http"]["query"]["properties"];
  for (const ParameterSpec& spec : find_operation("GET", "/api/telemetry/stream")->parameters) {
    EXPECT_EQ(query.contains(std::string(spec.name)), spec.in == ParameterPlace::query);
  }
  EXPECT_EQ(async["channels"]["stream"]["messages"].size(), 17U + 1 + 5);
  for (const char* op : {"subscribe", "unsubscribe", "publish", "ping", "clear"}) {
    EXPECT_EQ(async["operations"][op]["action"], "receive") << op;
    EXPECT_EQ(async["components"]["messages"][op]["payload"]["properties"]["op"]["const"], op);
  }
}

TEST_F(Openapi, NamedFramesOfAStreamAreThoseDescribed) {
  start_with_history();
  const json async = json::parse(get("/asyncapi.json").body);
  const json& messages = async["components"]["messages"];
  std::set<std::string> seen;
  const auto read_until = [&](HttpTestClient& stream, const std::string& last) {
    for (bool more = true; more;) {
      const SseFrame frame = stream.read_frame();
      if (frame.event.empty()) continue;  // telemetry
      const json data = json::parse(frame.data);
      ASSERT_TRUE(messages.contains(frame.event)) << frame.raw;
      const json& schema = messages[frame.event]["payload"];
      for (const json& name : schema["required"]) EXPECT_TRUE(data.contains(name)) << frame.raw;
      for (const auto& [name, value] : data.items()) {
        EXPECT_TRUE(schema["properties"].contains(name)) << frame.raw;
      }
      seen.insert(frame.event);
      more = frame.event != last;
    }
  };
  HttpTestClient past = connect(), live = connect();
  past.open_stream("/api/telemetry/stream?speed=0&since=2025-01-01T00:00:00Z&until=e1-1",
                   HttpTestClient::kEventSource);
  read_until(past, "end");
  live.open_stream("/api/telemetry/stream?heartbeat=1&last_event_id=gone-1",
                   HttpTestClient::kEventSource);
  read_until(live, "heartbeat");
  server_->stop();
  read_until(live, "shutdown");
  EXPECT_EQ(seen, (std::set<std::string>{"connection", "gap", "heartbeat", "end", "shutdown"}));
}

}  // namespace
}  // namespace tapedeck::testing
