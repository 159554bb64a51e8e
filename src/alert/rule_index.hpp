// RuleIndex: which rules an event may concern. A rule's filter is found by the event's type and one
// of its keys, so that a thousand rules about a thousand symbols cost an event what one does; equal
// filters are asked once. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/text_hash.hpp"
#include "bus/compiled_filter.hpp"
#include "event/frame.hpp"

namespace tapedeck::alert {

class RuleIndex {
 public:
  /// @param handle given back by find() for events that match
  void add(const CompiledFilter& filter, std::uint32_t handle);
  void clear();

  /// Handles of the filters that match, in the order they were added within one filter.
  /// Valid until the next call.
  const std::vector<std::uint32_t>& find(const char* frame, const FrameIndex& index);

 private:
  struct Matcher {
    CompiledFilter filter;
    std::vector<std::uint32_t> handles;
    std::uint64_t asked = 0;  ///< the call that asked it last
  };
  using Values = std::unordered_map<std::string, std::vector<Matcher*>, TextHash, std::equal_to<>>;
  /// Filters for one type, or for any.
  struct Bucket {
    std::array<Values, kKeyCount> by_key;
    std::vector<std::uint8_t> keys;  ///< those of by_key that are not empty
    std::vector<Matcher*> rest;
  };

  void place(Bucket& bucket, Matcher& matcher);
  void look_in(Bucket& bucket, const char* frame, const FrameIndex& index);
  void ask(Matcher& matcher, const char* frame, const FrameIndex& index);

  std::unordered_map<std::string, std::unique_ptr<Matcher>> matchers_;  // by what they say
  std::unordered_map<std::string, Bucket, TextHash, std::equal_to<>> by_type_;
  Bucket any_type_;
  std::uint64_t calls_ = 0;
  std::vector<std::uint32_t> found_;
};

}  // namespace tapedeck::alert
