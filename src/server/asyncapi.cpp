#include "server/asyncapi.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <vector>

#include "event/schema.hpp"
#include "server/json_text.hpp"
#include "server/openapi.hpp"
#include "server/operation.hpp"
#include "server/operation_tables.hpp"
#include "server/stream_request.hpp"

namespace tapedeck {

extern const std::string_view stream_messages;  // stream_messages.json
extern const std::string_view socket_messages;  // socket_messages.json

namespace {

struct Message {
  std::string key;
  std::string json;
};

/// The messages of an embedded file, each named by its key where it has no name of its own.
std::vector<Message> messages_of(std::string_view file) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(file);
  std::vector<Message> out;
  for (const auto& [key, value] : simdjson::dom::object(parser.parse(text))) {
    JsonObject message;
    message.text("name", key);
    for (const auto& [name, member] : simdjson::dom::object(value)) {
      if (name == "name") message = JsonObject();
    }
    for (const auto& [name, member] : simdjson::dom::object(value)) {
      message.add(name, simdjson::minify(member));
    }
    out.push_back({std::string(key), message.json()});
  }
  return out;
}

// --- events ---

std::string schema_reference(std::string_view name) {
  return json_reference(fmt::format("#/components/schemas/{}", name));
}

std::string event_schema(const std::string& type, const std::string& payload) {
  const JsonObject properties =
      JsonObject()
          .add("type", type)
          .add("timestamp", R"({"type":"string","format":"date-time"})")
          .add("payload", payload)
          .add("id", R"({"type":"string","description":"<epoch>-<seq>"})")
          .add("source", R"({"type":"object","description":"Who published."})");
  return JsonObject()
      .text("type", "object")
      .add("required", R"(["type","timestamp","payload","id"])")
      .add("properties", properties.json())
      .json();
}

std::vector<std::string> event_names() {
  std::vector<std::string> out;
  for (const std::string_view type : known_event_types()) out.emplace_back(type);
  out.emplace_back("other_event");
  return out;
}

std::string event_schemas() {
  JsonObject out;
  JsonArray any;
  for (const std::string& name : event_names()) {
    const bool known = name != "other_event";
    out.add(name,
            event_schema(known ? JsonObject().text("const", name).json() : R"({"type":"string"})",
                         payload_json_schema(name)));
    any.add(schema_reference(name));
  }
  return out.add("event", JsonObject().add("anyOf", any.json()).json()).json();
}

std::vector<Message> event_messages() {
  std::vector<Message> out;
  for (const std::string& name : event_names()) {
    const bool known = name != "other_event";
    out.push_back(
        {name, JsonObject()
                   .text("name", name)
                   .text("summary", known ? "An event of this type" : "An event of any other type")
                   .add("payload", schema_reference(name))
                   .json()});
  }
  return out;
}

// --- what a client asks for ---

/// The query of a request as one schema.
std::string query_schema(const std::vector<ParameterSpec>& parameters) {
  JsonObject properties;
  for (const ParameterSpec& spec : parameters) {
    if (spec.in != ParameterPlace::query) continue;
    properties.add(spec.name, JsonObject()
                                  .text("description", spec.description)
                                  .add("allOf", JsonArray().add(schema_of(spec)).json())
                                  .json());
  }
  return JsonObject().text("type", "object").add("properties", properties.json()).json();
}

Message subscribe_message() {
  JsonObject properties;
  properties.add("op", R"({"const":"subscribe"})");
  properties.add("id", R"({"type":"string","description":"A name for the subscription: events )"
                       R"(carry it as sub."})");
  for (const ParameterSpec& spec : tables::filters()) {
    const bool list = spec.kind == ParameterKind::list;
    properties.add(spec.name, JsonObject()
                                  .text("description", spec.description)
                                  .add("type", list ? R"(["string","array"])" : R"("string")")
                                  .json());
  }
  properties.add("last_event_id",
                 R"({"type":"string","description":"Continue after this event."})");
  properties.add("replay", JsonObject()
                               .text("description", "Send the last so many matching events first.")
                               .text("type", "integer")
                               .add("minimum", "0")
                               .add("maximum", std::to_string(StreamRequest::kMaxReplay))
                               .json());
  properties.add("batch", R"({"type":"boolean","description":"Events come in arrays."})");
  properties.add("coalesce_ms", JsonObject()
                                    .text("type", "integer")
                                    .add("minimum", "0")
                                    .add("maximum", std::to_string(StreamRequest::kMaxCoalesceMs))
                                    .json());
  const std::string payload = JsonObject()
                                  .text("type", "object")
                                  .add("required", R"(["op","id"])")
                                  .add("additionalProperties", "false")
                                  .add("properties", properties.json())
                                  .json();
  return {"subscribe", JsonObject()
                           .text("name", "subscribe")
                           .text("summary", "Events that match, from now on or from a point on")
                           .add("payload", payload)
                           .json()};
}

Message delivery_message() {
  return {"delivery",
          R"({"name":"event","summary":"Events of a subscription","payload":{"type":"object",)"
          R"("required":["op","sub"],"oneOf":[{"required":["event"]},{"required":["events"]}],)"
          R"("properties":{"op":{"const":"event"},"sub":{"type":"string"},"event":{"$ref":)"
          R"("#/components/schemas/event"},"events":{"type":"array","items":{"$ref":)"
          R"("#/components/schemas/event"}}}}})"};
}

// --- channels and operations ---

std::vector<Message> all_stream_messages() {
  std::vector<Message> out = event_messages();
  for (Message& message : messages_of(stream_messages)) out.push_back(std::move(message));
  return out;
}

std::vector<Message> all_socket_messages() {
  std::vector<Message> out = {subscribe_message(), delivery_message()};
  for (Message& message : messages_of(socket_messages)) out.push_back(std::move(message));
  return out;
}

JsonObject channel(std::string_view address, std::string_view summary, std::string_view server,
                   const std::vector<Message>& messages) {
  JsonObject held;
  for (const Message& message : messages) {
    held.add(message.key, json_reference(fmt::format("#/components/messages/{}", message.key)));
  }
  const std::string at = json_reference(fmt::format("#/servers/{}", server));
  return JsonObject()
      .text("address", address)
      .text("summary", summary)
      .add("servers", JsonArray().add(at).json())
      .add("messages", held.json());
}

std::string references(std::string_view where, const std::vector<std::string_view>& messages) {
  JsonArray out;
  for (const std::string_view message : messages) {
    out.add(
        json_reference("#/channels/" + std::string(where) + "/messages/" + std::string(message)));
  }
  return out.json();
}

std::string security() {
  JsonArray out;
  for (const char* scheme : {"bearer", "api_key", "session", "access_token"}) {
    out.add(json_reference(fmt::format("#/components/securitySchemes/{}", scheme)));
  }
  return out.json();
}

JsonObject operation(std::string_view action, std::string_view where, std::string_view summary,
                     std::string_view description, const std::vector<std::string_view>& messages) {
  return JsonObject()
      .text("action", action)
      .add("channel", json_reference(fmt::format("#/channels/{}", where)))
      .text("summary", summary)
      .text("description", description)
      .add("security", security())
      .add("messages", references(where, messages));
}

/// What a client asks for and what it is answered.
std::string request(std::string_view op, std::string_view summary, std::string_view description,
                    std::string_view answer) {
  const std::string reply = JsonObject()
                                .add("channel", json_reference("#/channels/socket"))
                                .add("messages", references("socket", {answer, "error"}))
                                .json();
  return operation("receive", "socket", summary, description, {op}).add("reply", reply).json();
}

std::string operations_json(const Operation& stream, const std::vector<Message>& messages) {
  std::vector<std::string_view> keys;
  for (const Message& message : messages) keys.push_back(message.key);
  const std::string http = JsonObject()
                               .text("method", "GET")
                               .add("query", query_schema(stream.parameters))
                               .text("bindingVersion", "0.3.0")
                               .json();
  return JsonObject()
      .add(stream.id, operation("send", "stream", stream.summary, stream.description, keys)
                          .add("bindings", JsonObject().add("http", http).json())
                          .json())
      .add("subscribe", request("subscribe", "Ask for events",
                                "Filters are those of the REST API. Events follow with the id of "
                                "the subscription as `sub`.",
                                "ack"))
      .add("unsubscribe", request("unsubscribe", "End a subscription",
                                  "Other subscriptions of the socket go on.", "ack"))
      .add("publish",
           request(
               "publish", "Publish events",
               "All or none, as POST /api/telemetry/events. The ack has the ids they were given.",
               "ack"))
      .add("ping",
           request(
               "ping", "See whether the server is there",
               "Of the protocol above the WebSocket: browsers cannot send the frames of that name.",
               "pong"))
      .add("clear", request("clear", "Clear the buffer", "As DELETE /api/telemetry/events.", "ack"))
      .add("deliver",
           operation(
               "send", "socket", "Events and what else there is to say",
               "Each event has its id, from which a client that lost its connection continues.",
               {"delivery", "missing", "quiet", "goodbye"})
               .json())
      .json();
}

std::string servers_json() {
  const auto server = [](std::string_view protocol) {
    return JsonObject()
        .text("host", "{host}")
        .text("protocol", protocol)
        .add("variables", R"({"host":{"description":"Where the server listens.",)"
                          R"("default":"localhost:9000"}})")
        .json();
  };
  return JsonObject().add("http", server("http")).add("ws", server("ws")).json();
}

std::string components_json(const std::vector<Message>& stream,
                            const std::vector<Message>& socket) {
  JsonObject messages;
  for (const auto* some : {&stream, &socket}) {
    for (const Message& message : *some) messages.add(message.key, message.json);
  }
  return JsonObject()
      .add("schemas", event_schemas())
      .add("messages", messages.json())
      .add("securitySchemes",
           R"({"bearer":{"type":"http","scheme":"bearer"},)"
           R"("api_key":{"type":"httpApiKey","in":"header","name":"X-API-Key"},)"
           R"("session":{"type":"httpApiKey","in":"cookie","name":"tapedeck_session"},)"
           R"("access_token":{"type":"httpApiKey","in":"query","name":"access_token"}})")
      .json();
}

}  // namespace

std::string asyncapi_json() {
  const Operation& stream = *find_operation("GET", "/api/telemetry/stream");
  const std::vector<Message> streamed = all_stream_messages();
  const std::vector<Message> spoken = all_socket_messages();
  const std::string ws = R"({"ws":{"method":"GET","bindingVersion":"0.1.0"}})";
  const JsonObject channels =
      JsonObject()
          .add("stream", channel(stream.path, stream.summary, "http", streamed).json())
          .add("socket",
               channel("/api/telemetry/ws", "Events over a WebSocket, both ways", "ws", spoken)
                   .add("bindings", ws)
                   .json());
  JsonObject out;
  out.text("asyncapi", "3.0.0");
  out.add("info",
          document_info(
              "Tapedeck streams",
              "What Tapedeck sends as events happen. On the stream, events are unnamed messages "
              "(`onmessage`), all else has its name as the event's name; clients that do not ask "
              "for text/event-stream get data lines only. The types of optional payload fields are "
              "what Tapedeck's own engines write. `/openapi.json` describes the REST API.")
              .add("tags", R"([{"name":"telemetry","description":"Events of trading engines."}])")
              .json());
  out.text("defaultContentType", "application/json");
  out.add("servers", servers_json());
  out.add("channels", channels.json());
  out.add("operations", operations_json(stream, streamed));
  out.add("components", components_json(streamed, spoken));
  return minified(out.json());
}

}  // namespace tapedeck
