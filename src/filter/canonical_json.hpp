// Walks JSON as it lies in the log: valid, without white space, `"` and `\` inside strings spelled
// \u0022 and \u005c (contract §1). So the next quote always ends a string and nothing has to be
// checked again: a walk costs about a byte a cycle, and only as far as what is looked for.
//
// Views into the text; pure functions; any thread. Text that is not canonical JSON gives a wrong
// answer, never an access outside of it.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tapedeck::json {

/// Where the next quote is at or behind `at`; the end when there is none. Texts here are short: a
/// call of memchr would cost more than the search.
inline std::size_t find_quote(std::string_view text, std::size_t at) noexcept {
#if defined(__SSE2__)
  const __m128i quotes = _mm_set1_epi8('"');
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));  // NOLINT
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quotes));
    if (found != 0)
      return at + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(found)));
  }
#endif
  while (at < text.size() && text[at] != '"') ++at;
  return at;
}

/// The end of the value that begins at `at`.
inline std::size_t skip_value(std::string_view text, std::size_t at) noexcept {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = find_quote(text, at + 1) + 1;
      if (at > text.size()) return text.size();
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;  // the end of what holds the value
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
    ++at;
  }
  return text.size();
}

/// Steps through the members of an object or the elements of a list.
class Walker {
 public:
  /// @param text `{...}` or `[...]`
  explicit Walker(std::string_view text) noexcept : text_(text) {}

  /// The next member. `name` is as spelled, without quotes. @return false at the end
  bool next(std::string_view& name, std::string_view& value) noexcept {
    if (at_ + 1 >= text_.size() || text_[at_] != '"') return false;
    const std::size_t end = find_quote(text_, at_ + 1);
    if (end + 1 >= text_.size()) return false;
    name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 2;  // behind the colon
    return next(value);
  }
  /// The next element.
  bool next(std::string_view& value) noexcept {
    if (at_ + 1 >= text_.size()) return false;  // only the closing bracket is left
    const std::size_t end = skip_value(text_, at_);
    if (end == at_) return false;
    value = text_.substr(at_, end - at_);
    at_ = end + 1;  // behind the comma
    return true;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 1;
};

/// The value of an object's member.
/// @param name as spelled in canonical JSON, without quotes
inline std::optional<std::string_view> find_member(std::string_view object,
                                                   std::string_view name) noexcept {
  Walker walker(object);
  std::string_view found, value;
  while (walker.next(found, value)) {
    if (found == name) return value;
  }
  return std::nullopt;
}

/// The text that a string spells: canonical JSON has one escape, \u00xx. What is none stays.
/// @param spelling between the quotes
inline std::string unescaped(std::string_view spelling) {
  std::string text;
  text.reserve(spelling.size());
  for (std::size_t at = 0; at < spelling.size(); ++at) {
    unsigned code = 0;
    const char* const end = spelling.data() + at + 6;
    const bool escape = at + 6 <= spelling.size() && spelling.substr(at, 4) == "\\u00" &&
                        std::from_chars(end - 2, end, code, 16).ptr == end;
    text += escape ? static_cast<char>(code) : spelling[at];
    if (escape) at += 5;
  }
  return text;
}

}  // namespace tapedeck::json
