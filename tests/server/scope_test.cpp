// What a request may do by the grant it is given: scopes, route by route.
#include "server_fixture.hpp"

namespace tapedeck::testing {
namespace {

using auth::Grant;
using auth::GrantPtr;
using auth::Scope;

GrantPtr grant_of(Scope scope) {
  auto grant = std::make_shared<Grant>();
  grant->id = grant->name = "test";
  grant->scopes = static_cast<std::uint8_t>(scope);
  return grant;
}

/// The key is the name of a scope.
Result<GrantPtr> by_scope_name(const HttpRequest& request) {
  if (request.api_key == "read") return grant_of(Scope::read);
  if (request.api_key == "publish") return grant_of(Scope::publish);
  if (request.api_key == "admin") return grant_of(Scope::admin);
  if (request.api_key == "tired") return Error{"rate_limited", "Too many tries.", ""};
  return Error{"unauthorized", "There is no such key.", ""};
}

class Scopes : public ServerTest {
 protected:
  void start_asking() {
    bus_ = std::make_unique<TelemetryBus>(BusOptions{});
    ServerOptions options;
    options.listen_port = 0;
    options.io_threads = 1;
    server_ = std::make_unique<Server>(*bus_, options, nullptr, StoreHooks{},
                                       ServerHooks{.authenticate = by_scope_name});
    server_->start();
  }
  TestResponse ask(std::string_view method, std::string_view target, const std::string& key,
                   std::string_view body = {}) {
    return connect().request(method, target, body, key.empty() ? "" : "X-API-Key: " + key + "\r\n");
  }
};

constexpr std::string_view kEvent = R"({"type":"x","payload":{}})";

TEST_F(Scopes, WithoutAHookEverybodyMayDoEverything) {
  start();
  EXPECT_EQ(get("/api/telemetry/stats").status, 200);
  EXPECT_EQ(post(kEvent).status, 200);
  EXPECT_EQ(connect().request("DELETE", "/api/telemetry/events", {}, {}).status, 200);
}

TEST_F(Scopes, ARequestWithoutCredentialsIsToldToAuthenticateAndReadsNothing) {
  start_asking();
  for (const char* path : {"stream", "events", "latest", "aggregates?metric=count", "trades",
                           "trades/x", "export", "stats", "schema"}) {
    const TestResponse response = ask("GET", "/api/telemetry/" + std::string(path), "");
    expect_error(response, 401, "unauthorized");
    EXPECT_EQ(response.headers.at("www-authenticate"), "Bearer") << path;
  }
  expect_error(ask("GET", "/metrics", ""), 401, "unauthorized");
  expect_error(ask("POST", "/api/telemetry/events", "", kEvent), 401, "unauthorized");
  EXPECT_EQ(bus_->get_stats().published_total, 0U);
}

TEST_F(Scopes, WhatNeedsNoScopeIsAnsweredWithoutCredentialsAndPreflightsAre) {
  start_asking();
  for (const char* path : {"/", "/healthz", "/readyz", "/version"}) {
    EXPECT_EQ(ask("GET", path, "").status, 200) << path;
  }
  EXPECT_EQ(ask("OPTIONS", "/api/telemetry/events", "").status, 204);
}

TEST_F(Scopes, AMissingScopeIsForbiddenAndNamed) {
  start_asking();
  const auto refused = [&](std::string_view method, std::string_view target, const std::string& key,
                           const std::string& needed) {
    const TestResponse response = ask(method, target, key, kEvent);
    expect_error(response, 403, "forbidden");
    EXPECT_NE(response.body.find("the scope " + needed), std::string::npos) << response.body;
  };
  refused("POST", "/api/telemetry/events", "read", "publish");
  refused("POST", "/api/telemetry/commands", "publish", "admin");
  refused("DELETE", "/api/telemetry/events", "publish", "admin");
  refused("GET", "/api/telemetry/events", "publish", "read");
}

TEST_F(Scopes, EachScopeOpensItsRoutesAndAdminAll) {
  start_asking();
  EXPECT_EQ(ask("GET", "/api/telemetry/events", "read").status, 200);
  EXPECT_EQ(ask("POST", "/api/telemetry/events", "publish", kEvent).status, 200);
  EXPECT_EQ(ask("GET", "/api/telemetry/events", "admin").status, 200);
  EXPECT_EQ(ask("POST", "/api/telemetry/events", "admin", kEvent).status, 200);
  EXPECT_EQ(ask("DELETE", "/api/telemetry/events", "admin").status, 200);
}

TEST_F(Scopes, TheHooksOwnErrorDecidesTheStatus) {
  start_asking();
  const TestResponse response = ask("GET", "/api/telemetry/stats", "tired");
  expect_error(response, 429, "rate_limited");
  EXPECT_FALSE(response.headers.contains("www-authenticate"));
}

}  // namespace
}  // namespace tapedeck::testing
