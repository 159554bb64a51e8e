// JsonFields: the members of a JSON object that somebody wrote, taken one by one into what they
// mean. What is wrong is a sentence that names the place, and an unknown key is answered with the
// one that was probably meant. Views into a StrictJson document, which must stay alive; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/rule.hpp"
#include "auth/strict_json.hpp"
#include "base/error.hpp"

namespace tapedeck::alert {

/// Thrown inside of parsers only; they catch it where they end.
struct FieldProblem {
  Error error;
};

/// An event filter's or a template's problem ("filter, column 3: …") as one of the member at
/// `pointer`: "when.filter, column 3: …".
Error located(const Error& error, std::string_view code, std::string_view pointer);

/// "/while/within" as people say it: while.within.
std::string spoken(std::string_view pointer);

class JsonFields {
 public:
  using Element = auth::StrictJson::Element;

  /// @param pointer of the object: empty, or such as "/while"
  /// @param what the object in a sentence: "a rule"
  /// @param code of errors
  /// @param known the keys there may be; another one is an error. Must outlive this.
  /// All members throw FieldProblem.
  JsonFields(auth::StrictJson::Object object, std::string pointer, std::string_view what,
             std::string_view code, std::span<const std::string_view> known);

  std::optional<Element> find(std::string_view name) const {
    return auth::member_of(object_, name);
  }
  bool has(std::string_view name) const { return find(name).has_value(); }
  std::string pointer(std::string_view name) const { return pointer_ + "/" + std::string(name); }
  std::string_view code() const noexcept { return code_; }

  // Each leaves `to` as it is when the member is not there.

  void read(std::string_view name, bool& to) const;
  /// A text of at most `max_bytes`, which may be empty.
  void read(std::string_view name, std::string& to, std::size_t max_bytes) const;
  void read(std::string_view name, std::uint64_t& to, std::uint64_t min, std::uint64_t max) const;
  void read(std::string_view name, Duration& to, Duration min, Duration max) const;
  /// A text with commas, or a list of texts without: none of them empty, with blanks around it,
  /// with control characters, or there twice.
  void read_words(std::string_view name, std::vector<std::string>& to) const;
  /// A text or a list of texts, of at most `max_bytes` each, not empty, without control characters,
  /// none twice. They may be secrets: errors do not show them.
  void read_secrets(std::string_view name, std::vector<std::string>& to, std::size_t max_bytes,
                    std::size_t max_texts) const;

  [[noreturn]] void fail(std::string_view name, std::string_view sentence) const;

 private:
  /// Says also what is there instead.
  [[noreturn]] void fail_value(std::string_view name, std::string_view sentence,
                               Element value) const;
  void refuse_unknown(std::string_view what, std::span<const std::string_view> known) const;

  auth::StrictJson::Object object_;
  const std::string pointer_;
  const std::string_view code_;
};

}  // namespace tapedeck::alert
