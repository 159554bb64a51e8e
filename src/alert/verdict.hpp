// Verdict: what an attempt's answer means for the delivery. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "alert/http_sender.hpp"
#include "alert/target.hpp"

namespace tapedeck::alert {

struct Verdict {
  enum class What : std::uint8_t {
    delivered,
    retry,         ///< this message
    retry_target,  ///< nothing is to be sent there for a while
    dead,          ///< it would be the same again
  };
  What what = What::dead;
  std::string sentence;  ///< why it was not delivered, without anything secret
  /// Not before; at most kLongestRetryAfter.
  std::optional<std::chrono::seconds> retry_after;
};

inline constexpr std::chrono::seconds kLongestRetryAfter{3600};

Verdict judge(const HttpAnswer& answer, const Target& target);

}  // namespace tapedeck::alert
