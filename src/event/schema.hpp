// What is known of each event type: derived from the field lists in tapedeck/events.hpp, used to
// validate what comes from outside and to publish the JSON Schema. Immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tapedeck {

enum class JsonType : std::uint8_t { string, number, object, array, boolean, null };
std::string_view name_of(JsonType type);

struct FieldSchema {
  std::string_view name;
  JsonType type;
  bool required;
};

/// The types that have a schema, in the contract's order.
std::span<const std::string_view> known_event_types();

/// JSON Schema of a known type's payload as Tapedeck's own engines write it.
std::string payload_json_schema(std::string_view type);

/// The fields of a known type, or an empty span for any other type.
std::span<const FieldSchema> fields_of_type(std::string_view type);

/// JSON Schema (draft 2020-12) of the envelope and every known type.
const std::string& json_schema();

}  // namespace tapedeck
