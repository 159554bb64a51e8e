#include "query/command_request.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "event/json_writer.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {
namespace {

struct Field {
  std::string_view name;
  std::string_view value;
};

constexpr std::size_t kMostText = 1000;

Error invalid(std::string_view field, const std::string& sentence) {
  return {"invalid_event", sentence, "/" + std::string(field)};
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  json::append_string(out, value);
}

}  // namespace

Result<std::string> command_event_of(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(body);
  if (const auto problem = parser.parse(padded).get(object); problem != simdjson::SUCCESS) {
    return Error{"malformed_json",
                 "A command is one JSON object such as {\"command\":\"kill\",\"target\":\"*\"}.",
                 ""};
  }
  std::array<Field, 4> fields{Field{"command", {}}, Field{"target", "*"}, Field{"reason", {}},
                              Field{"by", "api"}};
  for (const simdjson::dom::key_value_pair member : object) {
    const std::string_view name = member.key;
    const auto known = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& field) { return field.name == name; });
    if (known == fields.end()) {
      return invalid(name, "A command has command, target, reason and by; not \"" +
                               std::string(name.substr(0, 40)) + "\".");
    }
    if (member.value.get(known->value) != simdjson::SUCCESS || known->value.size() > kMostText) {
      return invalid(name, std::string(name) + " must be a string of at most 1000 bytes.");
    }
  }
  if (!TelemetryBus::is_valid_type(fields[0].value)) {
    return invalid("command", "command must be 1 to 64 letters, digits or _ . : -, such as kill.");
  }
  if (fields[1].value.empty()) {
    return invalid("target", "target must be an engine_id or * for all.");
  }
  std::string payload = "{";
  for (const Field& field : fields) {
    if (!field.value.empty()) append(payload, field.name, field.value);
    if (field.name == "target") append(payload, "state", "requested");
  }
  return "{\"type\":\"command_event\",\"payload\":" + payload + "}}";
}

}  // namespace tapedeck
