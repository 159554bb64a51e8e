#include "server/log_run.hpp"

#include <algorithm>

namespace tapedeck {

LogRun gather_run(const SegmentPin& pin, std::uint64_t from, std::uint64_t end,
                  const CompiledFilter* filter, Dialect dialect, std::size_t bytes) {
  LogRun run;
  run.next = from;
  end = std::min({end, pin.end_seq(), from + LogRun::kLooks});
  for (; run.next < end && run.bytes < bytes; ++run.next) {
    const FrameIndex& index = pin.index(run.next);
    char* frame = const_cast<char*>(pin.frame(index));
    if (filter != nullptr && !filter->matches(frame, index)) continue;
    char* begin = frame + piece_offset(dialect, index);
    const auto length = static_cast<std::size_t>(frame + index.length - begin);
    iovec* last = run.count > 0 ? &run.pieces[run.count - 1] : nullptr;
    if (last != nullptr && static_cast<char*>(last->iov_base) + last->iov_len == begin) {
      last->iov_len += length;  // neighbours go as one piece
    } else if (run.count == LogRun::kMaxPieces) {
      break;
    } else {
      run.pieces[run.count++] = {begin, length};
    }
    run.bytes += length;
    ++run.events;
  }
  return run;
}

}  // namespace tapedeck
