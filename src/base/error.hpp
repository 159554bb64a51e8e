// The one shape of an error that is a normal outcome (bad input, a missing file): a sentence a
// person can act on, a word a program can test, and where it lies. Result<T> is either a T or such
// an Error.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace tapedeck {

struct Error {
  std::string code;     ///< machine word, e.g. "invalid_event"; docs/contract.md lists them
  std::string message;  ///< names the value and says what to do
  std::string field;    ///< parameter name or JSON pointer; may be empty
  unsigned retry_after_seconds = 0;  ///< when to try again, where that helps; 0: it does not
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace tapedeck
