// Operation: what a route does, takes and answers, as data. The router refuses parameters that are
// not in it and /openapi.json is written from it, so that what is accepted and what is documented
// are one list. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {

enum class ParameterKind : std::uint8_t {
  text,
  integer,     ///< from min to max
  number,      ///< from min to max
  word,        ///< one of words
  words,       ///< a comma list of words
  list,        ///< a comma list of texts, none empty
  time,        ///< RFC 3339
  time_or_id,  ///< RFC 3339 or an event's id
  refused      ///< known, so that the handler can say why not here; not documented
};

enum class ParameterPlace : std::uint8_t { query, path, header };

struct ParameterSpec {
  std::string_view name;
  ParameterKind kind = ParameterKind::text;
  std::string_view description{};
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string_view> words{};
  std::string_view default_value{};  ///< JSON text; empty: none
  std::string_view pattern{};        ///< of a text or the items of a list; empty: any
  std::string_view format{};         ///< of a text, for tools; empty: none
  std::string_view example{};        ///< JSON text; empty: none
  bool unique = false;               ///< no word or item twice
  ParameterPlace in = ParameterPlace::query;
};

struct AnswerSpec {
  int status = 200;
  std::string_view description;
  std::string_view content_type = "application/json";
  std::string_view schema{};   ///< a name in api_schemas.json; empty: no body
  std::string_view headers{};  ///< JSON object of OpenAPI header objects; empty: none
};

struct BodySpec {
  struct Form {
    std::string_view content_type;
    std::string_view schema;  ///< a name among the document's schemas
  };
  std::string_view description;
  std::vector<Form> forms;
  std::string_view example;  ///< JSON text, of the first form
  bool required = true;
};

struct Operation {
  std::string_view method;
  std::string_view path;  ///< as in Route
  std::string_view id;    ///< a name for generated clients, unique
  std::string_view tag;   ///< the chapter it is in
  std::string_view summary;
  std::string_view description{};  ///< more than the summary says; empty: nothing
  std::vector<ParameterSpec> parameters{};
  std::vector<AnswerSpec> answers{};
  std::vector<std::string_view> errors{};  ///< codes beyond those of every request
  std::optional<BodySpec> body{};
  bool takes_access_token = false;  ///< credentials in the query, for EventSource and WebSocket
  bool any_query = false;           ///< a page's address; what its query says is for its script
};

/// The operations of the API; each belongs to the route of the same method and path.
const std::vector<Operation>& operations();
/// nullptr: that route is not described.
const Operation* find_operation(std::string_view method, std::string_view path);

/// A parameter's value as JSON Schema.
std::string schema_of(const ParameterSpec& parameter);

}  // namespace tapedeck
