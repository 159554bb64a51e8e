// What a session has to do with the past. Where it begins: now, after an id, at a time, with the
// newest N; what only the history knows of that is left in opening_. How it is caught up from the
// history, a slice at a time. How it plays the past back.
#include <algorithm>
#include <utility>

#include "query/log_reader.hpp"
#include "server/stream_hub.hpp"
#include "server/stream_session.hpp"

namespace tapedeck {

void StreamSession::choose_start(const StreamRequest& request) {
  next_ = hub_.log().last_seq() + 1;
  if (!request.resume_after.empty()) {
    begin_at_id(request.resume_after);
  } else if (request.query.since_id) {
    begin_at_id(request.query.since_text);
  } else if (request.query.filter.since) {
    begin_at_time(request);
  } else if (request.replay) {
    begin_at_newest(*request.replay);
  }
}

void StreamSession::begin_at_id(const std::string& id) {
  const ResumePoint point = hub_.tape().resume_after(id);
  next_ = point.next;
  if (point.gap) announce_gap(id, point.next, point.missed);
}

/// The filter knows the time: begins at the oldest event, and says so when that is not old enough.
void StreamSession::begin_at_time(const StreamRequest& request) {
  const Tape& tape = hub_.tape();
  const EventLog& log = hub_.log();
  next_ =
      tape.history() != nullptr ? tape.oldest_seq() : std::max(log.first_seq(), log.floor_seq());
  if (next_ <= 1) return;  // nothing has gone
  const std::int64_t since_ns = to_ns(*request.query.filter.since);
  if (tape.reaches_history(next_)) {
    opening_ = std::make_unique<Opening>();
    opening_->since_ns = since_ns;
    opening_->since_text = request.query.since_text;
    return;
  }
  const auto pin = log.pin(next_);
  if (pin && pin->index(next_).timestamp_ns > since_ns) {
    announce_gap(request.query.since_text, next_, std::nullopt);
  }
}

void StreamSession::begin_at_newest(std::size_t count) {
  const Tape& tape = hub_.tape();
  const EventLog& log = hub_.log();
  const std::uint64_t bottom = std::max(tape.oldest_seq(), log.floor_seq());
  const NewestStart start =
      start_of_newest(log, *filter_, std::max(log.first_seq(), bottom), count);
  next_ = start.seq;
  if (start.found == count || !tape.reaches_history(bottom)) return;
  opening_ = std::make_unique<Opening>();
  opening_->search = StartSearch{count - start.found, start.seq, start.next, false};
  opening_->bottom = bottom;
}

/// Has `work` done on the read pool, then calls `then` with what it gives, here and unless the
/// session has been closed meanwhile. The session asks for nothing else until then.
template <typename Work, typename Then>
void StreamSession::on_pool(Work work, Then then) {
  reading_ = true;
  hub_.pool().submit_piece([mailbox = hub_.mailbox(), weak = weak_from_this(), tape = hub_.tape(),
                            filter = filter_, work, then] {
    const CompiledFilter everything;
    mailbox->post([weak, then, result = work(tape, filter ? *filter : everything)]() mutable {
      const auto self = weak.lock();
      if (!self || self->closed()) return;
      self->reading_ = false;
      then(*self, std::move(result));
      if (!self->closed()) self->hub_.flush(*self);
    });
  });
}

/// One more step back through the history.
void StreamSession::search_start() {
  on_pool([bottom = opening_->bottom, so_far = *opening_->search](
              const Tape& tape,
              const CompiledFilter& filter) { return search_back(tape, filter, bottom, so_far); },
          [](StreamSession& self, StartSearch&& found) {
            if (found.done) {
              self.next_ = found.start;
              self.opening_.reset();
            } else {
              self.opening_->search = found;
            }
          });
}

/// Has the next slice of the past read, up to `end`.
void StreamSession::read_on(std::uint64_t end) {
  const auto since_ns = opening_ ? opening_->since_ns : std::nullopt;
  const bool compress = gzip_ != nullptr && playback_ == nullptr;  // which goes out in pieces
  const auto deflate =
      compress ? std::optional(hub_.stream_groups().deflate_options()) : std::nullopt;
  on_pool(
      [dialect = dialect_, bounds = SeqBounds{next_, end}, bytes = hub_.slice_bytes(), since_ns,
       deflate](const Tape& tape, const CompiledFilter& filter) {
        PastSlice slice = read_past(tape, filter, dialect, bounds, bytes, since_ns);
        if (deflate) compress_slice(slice, *deflate);
        return slice;
      },
      [](StreamSession& self, PastSlice&& slice) { self.on_slice(std::move(slice)); });
}

void StreamSession::on_slice(PastSlice&& slice) {
  if (slice.since_is_gone) announce_gap(opening_->since_text, next_, std::nullopt);
  opening_.reset();
  if (slice.failed && playback_) return close();  // the client comes back and is told why
  if (slice.failed) {
    const std::uint64_t oldest = std::max(next_, hub_.log().first_seq());
    slice.missing = oldest - next_;
    slice.next = oldest;
  }
  if (slice.missing > 0) {
    const std::string requested = last_id();
    next_ = slice.next;
    announce_gap(requested, next_, slice.missing);
  }
  if (playback_) {
    playback_->take(std::move(slice));
    next_ = playback_->next_seq();
    return;
  }
  if (gzip_) {
    gzip_->member.add_blocks(slice.blocks, slice.sum, pending_);
  } else {
    pending_ += slice.bytes;
  }
  next_ = slice.next;
  hub_.metrics().deliveries_total.add(slice.events.size());
}

StreamSession::Progress StreamSession::play() {
  for (;;) {
    if (!send_pending()) return Progress::blocked;
    if (ending_) {
      hang_up();
      return Progress::blocked;
    }
    if (reading_) return Progress::caught_up;
    if (playback_->empty() && next_ >= playback_->end()) {
      say(end_frame(dialect_, last_id(), last_id() + std::string(kEndMark)));
      end_body();
      ending_ = true;
      continue;
    }
    if (playback_->empty()) {
      read_on(playback_->end());
      return Progress::caught_up;
    }
    std::string due;
    const std::size_t played = playback_->append_due(Clock::now(), due);
    next_ = playback_->next_seq();
    hub_.metrics().deliveries_total.add(played);
    if (played > 0) {
      say(due);
      continue;
    }
    playback_->wait([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->closed()) self->hub_.flush(*self);
    });
    return Progress::caught_up;
  }
}

}  // namespace tapedeck
