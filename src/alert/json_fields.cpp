#include "alert/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "event/json_writer.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::size_t kShownBytes = 60;  // of what somebody wrote, in an error

/// How many letters must be put in, taken out or changed (Levenshtein 1966).
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// "; did you mean cooldown?", or what there is.
std::string advice(std::string_view wrong, std::span<const std::string_view> known) {
  constexpr std::size_t kLongest = 40, kMostEdits = 2;
  if (wrong.size() <= kLongest) {
    const auto nearest = std::min_element(known.begin(), known.end(), [&](auto a, auto b) {
      return edits_between(wrong, a) < edits_between(wrong, b);
    });
    if (nearest != known.end() && edits_between(wrong, *nearest) <= kMostEdits &&
        edits_between(wrong, *nearest) < nearest->size()) {
      return fmt::format("; did you mean {}?", *nearest);
    }
  }
  return fmt::format("; there are {}.", fmt::join(known, ", "));
}

/// As RFC 6901 §3 writes a name.
std::string pointer_step(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kShownBytes)) {
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return out;
}

std::string shown(std::string_view text) {
  return text.size() <= kShownBytes ? std::string(text)
                                    : std::string(text.substr(0, kShownBytes)) + "…";
}

bool has_blank_ends(std::string_view text) {
  return !text.empty() && (text.front() == ' ' || text.back() == ' ');
}

}  // namespace

Error located(const Error& error, std::string_view code, std::string_view pointer) {
  constexpr std::string_view kPrefix = "filter, ";
  std::string_view sentence = error.message;
  if (sentence.starts_with(kPrefix)) sentence.remove_prefix(kPrefix.size());
  return {std::string(code), fmt::format("{}, {}", spoken(pointer), sentence),
          std::string(pointer)};
}

std::string spoken(std::string_view pointer) {
  std::string out(pointer.substr(pointer.starts_with('/') ? 1 : 0));
  std::replace(out.begin(), out.end(), '/', '.');
  return out;
}

JsonFields::JsonFields(auth::StrictJson::Object object, std::string pointer, std::string_view what,
                       std::string_view code, std::span<const std::string_view> known)
    : object_(object), pointer_(std::move(pointer)), code_(code) {
  refuse_unknown(what, known);
}

void JsonFields::refuse_unknown(std::string_view what,
                                std::span<const std::string_view> known) const {
  for (const auto field : object_) {
    if (std::find(known.begin(), known.end(), field.key) != known.end()) continue;
    throw FieldProblem{{std::string(code_),
                        fmt::format("There is no key {} in {}{}", json::quoted(shown(field.key)),
                                    what, advice(field.key, known)),
                        pointer_ + "/" + pointer_step(field.key)}};
  }
}

void JsonFields::fail(std::string_view name, std::string_view sentence) const {
  const std::string where = pointer(name);
  throw FieldProblem{{std::string(code_), fmt::format("{}: {}", spoken(where), sentence), where}};
}

void JsonFields::fail_value(std::string_view name, std::string_view sentence, Element value) const {
  const std::string is = value.is_object()  ? "an object"
                         : value.is_array() ? "a list"
                                            : simdjson::minify(value);
  fail(name, fmt::format("{}, not {}.", sentence, shown(is)));
}

void JsonFields::read(std::string_view name, bool& to) const {
  const auto value = find(name);
  if (value && value->get(to) != simdjson::SUCCESS) {
    fail_value(name, "must be true or false", *value);
  }
}

void JsonFields::read(std::string_view name, std::string& to, std::size_t max_bytes) const {
  const auto value = find(name);
  if (!value) return;
  const auto text = auth::text_of(*value);
  if (!text) fail_value(name, "must be a text", *value);
  if (text->size() > max_bytes) {
    fail(name, fmt::format("must be a text of at most {} bytes, not {}.", max_bytes, text->size()));
  }
  to = *text;
}

void JsonFields::read(std::string_view name, std::uint64_t& to, std::uint64_t min,
                      std::uint64_t max) const {
  const auto value = find(name);
  if (!value) return;
  std::uint64_t number = 0;
  if (value->get(number) != simdjson::SUCCESS || number < min || number > max) {
    fail_value(name, fmt::format("must be a whole number from {} to {}", min, max), *value);
  }
  to = number;
}

void JsonFields::read(std::string_view name, Duration& to, Duration min, Duration max) const {
  const auto value = find(name);
  if (!value) return;
  const auto text = auth::text_of(*value);
  const auto duration = text ? parse_duration(*text) : std::nullopt;
  if (!duration || *duration < min || *duration > max) {
    fail_value(name,
               fmt::format("must be a duration such as \"500ms\", \"30s\", \"10m\", \"2h\" or "
                           "\"1d\", from {} to {}",
                           duration_text(min), duration_text(max)),
               *value);
  }
  to = *duration;
}

void JsonFields::read_words(std::string_view name, std::vector<std::string>& to) const {
  const auto value = find(name);
  if (!value) return;
  std::vector<std::string> words;
  const auto add = [&](std::string_view word) {
    if (word.empty()) fail(name, "an empty value matches nothing; name one or leave the key out.");
    const std::string quoted = json::quoted(shown(word));
    if (has_blank_ends(word)) {
      fail(name, fmt::format("{} has blanks around it; write commas without blanks.", quoted));
    }
    if (word.find(',') != std::string_view::npos || !auth::is_printable(word)) {
      fail(name, fmt::format("{}: a value of a list can have neither commas nor control "
                             "characters.",
                             quoted));
    }
    if (std::find(words.begin(), words.end(), word) != words.end()) {
      fail(name, fmt::format("{} is there twice.", quoted));
    }
    words.emplace_back(word);
  };
  simdjson::dom::array items;
  if (const auto text = auth::text_of(*value)) {
    std::string_view rest = *text;
    for (std::size_t comma = rest.find(','); comma != rest.npos; comma = rest.find(',')) {
      add(rest.substr(0, comma));
      rest.remove_prefix(comma + 1);
    }
    add(rest);
  } else if (value->get(items) == simdjson::SUCCESS) {
    for (const Element item : items) {
      const auto word = auth::text_of(item);
      if (!word) fail_value(name, "must be a text or a list of texts; one of them is", item);
      add(*word);
    }
    if (words.empty()) fail(name, "an empty list matches nothing; leave the key out.");
  } else {
    fail_value(name, "must be a text or a list of texts", *value);
  }
  to = std::move(words);
}

void JsonFields::read_secrets(std::string_view name, std::vector<std::string>& to,
                              std::size_t max_bytes, std::size_t max_texts) const {
  const auto value = find(name);
  if (!value) return;
  const std::string wanted = fmt::format(
      "must be a text or a list of at most {}, each of 1 to {} bytes without control characters.",
      max_texts, max_bytes);
  std::vector<std::string> texts;
  const auto add = [&](Element item) {
    const auto text = auth::text_of(item);
    if (!text || text->empty() || text->size() > max_bytes || !auth::is_printable(*text)) {
      fail(name, wanted);
    }
    if (std::find(texts.begin(), texts.end(), *text) != texts.end()) {
      fail(name, fmt::format("entry {} was there already.", texts.size() + 1));
    }
    texts.emplace_back(*text);
  };
  simdjson::dom::array items;
  if (value->get(items) == simdjson::SUCCESS) {
    if (items.size() > max_texts) fail(name, wanted);
    std::for_each(items.begin(), items.end(), add);
  } else {
    add(*value);
  }
  to = std::move(texts);
}

}  // namespace tapedeck::alert
