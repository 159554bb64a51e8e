#include "event/schema.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "event/json_writer.hpp"
#include "tapedeck/events.hpp"

namespace tapedeck {
namespace {

template <typename T>
constexpr JsonType json_type_of() {
  if constexpr (std::is_same_v<T, Map>) {
    return JsonType::object;
  } else if constexpr (std::is_same_v<T, List>) {
    return JsonType::array;
  } else if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, Timestamp> ||
                       std::is_same_v<T, std::optional<Timestamp>>) {
    return JsonType::string;
  } else {
    return JsonType::number;
  }
}

template <typename S>
void add_fields(std::vector<FieldSchema>& out) {
  S::fields::for_each([&]<typename F>(std::size_t) {
    using T = std::remove_cvref_t<decltype(std::declval<const S&>().*F::member)>;
    if constexpr (std::is_same_v<T, const Instrument*>) {
      add_fields<Instrument>(out);
    } else if constexpr (F::name.view() != "extra") {
      out.push_back({F::name.view(), json_type_of<T>(), F::required});
    }
  });
}

struct TypeSchema {
  std::string_view type;
  std::vector<FieldSchema> fields;
};

const std::array<TypeSchema, detail::kKnownEventCount>& all_types() {
  static const auto types = []<std::size_t... I>(std::index_sequence<I...>) {
    std::array<TypeSchema, detail::kKnownEventCount> out;
    ((out[I].type = std::tuple_element_t<I, detail::KnownEvents>::type,
      add_fields<std::tuple_element_t<I, detail::KnownEvents>>(out[I].fields)),
     ...);
    return out;
  }
  (std::make_index_sequence<detail::kKnownEventCount>{});
  return types;
}

std::string payload_schema(const TypeSchema& type) {
  std::string properties, required;
  for (const FieldSchema& field : type.fields) {
    if (!properties.empty()) properties += ',';
    properties += json::quoted(field.name) + ":{\"type\":";
    properties += field.required ? json::quoted(name_of(field.type))
                                 : "[" + json::quoted(name_of(field.type)) + ",\"null\"]";
    properties += '}';
    if (!field.required) continue;
    if (!required.empty()) required += ',';
    required += json::quoted(field.name);
  }
  return "{\"type\":\"object\",\"properties\":{" + properties + "},\"required\":[" + required +
         "],\"additionalProperties\":true}";
}

std::string build_json_schema() {
  std::string defs, conditions;
  for (const TypeSchema& type : all_types()) {
    if (!defs.empty()) {
      defs += ',';
      conditions += ',';
    }
    defs += json::quoted(type.type) + ":" + payload_schema(type);
    conditions += "{\"if\":{\"properties\":{\"type\":{\"const\":" + json::quoted(type.type) +
                  "}}},\"then\":{\"properties\":{\"payload\":{\"$ref\":\"#/$defs/" +
                  std::string(type.type) + "\"}}}}";
  }
  return R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Tapedeck event",)"
         R"("type":"object","required":["type","timestamp","payload"],"properties":{)"
         R"("type":{"type":"string","pattern":"^[A-Za-z0-9_.:-]{1,64}$"},)"
         R"("timestamp":{"type":"string","format":"date-time"},)"
         R"("payload":{"type":"object"},"id":{"type":"string"},)"
         R"("source":{"type":"object","properties":{"host":{"type":"string"},)"
         R"("engine_id":{"type":"string"},"run_id":{"type":"string"},)"
         R"("account":{"type":"string"},"mode":{"type":"string"}}}},"allOf":[)" +
         conditions + "],\"$defs\":{" + defs + "}}";
}

}  // namespace

std::string_view name_of(JsonType type) {
  switch (type) {
    case JsonType::string:
      return "string";
    case JsonType::number:
      return "number";
    case JsonType::object:
      return "object";
    case JsonType::array:
      return "array";
    case JsonType::boolean:
      return "boolean";
    case JsonType::null:
      return "null";
  }
  return "";
}

std::span<const std::string_view> known_event_types() {
  static const auto names = [] {
    std::array<std::string_view, detail::kKnownEventCount> out;
    std::transform(all_types().begin(), all_types().end(), out.begin(),
                   [](const TypeSchema& type) { return type.type; });
    return out;
  }();
  return names;
}

std::string payload_json_schema(std::string_view type) {
  const auto& all = all_types();
  const auto* const known = std::find_if(
      all.begin(), all.end(), [&](const TypeSchema& candidate) { return candidate.type == type; });
  return known == all.end() ? R"({"type":"object"})" : payload_schema(*known);
}

std::span<const FieldSchema> fields_of_type(std::string_view type) {
  for (const TypeSchema& known : all_types()) {
    if (known.type == type) return known.fields;
  }
  return {};
}

const std::string& json_schema() {
  static const std::string schema = build_json_schema();
  return schema;
}

}  // namespace tapedeck
