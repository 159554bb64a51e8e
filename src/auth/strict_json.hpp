// StrictJson: a JSON document that no two readers can understand differently: complete, valid
// UTF-8, and no name twice in an object, however it is escaped. For the sources of this room only:
// the header brings simdjson. One thread at a time; cost: one allocation for the whole document.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tapedeck::auth {

class StrictJson {
 public:
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  /// @return the object, alive as long as this is and parses nothing else; or what is wrong with
  /// the text, as the end of a sentence ("is not valid JSON")
  Result<Object> parse_object(std::string_view text);

 private:
  simdjson::dom::parser parser_;
};

/// The member; nothing when there is none.
std::optional<StrictJson::Element> member_of(StrictJson::Object object, std::string_view name);

/// Text of a string element; nothing for other types.
std::optional<std::string_view> text_of(StrictJson::Element element);

/// A list of strings, none of them empty or longer than `max_bytes`, and at least one.
std::optional<std::vector<std::string>> texts_of(StrictJson::Element element,
                                                 std::size_t max_bytes);

/// Whether it may be shown on a terminal and in a log: no control characters.
bool is_printable(std::string_view text);

}  // namespace tapedeck::auth
