// What an answer to a POST of events means for the batch. Pure; any thread; a parse of a short
// JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "remote/http_post.hpp"

namespace tapedeck::remote {

enum class Verdict {
  accepted,
  accepted_in_memory,  ///< the server has them but its disk does not take them now
  retry,               ///< the outcome is unknown, or the server cannot at the moment
  misconfigured,       ///< key, url or server are wrong, which a person may put right: keep, retry
  memory_only,         ///< the server keeps no history: ask again without ack=durable
  bad_event,           ///< `bad_index` will never be accepted, the rest may be
  too_large,           ///< the batch, or its only event
};

struct Answer {
  Verdict verdict = Verdict::retry;
  std::string sentence;  ///< why; empty when accepted
  std::size_t bad_index = 0;
  std::optional<std::chrono::seconds> retry_after{};
};

/// @param events how many the batch had: only an answer that says it took them all accepts them.
Answer judge(const PostResult& result, std::size_t events);

}  // namespace tapedeck::remote
