#include "alert/rule_index.hpp"

#include <algorithm>
#include <optional>

namespace tapedeck::alert {
namespace {

/// A key of which an event must have one of these values for a filter to match.
struct KeyNeed {
  Key key;
  const std::vector<std::string>* values;
};

/// The rarest first: an order concerns fewer events than a symbol, a symbol fewer than a strategy.
constexpr std::array kByRarity{Key::order_id, Key::correlation_id, Key::symbol, Key::strategy,
                               Key::engine,   Key::engine_id,      Key::run_id, Key::account,
                               Key::host,     Key::exchange,       Key::mode,   Key::strategy_name};

std::size_t rarity(Key key) noexcept {
  return static_cast<std::size_t>(std::find(kByRarity.begin(), kByRarity.end(), key) -
                                  kByRarity.begin());
}

/// Equal for filters that match the same because they are written the same.
std::string text_of(const CompiledFilter& filter) {
  std::string text;
  const auto append = [&text](const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      text += value;
      text += '\n';  // in no type and no spelled value
    }
    text += '\f';
  };
  append(filter.types());
  for (const CompiledFilter::Condition& condition : filter.conditions()) {
    text += static_cast<char>('a' + static_cast<int>(condition.key));
    append(condition.values);
  }
  if (filter.expression() != nullptr) text += filter.expression()->text();
  return text;
}

}  // namespace

void RuleIndex::add(const CompiledFilter& filter, std::uint32_t handle) {
  std::unique_ptr<Matcher>& held = matchers_[text_of(filter)];
  if (held != nullptr) {
    held->handles.push_back(handle);
    return;
  }
  held = std::make_unique<Matcher>(Matcher{filter, {handle}});
  Matcher& matcher = *held;
  std::vector<std::string> types = filter.types();
  if (types.empty() && filter.expression() != nullptr) {
    for (const Expression::Requirement& need : filter.expression()->requirements()) {
      if (!need.key) types = need.values;
    }
  }
  for (const std::string& type : types) place(by_type_[type], matcher);
  if (types.empty()) place(any_type_, matcher);
}

void RuleIndex::place(Bucket& bucket, Matcher& matcher) {
  std::optional<KeyNeed> best;
  const auto consider = [&](Key key, const std::vector<std::string>& values) {
    if (!best || rarity(key) < rarity(best->key)) best = KeyNeed{key, &values};
  };
  for (const CompiledFilter::Condition& condition : matcher.filter.conditions()) {
    consider(condition.key, condition.values);
  }
  std::vector<Expression::Requirement> needs;
  if (matcher.filter.expression() != nullptr) needs = matcher.filter.expression()->requirements();
  for (const Expression::Requirement& need : needs) {
    if (need.key) consider(*need.key, need.values);
  }
  if (!best) {
    bucket.rest.push_back(&matcher);
    return;
  }
  const auto place_by = [&](Key key) {
    const auto number = static_cast<std::uint8_t>(key);
    if (bucket.by_key[number].empty()) bucket.keys.push_back(number);
    for (const std::string& value : *best->values) {
      bucket.by_key[number][value].push_back(&matcher);
    }
  };
  place_by(best->key);
  // The filter `strategy` means either spelling; an expression's payload.strategy only itself,
  // which the filter then sees to.
  if (best->key == Key::strategy) place_by(Key::strategy_name);
}

void RuleIndex::clear() {
  by_type_.clear();
  any_type_ = {};
  matchers_.clear();
}

const std::vector<std::uint32_t>& RuleIndex::find(const char* frame, const FrameIndex& index) {
  ++calls_;
  found_.clear();
  const auto bucket =
      by_type_.find(std::string_view(frame + index.type_offset(), index.type_length));
  if (bucket != by_type_.end()) look_in(bucket->second, frame, index);
  look_in(any_type_, frame, index);
  return found_;
}

void RuleIndex::look_in(Bucket& bucket, const char* frame, const FrameIndex& index) {
  for (const std::uint8_t key : bucket.keys) {
    const KeySpan span = index.keys[key];
    if (span.packed == 0) continue;
    const Values& values = bucket.by_key[key];
    const auto matchers = values.find(std::string_view(frame + span.offset(), span.length()));
    if (matchers == values.end()) continue;
    for (Matcher* matcher : matchers->second) ask(*matcher, frame, index);
  }
  for (Matcher* matcher : bucket.rest) ask(*matcher, frame, index);
}

void RuleIndex::ask(Matcher& matcher, const char* frame, const FrameIndex& index) {
  if (matcher.asked == calls_) return;
  matcher.asked = calls_;
  if (!matcher.filter.matches(frame, index)) return;
  found_.insert(found_.end(), matcher.handles.begin(), matcher.handles.end());
}

}  // namespace tapedeck::alert
