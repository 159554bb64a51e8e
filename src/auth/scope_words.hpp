// Scopes as people and tokens write them: read, publish, admin. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/grant.hpp"

namespace tapedeck::auth {

inline constexpr std::uint8_t bits_of(Scope scope) noexcept {
  return static_cast<std::uint8_t>(scope);
}
/// `none` for none.
std::string_view word_of(Scope scope);
/// Nothing for other words.
std::optional<Scope> parse_scope(std::string_view word);
/// The words of or-ed scopes, read first.
std::vector<std::string_view> words_of_scopes(std::uint8_t scopes);

}  // namespace tapedeck::auth
