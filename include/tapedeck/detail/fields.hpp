// Compile-time description of event structs: for each field its JSON name, the member that holds it
// and whether it must be present. From this one list come the record layout on the publishing
// thread, the JSON encoder, validation of what arrives from outside, and the published schema.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>

namespace tapedeck::detail {

template <std::size_t N>
struct FixedString {
  char text[N]{};
  constexpr FixedString(const char (&s)[N]) {  // NOLINT(google-explicit-constructor)
    for (std::size_t i = 0; i < N; ++i) text[i] = s[i];
  }
  static constexpr std::size_t size() { return N - 1; }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

enum class Presence { required, optional };

template <FixedString Name, auto Member, Presence P>
struct Field {
  static constexpr FixedString name = Name;
  static constexpr auto member = Member;
  static constexpr bool required = P == Presence::required;
};

template <FixedString Name, auto Member>
using Required = Field<Name, Member, Presence::required>;
template <FixedString Name, auto Member>
using Optional = Field<Name, Member, Presence::optional>;

template <typename... F>
struct FieldList {
  static constexpr std::size_t size = sizeof...(F);
  template <typename Fn>
  [[gnu::always_inline]] static constexpr void for_each(Fn&& fn) {
    std::size_t index = 0;
    (fn.template operator()<F>(index++), ...);
  }
};

}  // namespace tapedeck::detail
