// CompiledFilter: a Filter made ready to be asked about millions of frames. Values are held as they
// are spelled in frames, so a look is a comparison of a few bytes and no JSON is parsed.
// Immutable after construction; any thread.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "event/frame.hpp"
#include "filter/expression.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck {

/// What passes both of two lists of accepted values, an empty one accepting all; a text that is no
/// value of any event where nothing does.
std::vector<std::string> accepted_by_both(std::vector<std::string> a,
                                          const std::vector<std::string>& b);

class CompiledFilter {
 public:
  CompiledFilter() = default;
  /// @throws std::invalid_argument with a sentence when the filter's expression is none.
  explicit CompiledFilter(const Filter& filter);
  /// With the expression compiled already.
  CompiledFilter(const Filter& filter, std::shared_ptr<const Expression> expression);

  /// Takes only what the lists of `within` accept, too; its expression and times do not count.
  void narrow(const Filter& within);

  /// Whether every event matches, so that nobody needs to ask.
  bool matches_all() const noexcept {
    return types_.empty() && conditions_.empty() && !timed_ && expression() == nullptr;
  }
  /// Whether both match the same events for certain: they compare the same things. Order within a
  /// list does not matter.
  bool operator==(const CompiledFilter&) const = default;

  /// @param frame the frame's first byte.
  bool matches(const char* frame, const FrameIndex& index) const;

  // --- for a store, which knows more than one frame at a time ---

  struct Condition {
    Key key;
    Key alternative;                  // the same as key, but for strategy / strategy_name
    std::vector<std::string> values;  // as spelled in frames, sorted
    bool operator==(const Condition&) const = default;
  };
  const std::vector<std::string>& types() const noexcept { return types_; }
  const std::vector<Condition>& conditions() const noexcept { return conditions_; }
  const Expression* expression() const noexcept { return expression_.compiled.get(); }
  /// Event times outside of [since_ns, until_ns] do not match.
  std::int64_t since_ns() const noexcept { return since_ns_; }
  std::int64_t until_ns() const noexcept { return until_ns_; }
  /// Whether the type and the keys for which `counts` is true match.
  template <typename Counts>
  bool matches_keys(const char* frame, const FrameIndex& index, Counts&& counts) const;

 private:
  /// The same when written the same.
  struct HeldExpression {
    std::shared_ptr<const Expression> compiled;
    bool operator==(const HeldExpression& other) const {
      if (compiled == nullptr || other.compiled == nullptr) return compiled == other.compiled;
      return compiled->text() == other.compiled->text();
    }
  };

  static bool is_any_of(const std::vector<std::string>& values, const char* text,
                        std::size_t length) noexcept {
    for (const std::string& value : values) {
      if (value.size() == length && std::memcmp(value.data(), text, length) == 0) return true;
    }
    return false;
  }
  void add_lists(const Filter& filter);
  void add(Key key, const std::vector<std::string>& values);

  // What decides is compared by operator==, which stays right when more is added here.
  std::vector<std::string> types_;  // sorted
  std::vector<Condition> conditions_;
  bool timed_ = false;
  std::int64_t since_ns_ = INT64_MIN;
  std::int64_t until_ns_ = INT64_MAX;
  HeldExpression expression_;
};

template <typename Counts>
bool CompiledFilter::matches_keys(const char* frame, const FrameIndex& index,
                                  Counts&& counts) const {
  if (!types_.empty() && !is_any_of(types_, frame + index.type_offset(), index.type_length)) {
    return false;
  }
  for (const Condition& condition : conditions_) {
    if (!counts(condition.key)) continue;
    const auto has = [&](Key key) {
      const KeySpan span = index.keys[static_cast<std::size_t>(key)];
      return span.packed != 0 && is_any_of(condition.values, frame + span.offset(), span.length());
    };
    if (!has(condition.key) &&
        !(condition.alternative != condition.key && has(condition.alternative))) {
      return false;
    }
  }
  return true;
}

}  // namespace tapedeck
