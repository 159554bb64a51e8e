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

/// A file of the dashboard; see static_files.hpp.
Operation file(std::string_view path, std::string_view id, std::string_view summary,
               const std::vector<std::string_view>& content_types) {
  Operation out{.method = "GET", .path = path, .id = id, .tag = "Service", .summary = summary};
  out.parameters = {{.name = "If-None-Match",
                     .description = "Entity tags of what the caller has.",
                     .in = ParameterPlace::header}};
  for (const std::string_view type : content_types) {
    out.answers.push_back({.description = "The file.",
                           .content_type = type,
                           .schema = "Text",
                           .headers = R"({"ETag":{"schema":{"type":"string"}}})"});
  }
  out.answers.push_back({.status = 304, .description = "The caller has it."});
  return out;
}

Operation page(std::string_view path, std::string_view id, std::string_view summary) {
  Operation out = file(path, id, summary, {"text/html"});
  out.description = "Any query is taken: it is the page's, which reads it in the browser.";
  out.any_query = true;
  return out;
}

Operation asset() {
  Operation out = file("/assets/{file}", "getAsset", "What the pages are made of",
                       {"text/javascript", "text/css", "image/svg+xml"});
  out.parameters.push_back({.name = "file",
                            .description = "A name that a page gave; it changes with the content.",
                            .pattern = "^[\\s\\S]+$",
                            .in = ParameterPlace::path});
  out.errors = {"not_found"};
  return out;
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
          page("/", "getPage", "The dashboard"),
          page("/login", "getLoginPage", "Where people log in"),
          file("/favicon.ico", "getIcon", "The pages' icon", {"image/svg+xml"}),
          asset(),
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
