// What a session has to do with the past. Where it begins; what only the history knows of that is
// left in opening_. How it is caught up from the history, a slice at a time. How it plays the past
// back.
#include <utility>

#include "server/stream_hub.hpp"
#include "server/stream_session.hpp"

namespace tapedeck {

void StreamSession::begin(const StreamRequest& request) {
  StreamStart start = choose_start(hub_.tape(), *filter_, request);
  next_ = start.next;
  opening_ = std::move(start.opening);
  if (start.gap) announce(*start.gap);
}

/// One more step back through the history. The session asks for nothing else until it has come.
void StreamSession::search_start() {
  reading_ = true;
  hub_.read_for(
      *this, filter_,
      [bottom = opening_->bottom, so_far = *opening_->search](const Tape& tape,
                                                              const CompiledFilter& filter) {
        return search_back(tape, filter, bottom, so_far);
      },
      [](StreamSession& self, StartSearch&& found) {
        self.reading_ = false;
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
  reading_ = true;
  const auto since_ns = opening_ ? opening_->since_ns : std::nullopt;
  const bool compress = gzip_ != nullptr && playback_ == nullptr;  // which goes out in pieces
  const auto deflate =
      compress ? std::optional(hub_.stream_groups().deflate_options()) : std::nullopt;
  hub_.read_for(
      *this, filter_,
      [dialect = dialect_, bounds = SeqBounds{next_, end}, bytes = hub_.slice_bytes(), since_ns,
       deflate](const Tape& tape, const CompiledFilter& filter) {
        PastSlice slice = read_past(tape, filter, dialect, bounds, bytes, since_ns);
        if (deflate) compress_slice(slice, *deflate);
        return slice;
      },
      [](StreamSession& self, PastSlice&& slice) {
        self.reading_ = false;
        self.on_slice(std::move(slice));
      });
}

void StreamSession::on_slice(PastSlice&& slice) {
  if (slice.failed && playback_) return close();  // the client comes back and is told why
  const auto gaps = gaps_before(hub_.tape(), opening_.get(), next_, slice);
  opening_.reset();
  if (slice.missing > 0) next_ = slice.next;
  for (const StreamGap& gap : gaps) announce(gap);
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
