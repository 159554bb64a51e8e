// Where a stream begins, of whatever kind: now, after an id, at a time, with the newest N; and what
// its client has to be told when it cannot begin or go on there. Pure functions of a tape; any
// thread. They look at the log only: what the history has to be asked for is left in an Opening.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/tape.hpp"
#include "server/stream_past.hpp"
#include "server/stream_request.hpp"

namespace tapedeck {

/// A jump that the client has to be told of.
struct StreamGap {
  std::string requested;  ///< the id or time it wanted to go on from
  std::uint64_t oldest = 0;
  std::optional<std::uint64_t> missed{};  ///< nothing: nobody can know
};

/// What is still to be found out about where to begin.
struct Opening {
  std::optional<std::int64_t> since_ns{};  // look whether the past reaches back to then
  std::string since_text{};
  std::optional<StartSearch> search{};
  std::uint64_t bottom = 0;  // of the search
};

struct StreamStart {
  std::uint64_t next = 0;  ///< the first event to look at
  std::optional<StreamGap> gap{};
  std::unique_ptr<Opening> opening{};
};
StreamStart choose_start(const Tape& tape, const CompiledFilter& filter,
                         const StreamRequest& request);

/// What is to be told before a slice that was read for a stream at `next`; the stream goes on at
/// slice.next then. A slice that failed is passed over, up to what the log has.
std::vector<StreamGap> gaps_before(const Tape& tape, const Opening* opening, std::uint64_t next,
                                   PastSlice& slice);

}  // namespace tapedeck
