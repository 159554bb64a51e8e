// CompiledFilter: a Filter made ready to be asked about millions of frames. Values are held as they
// are spelled in frames, so a look is a comparison of a few bytes and no JSON is parsed.
// Immutable after construction; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "event/frame.hpp"
#include "filter/expression.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck {

class CompiledFilter {
 public:
  CompiledFilter() = default;
  /// @throws std::invalid_argument with a sentence when the filter's expression is none.
  explicit CompiledFilter(const Filter& filter);
  /// With the expression compiled already.
  CompiledFilter(const Filter& filter, std::shared_ptr<const Expression> expression);

  /// Whether every event matches, so that nobody needs to ask.
  bool matches_all() const noexcept {
    return types_.empty() && conditions_.empty() && !timed_ && expression_ == nullptr;
  }
  /// @param frame the frame's first byte.
  bool matches(const char* frame, const FrameIndex& index) const;

 private:
  struct Condition {
    Key key;
    Key alternative;  // the same as key, but for strategy / strategy_name
    std::vector<std::string> values;
  };
  void add(Key key, const std::vector<std::string>& values);

  std::vector<std::string> types_;
  std::vector<Condition> conditions_;
  bool timed_ = false;
  std::int64_t since_ns_ = INT64_MIN;
  std::int64_t until_ns_ = INT64_MAX;
  std::shared_ptr<const Expression> expression_;
};

}  // namespace tapedeck
