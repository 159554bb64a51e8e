#include "query/tape.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck {

std::uint64_t Tape::oldest_seq() const {
  const std::uint64_t in_log = log_.first_seq();
  return history_ == nullptr ? in_log : std::min(in_log, history_->first_seq());
}

std::string Tape::id_of(std::uint64_t seq) const {
  // The number before the first one names "from the beginning" and belongs to the epoch that began.
  if (history_ != nullptr && seq + 1 < log_.begin_seq()) {
    if (const auto epoch = history_->epoch_of(seq)) return format_event_id(*epoch, seq);
  }
  return format_event_id(log_.epoch(), seq);
}

std::optional<std::uint64_t> Tape::seq_of(const EventId& id) const {
  if (id.epoch == log_.epoch()) {
    if (id.seq < log_.begin_seq() && history_ != nullptr) {
      const auto range = history_->range_of(id.epoch);
      if (range && id.seq + 1 < range->first) return std::nullopt;
    }
    return id.seq;
  }
  if (history_ == nullptr) return std::nullopt;
  const auto range = history_->range_of(id.epoch);
  if (!range || id.seq + 1 < range->first || id.seq >= range->end) return std::nullopt;
  return id.seq;
}

ResumePoint Tape::resume_after(std::string_view text) const {
  const auto id = parse_event_id(text);
  const auto seq = id ? seq_of(*id) : std::nullopt;
  if (seq && *seq <= log_.last_seq()) {
    const std::uint64_t oldest = oldest_seq();
    if (*seq + 1 >= oldest) return {*seq + 1};
    return {oldest, true, oldest - *seq - 1};
  }
  if (id && history_ != nullptr && id->epoch != log_.epoch()) {
    // Streamed by an epoch that ended before it was stored: the next epoch is all news.
    if (const auto range = history_->range_of(id->epoch); range && id->seq >= range->end) {
      return {std::max(range->end, oldest_seq()), true, std::nullopt};
    }
  }
  return {log_.first_seq(), true, std::nullopt};  // another history: what is in memory is news
}

SeqBounds Tape::narrow(const EventQuery& query, SeqBounds bounds) const {
  if (query.since_id) {
    if (const auto seq = seq_of(*query.since_id)) bounds.first = std::max(oldest_seq(), *seq + 1);
  }
  if (query.until_id) {
    if (const auto seq = seq_of(*query.until_id)) bounds.end = std::min(bounds.end, *seq);
  }
  return bounds;
}

void Tape::take(Selection& out, HistorySlice&& slice) const {
  for (StoredFrames& block : slice.blocks) {
    out.stored.push_back(std::move(block));
    const StoredFrames& kept = out.stored.back();  // its parts do not move when the list grows
    for (std::size_t i = 0; i < kept.size(); ++i) {
      out.items.push_back({kept.seqs[i], &kept.index[i], kept.frame(i)});
    }
  }
}

Selection Tape::newest(const CompiledFilter& filter, SeqBounds bounds,
                       const ReadLimits& limits) const {
  Selection out = select_newest(log_, filter, bounds.first, bounds.end, limits.events);
  if (out.more) {
    out.next = out.items.back().seq;  // it stopped at the one too many
    return out;
  }
  const std::uint64_t end = out.next;  // what has been evicted meanwhile is in the history
  if (bounds.first >= end || !reaches_history(bounds.first)) return out;
  ReadLimits rest = limits;
  rest.events -= out.items.size();
  if (rest.events == 0) {
    out.more = true;
    return out;
  }
  HistorySlice slice = history_->read_backward(filter, bounds.first, end, rest);
  out.next = slice.next;
  out.more = slice.next > std::max(bounds.first, history_->first_seq());
  take(out, std::move(slice));
  return out;
}

Selection Tape::latest(const CompiledFilter& filter, const LatestKeys& keys, SeqBounds bounds,
                       const ReadLimits& limits) const {
  std::unordered_set<std::string> seen;
  Selection out = select_latest(log_, filter, bounds.first, bounds.end, keys, seen, limits.events);
  const std::uint64_t end = out.next;
  if (out.more || bounds.first >= end || !reaches_history(bounds.first)) return out;
  ReadLimits rest = limits;
  rest.events -= out.items.size();
  if (rest.events == 0) {
    out.more = true;
    return out;
  }
  HistorySlice slice = history_->read_latest(filter, keys, end, seen, rest);
  out.more = slice.next > std::max(bounds.first, history_->first_seq());
  take(out, std::move(slice));
  // The history knows no lower bound here; an older event is never the newest of two.
  while (!out.items.empty() && out.items.back().seq < bounds.first) out.items.pop_back();
  return out;
}

Selection Tape::forward(const CompiledFilter& filter, SeqBounds bounds,
                        const ReadLimits& limits) const {
  Selection out;
  out.next = bounds.first;
  const std::uint64_t in_log = log_.first_seq();
  if (bounds.first < in_log && bounds.first < bounds.end) {
    if (history_ != nullptr) {
      HistorySlice slice =
          history_->read_forward(filter, bounds.first, std::min(bounds.end, in_log), limits);
      out.next = slice.next;
      out.missing = slice.missing;
      out.looked_at = slice.looked_at;
      take(out, std::move(slice));
    }
    if (out.next == bounds.first) {  // neither here nor there
      out.next = std::min(in_log, bounds.end);
      out.missing = out.next - bounds.first;
    }
    return out;
  }
  forward_in_log(filter, bounds, limits, out);
  return out;
}

void Tape::forward_in_log(const CompiledFilter& filter, SeqBounds bounds, const ReadLimits& limits,
                          Selection& out) const {
  const std::uint64_t end = std::min(bounds.end, log_.last_seq() + 1);
  std::size_t bytes = 0;
  while (out.next < end) {
    auto pin = log_.pin(out.next);
    if (!pin) return;  // evicted since: the next read finds it in the history, or missing
    const std::uint64_t stop = std::min(end, pin->end_seq());
    for (; out.next < stop; ++out.next) {
      if (out.items.size() >= limits.events || bytes >= limits.bytes ||
          out.looked_at >= limits.looked_at) {
        break;
      }
      ++out.looked_at;
      const FrameIndex& index = pin->index(out.next);
      const char* frame = pin->frame(index);
      if (!filter.matches(frame, index)) continue;
      out.items.push_back({out.next, &index, frame});
      bytes += index.length;
    }
    const bool full = out.next < stop;
    out.pins.push_back(std::move(*pin));
    if (full) return;
  }
}

}  // namespace tapedeck
