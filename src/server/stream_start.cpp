#include "server/stream_start.hpp"

#include <algorithm>

#include "query/log_reader.hpp"

namespace tapedeck {
namespace {

StreamStart begin_at_id(const Tape& tape, const std::string& id) {
  const ResumePoint point = tape.resume_after(id);
  StreamStart start{point.next};
  if (point.gap) start.gap = StreamGap{id, point.next, point.missed};
  return start;
}

/// The filter knows the time: begins at the oldest event, and says so when that is not old enough.
StreamStart begin_at_time(const Tape& tape, const EventQuery& query) {
  const EventLog& log = tape.log();
  StreamStart start{tape.history() != nullptr ? tape.oldest_seq()
                                              : std::max(log.first_seq(), log.floor_seq())};
  if (start.next <= 1) return start;  // nothing has gone
  const std::int64_t since_ns = to_ns(*query.filter.since);
  if (tape.reaches_history(start.next)) {
    start.opening = std::make_unique<Opening>();
    start.opening->since_ns = since_ns;
    start.opening->since_text = query.since_text;
    return start;
  }
  const auto pin = log.pin(start.next);
  if (pin && pin->index(start.next).timestamp_ns > since_ns) {
    start.gap = StreamGap{query.since_text, start.next, std::nullopt};
  }
  return start;
}

StreamStart begin_at_newest(const Tape& tape, const CompiledFilter& filter, std::size_t count) {
  const EventLog& log = tape.log();
  const std::uint64_t bottom = std::max(tape.oldest_seq(), log.floor_seq());
  const NewestStart found = start_of_newest(log, filter, std::max(log.first_seq(), bottom), count);
  StreamStart start{found.seq};
  if (found.found == count || !tape.reaches_history(bottom)) return start;
  start.opening = std::make_unique<Opening>();
  start.opening->search = StartSearch{count - found.found, found.seq, found.next, false};
  start.opening->bottom = bottom;
  return start;
}

}  // namespace

StreamStart choose_start(const Tape& tape, const CompiledFilter& filter,
                         const StreamRequest& request) {
  if (!request.resume_after.empty()) return begin_at_id(tape, request.resume_after);
  if (request.query.since_id) return begin_at_id(tape, request.query.since_text);
  if (request.query.filter.since) return begin_at_time(tape, request.query);
  if (request.replay) return begin_at_newest(tape, filter, *request.replay);
  return StreamStart{tape.end_seq()};
}

std::vector<StreamGap> gaps_before(const Tape& tape, const Opening* opening, std::uint64_t next,
                                   PastSlice& slice) {
  std::vector<StreamGap> gaps;
  if (slice.since_is_gone) gaps.push_back({opening->since_text, next, std::nullopt});
  if (slice.failed) {
    slice.next = std::max(next, tape.log().first_seq());
    slice.missing = slice.next - next;
  }
  if (slice.missing > 0) gaps.push_back({tape.id_of(next - 1), slice.next, slice.missing});
  return gaps;
}

}  // namespace tapedeck
