#include "filter/lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tapedeck::filter {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) noexcept {
  return is_name_start(c) || is_digit(c);
}

}  // namespace

void Lexer::fail(std::string sentence, std::size_t at) const {
  throw SyntaxError{std::move(sentence), at};
}

void Lexer::skip_space() {
  for (;;) {
    while (at_ < text_.size() &&
           std::string_view(" \t\n\f\r").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
    if (text_.substr(at_, 2) != "//") return;
    at_ = std::min(text_.find('\n', at_), text_.size());
  }
}

void Lexer::advance() {
  skip_space();
  offset = at_;
  if (at_ == text_.size()) {
    token = Token::end;
    symbol = {};
    return;
  }
  const char c = text_[at_];
  const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (is_digit(c) || (c == '.' && is_digit(after))) return read_number();
  if (c == '"' || c == '\'') return read_string(false);
  if ((c == 'r' || c == 'R') && (after == '"' || after == '\'')) {
    ++at_;
    return read_string(true);
  }
  if ((c == 'b' || c == 'B') && (after == '"' || after == '\'')) {
    fail("bytes literals are not part of this subset of CEL", at_);
  }
  if (is_name_start(c)) {
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    token = Token::name;
    symbol = text_.substr(offset, at_ - offset);
    return;
  }
  read_operator();
}

void Lexer::read_number() {
  const char* begin = text_.data() + at_;
  const char* end = text_.data() + text_.size();
  const bool hex = end - begin > 2 && begin[0] == '0' && (begin[1] == 'x' || begin[1] == 'X');
  token = Token::integer;
  std::from_chars_result result =
      hex ? std::from_chars(begin + 2, end, integer, 16) : std::from_chars(begin, end, integer);
  const char next = result.ptr < end ? *result.ptr : '\0';
  if (!hex && (next == '.' || next == 'e' || next == 'E' || *begin == '.')) {
    token = Token::number;
    result = std::from_chars(begin, end, number);
  }
  if (result.ec == std::errc::result_out_of_range) fail("this number is too large", offset);
  if (result.ec != std::errc{}) fail("this is no number", offset);
  at_ = static_cast<std::size_t>(result.ptr - text_.data());
  if (token == Token::integer && at_ < text_.size() && (text_[at_] == 'u' || text_[at_] == 'U')) {
    ++at_;  // CEL's unsigned numbers compare with the others here
  }
  if (at_ < text_.size() && is_name_part(text_[at_])) fail("this is no number", offset);
  symbol = text_.substr(offset, at_ - offset);
}

void Lexer::read_string(bool raw) {
  token = Token::string;
  decoded.clear();
  const std::size_t start = at_;
  std::string_view quote = text_.substr(at_, 3);
  const bool triple = quote == "\"\"\"" || quote == "'''";
  if (!triple) quote = quote.substr(0, 1);
  at_ += quote.size();
  while (text_.substr(at_, quote.size()) != quote) {
    if (at_ == text_.size()) fail("this string has no end", start);
    const char c = text_[at_];
    if (c == '\\' && !raw) {
      ++at_;
      read_escape();
      continue;
    }
    if (!triple && (c == '\n' || c == '\r')) fail("this string has no end on its line", start);
    decoded += c;
    ++at_;
  }
  at_ += quote.size();
  symbol = text_.substr(offset, at_ - offset);
}

void Lexer::read_escape() {
  static constexpr std::string_view kNames = "abfnrtv\\\"'`?";
  static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\\"'`?";
  const std::size_t start = at_ - 1;
  if (at_ == text_.size()) fail("this string has no end", start);
  const char c = text_[at_];
  if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
    decoded += kValues[known];
    ++at_;
    return;
  }
  if (c >= '0' && c <= '3') return append_code_point(read_digits(3, 8), start);
  ++at_;
  switch (c) {
    case 'x':
    case 'X':
      return append_code_point(read_digits(2, 16), start);
    case 'u':
      return append_code_point(read_digits(4, 16), start);
    case 'U':
      return append_code_point(read_digits(8, 16), start);
    default:
      fail("there is no such escape; write \\\\ for a backslash", start);
  }
}

std::uint32_t Lexer::read_digits(std::size_t count, std::uint32_t base) {
  const std::string_view digits = text_.substr(at_, count);
  std::uint32_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, value, static_cast<int>(base));
  if (digits.size() != count || problem != std::errc{} || stop != end) {
    fail("this escape needs " + std::to_string(count) + " digits", at_);
  }
  at_ += count;
  return value;
}

void Lexer::append_code_point(std::uint32_t code, std::size_t at) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    fail("this escape is no character", at);
  }
  const auto tail = [&](unsigned shift) {
    decoded += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < 0x80) {
    decoded += static_cast<char>(code);
  } else if (code < 0x800) {
    decoded += static_cast<char>(0xC0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    decoded += static_cast<char>(0xE0U | (code >> 12));
    tail(6), tail(0);
  } else {
    decoded += static_cast<char>(0xF0U | (code >> 18));
    tail(12), tail(6), tail(0);
  }
}

void Lexer::read_operator() {
  static constexpr std::array<std::string_view, 22> kOperators{
      "&&", "||", "==", "!=", "<=", ">=", "!", "<", ">", "+", "-",
      "*",  "/",  "%",  "(",  ")",  "[",  "]", ",", ".", "?", ":"};
  token = Token::operator_;
  for (const std::string_view known : kOperators) {
    if (text_.substr(at_, known.size()) != known) continue;
    symbol = text_.substr(at_, known.size());
    at_ += known.size();
    return;
  }
  if (text_[at_] == '=') fail("write == to compare", at_);
  if (text_[at_] == '&' || text_[at_] == '|') fail("write && for and, || for or", at_);
  fail("this character means nothing here", at_);
}

}  // namespace tapedeck::filter
