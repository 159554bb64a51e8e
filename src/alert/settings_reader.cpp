#include "alert/settings_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "alert/rule.hpp"

namespace tapedeck::alert {

using auth::StrictJson;

SettingsReader::SettingsReader(std::string_view json, std::string code) : code_(std::move(code)) {
  auto object = parser_.parse_object(json);
  if (object) {
    object_ = object.value();
  } else {
    problem_ = Error{"malformed_json", "the text " + object.error().message, ""};
  }
}

void SettingsReader::fail(std::string_view name, std::string message) {
  if (problem_) return;
  problem_ =
      Error{code_, fmt::format("{}: {}", name, std::move(message)), fmt::format("/{}", name)};
}

std::optional<StrictJson::Element> SettingsReader::find(std::string_view name) {
  known_.emplace_back(name);
  if (!object_) return std::nullopt;
  return auth::member_of(*object_, name);
}

bool SettingsReader::text(std::string_view name, std::string& to) {
  const auto element = find(name);
  if (!element) return false;
  const auto text = auth::text_of(*element);
  if (!text || text->size() > kMostBytes || !auth::is_printable(*text)) {
    fail(name,
         fmt::format("write a text of at most {} bytes without control characters", kMostBytes));
    return false;
  }
  to = *text;
  return true;
}

bool SettingsReader::texts(std::string_view name, std::vector<std::string>& to) {
  const auto element = find(name);
  if (!element) return false;
  simdjson::dom::array items;
  if (element->get(items) == simdjson::SUCCESS && items.size() == 0) {
    to.clear();
    return true;
  }
  auto texts = auth::texts_of(*element, kMostBytes);
  if (!texts) {
    fail(name, "write a list of texts");
    return false;
  }
  to = std::move(*texts);
  return true;
}

bool SettingsReader::boolean(std::string_view name, bool& to) {
  const auto element = find(name);
  if (!element) return false;
  if (element->get(to) == simdjson::SUCCESS) return true;
  fail(name, "write true or false");
  return false;
}

bool SettingsReader::number(std::string_view name, std::uint64_t least, std::uint64_t most,
                            std::uint64_t& to) {
  const auto element = find(name);
  if (!element) return false;
  std::uint64_t number = 0;
  if (element->get(number) != simdjson::SUCCESS || number < least || number > most) {
    fail(name, fmt::format("write a whole number from {} to {}", least, most));
    return false;
  }
  to = number;
  return true;
}

bool SettingsReader::duration(std::string_view name, std::chrono::nanoseconds least,
                              std::chrono::nanoseconds most, std::chrono::nanoseconds& to) {
  const auto element = find(name);
  if (!element) return false;
  const auto text = auth::text_of(*element);
  const auto duration = text ? parse_duration(*text) : std::nullopt;
  if (!duration || *duration < least || *duration > most) {
    fail(name, fmt::format("write a duration from {} to {}, such as 500ms, 30s or 10m",
                           duration_text(least), duration_text(most)));
    return false;
  }
  to = *duration;
  return true;
}

bool SettingsReader::secret(const std::string& name, std::string& to) {
  std::string file, variable;
  const std::string file_name = name + "_file", variable_name = name + "_env";
  const bool here = text(name, to);
  const bool in_file = text(file_name, file);
  const bool in_variable = text(variable_name, variable);
  if (here + in_file + in_variable > 1) {
    fail(name, fmt::format("give one of {}, {} and {}", name, file_name, variable_name));
  }
  if (in_file) {
    std::ifstream in(file, std::ios::binary);
    to.assign(std::istreambuf_iterator<char>(in), {});
    while (to.ends_with('\n') || to.ends_with('\r')) to.pop_back();
    if (!in || to.empty()) fail(file_name, file + " cannot be read or is empty");
  }
  if (in_variable) {
    const char* const value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') {
      fail(variable_name, fmt::format("the environment has no {}", variable));
    } else {
      to = value;
    }
  }
  if ((here || in_file || in_variable) && to.empty()) fail(name, "a secret cannot be empty");
  return here || in_file || in_variable;
}

bool SettingsReader::object(std::string_view name, std::string& to) {
  const auto element = find(name);
  if (!element) return false;
  if (!element->is_object()) {
    fail(name, "write a table");
    return false;
  }
  to = simdjson::to_string(*element);
  return true;
}

std::optional<Error> SettingsReader::finish() {
  if (problem_ || !object_) return problem_;
  for (const auto field : *object_) {
    if (std::find(known_.begin(), known_.end(), field.key) != known_.end()) continue;
    const bool printable = auth::is_printable(field.key) && field.key.size() <= 64;
    const std::string name = printable ? std::string(field.key) : "?";
    fail(name, fmt::format("is not known here; there are {}", fmt::join(known_, ", ")));
  }
  return problem_;
}

}  // namespace tapedeck::alert
