// Asks one event whether a program's condition holds. Made per event, on the stack; allocates only
// for strings that are spelled with escapes or put together.
#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/canonical_json.hpp"
#include "filter/program.hpp"

namespace tapedeck::filter {

/// A value while an expression is evaluated; texts are views into the event, the program or the
/// evaluator.
struct Value {
  Kind kind = Kind::missing;
  bool boolean = false;
  std::int64_t integer = 0;  ///< and nanoseconds of a time
  double number = 0;
  std::string_view text;       ///< of a string; JSON of json_list and json_object
  const Node* node = nullptr;  ///< of a list
};

class Evaluator {
 public:
  Evaluator(const std::vector<Node>& nodes, const char* frame, const FrameIndex& index) noexcept
      : nodes_(nodes), frame_(frame), index_(index) {}

  bool holds() { return is_true(evaluate(nodes_.back())); }
  /// Valid as long as the evaluator and what it was given.
  Value value() { return evaluate(nodes_.back()); }

 private:
  static bool is_true(const Value& value) noexcept {
    return value.kind == Kind::boolean && value.boolean;
  }
  Value evaluate(const Node& node);
  Value logical(const Node& node);
  Value relation(const Node& node);
  Value arithmetic(const Node& node);
  Value text_function(const Node& node);
  Value membership(const Value& value, const Value& container);
  Value size_of(const Value& value);
  Value equal(const Value& left, const Value& right);
  Value lists_equal(const Value& left, const Value& right);
  bool next_element(const Value& list, std::size_t at, json::Walker& walker, Value& element);

  std::optional<std::string_view> extracted_text(Key key) const noexcept;
  Value field(const Path& path);
  std::string_view source_json() const noexcept;
  Value from_json(std::string_view json);
  Value from_spelling(std::string_view spelling);

  const std::vector<Node>& nodes_;
  const char* frame_;
  const FrameIndex& index_;
  std::forward_list<std::string> strings_;  // views stay valid while it grows; costs nothing empty
};

}  // namespace tapedeck::filter
