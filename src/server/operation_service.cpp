// Operations on the server itself: how it is, commands, and the documents that describe it.
#include "server/operation_tables.hpp"

namespace tapedeck::tables {
namespace {

Operation stats() {
  return {.method = "GET",
          .path = "/api/telemetry/stats",
          .id = "getStats",
          .tag = "Service",
          .summary = "What the buffer and the store hold",
          .answers = {{.description = "The figures.", .schema = "Stats"}}};
}

Operation command() {
  Operation out{.method = "POST",
                .path = "/api/telemetry/commands",
                .id = "sendCommand",
                .tag = "Service",
                .summary = "Tell engines what to do",
                .description =
                    "Publishes a command_event with the state `requested`, which engines "
                    "obey and answer with one of their own."};
  out.body = BodySpec{"The command.",
                      {{"application/json", "Command"}},
                      R"({"command":"kill","target":"*","reason":"enough for today"})"};
  out.answers = {{.description = "It was published.", .schema = "CommandAccepted"}};
  out.errors = {"malformed_json", "invalid_event"};
  return out;
}

Operation schema() {
  return {.method = "GET",
          .path = "/api/telemetry/schema",
          .id = "getEventSchema",
          .tag = "Service",
          .summary = "JSON Schema of every known type of event",
          .answers = {{.description = "The schema.", .schema = "SchemaAnswer"}}};
}

Operation page() {
  return {.method = "GET",
          .path = "/",
          .id = "getPage",
          .tag = "Service",
          .summary = "The dashboard",
          .answers = {{.description = "The page.", .content_type = "text/html", .schema = "Text"}}};
}

Operation login_page() {
  return {.method = "GET",
          .path = "/login",
          .id = "getLoginPage",
          .tag = "Service",
          .summary = "Where people log in",
          .answers = {{.description = "The page.", .content_type = "text/html", .schema = "Text"}}};
}

Operation log_in() {
  Operation out{.method = "POST",
                .path = "/login",
                .id = "logIn",
                .tag = "Service",
                .summary = "Change a key or token for a cookie",
                .description =
                    "For pages in a browser: the cookie is HttpOnly and counts for this "
                    "server's own pages only."};
  out.body = BodySpec{"The key or token.", {{"application/json", "Login"}}, R"({"key":"tdk_..."})"};
  out.answers = {{.description = "The cookie is set.",
                  .schema = "Session",
                  .headers = R"({"Set-Cookie":{"schema":{"type":"string"}}})"}};
  out.errors = {"malformed_json", "invalid_parameter", "unauthorized", "locked_out",
                "too_many_sessions"};
  return out;
}

Operation log_out() {
  Operation out{.method = "POST",
                .path = "/logout",
                .id = "logOut",
                .tag = "Service",
                .summary = "End the login that the cookie stands for"};
  out.answers = {{.description = "It has ended.", .schema = "Done"}};
  return out;
}

Operation session() {
  return {.method = "GET",
          .path = "/session",
          .id = "getSession",
          .tag = "Service",
          .summary = "Who the caller is and what he may do",
          .answers = {{.description = "The caller.", .schema = "Session"}}};
}

Operation healthy() {
  return {.method = "GET",
          .path = "/healthz",
          .id = "getHealth",
          .tag = "Service",
          .summary = "Whether the server answers",
          .answers = {{.description = "It does.", .schema = "Done"}}};
}

Operation ready() {
  Operation out{.method = "GET",
                .path = "/readyz",
                .id = "getReadiness",
                .tag = "Service",
                .summary = "Whether the server can do its work"};
  out.answers = {{.description = "It can.", .schema = "Done"}};
  out.errors = {"shutting_down", "store_degraded"};
  return out;
}

Operation version() {
  return {.method = "GET",
          .path = "/version",
          .id = "getVersion",
          .tag = "Service",
          .summary = "Name and version of the server",
          .answers = {{.description = "They are.", .schema = "Version"}}};
}

Operation metrics() {
  return {
      .method = "GET",
      .path = "/metrics",
      .id = "getMetrics",
      .tag = "Service",
      .summary = "Metrics in the text format of Prometheus",
      .answers = {{.description = "The metrics.", .content_type = "text/plain", .schema = "Text"}}};
}

Operation document(std::string_view path, std::string_view id, std::string_view summary) {
  return {.method = "GET",
          .path = path,
          .id = id,
          .tag = "Service",
          .summary = summary,
          .answers = {{.description = "The document.", .schema = "Document"}}};
}

}  // namespace

std::vector<Operation> service_operations() {
  return {stats(),
          command(),
          schema(),
          page(),
          login_page(),
          log_in(),
          log_out(),
          session(),
          healthy(),
          ready(),
          version(),
          metrics(),
          document("/openapi.json", "getOpenapi", "This document"),
          document("/asyncapi.json", "getAsyncapi", "What streams and sockets say, as AsyncAPI")};
}

}  // namespace tapedeck::tables
