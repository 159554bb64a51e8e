#include "auth/scope_words.hpp"

#include <array>
#include <utility>

namespace tapedeck::auth {
namespace {

constexpr std::array<std::pair<std::string_view, Scope>, 3> kWords{
    {{"read", Scope::read}, {"publish", Scope::publish}, {"admin", Scope::admin}}};

}  // namespace

std::string_view word_of(Scope scope) {
  for (const auto& [text, known] : kWords) {
    if (known == scope) return text;
  }
  return "none";
}

std::optional<Scope> parse_scope(std::string_view word) {
  for (const auto& [text, scope] : kWords) {
    if (text == word) return scope;
  }
  return std::nullopt;
}

std::vector<std::string_view> words_of_scopes(std::uint8_t scopes) {
  std::vector<std::string_view> words;
  for (const auto& [text, scope] : kWords) {
    if ((scopes & bits_of(scope)) != 0) words.push_back(text);
  }
  return words;
}

}  // namespace tapedeck::auth
