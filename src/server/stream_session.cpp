#include "server/stream_session.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "server/log_run.hpp"
#include "server/stream_hub.hpp"

namespace tapedeck {
namespace {

// A write costs about 5 us plus 0.12 us a KiB: past this size larger ones gain little.
constexpr std::size_t kRunBytes = std::size_t{256} << 10;

}  // namespace

StreamSession::StreamSession(StreamHub& hub, Connection connection, const StreamRequest& request,
                             std::string head)
    : StreamMember(request.coalesce),
      hub_(hub),
      connection_(std::move(connection)),
      last_write_(Clock::now()),
      heartbeat_(static_cast<std::uint8_t>(request.heartbeat.count())),
      dialect_(request.dialect),
      grant_(request.grant) {
  const int on = 1;
  const int buffer = hub_.options().stream_send_buffer_bytes;
  const int socket = connection_.socket().native_handle();
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  filter_ = std::make_shared<const CompiledFilter>(compile(request.query));
  begin(request);  // may leave a gap to be told in pending_
  if (request.play) playback_ = std::make_unique<Playback>(hub_.context(), *request.play);
  const std::string first = connection_frame(dialect_, last_id(), request.heartbeat) + pending_;
  pending_ = std::move(head);
  begin_body(request);
  say(first);
  if (filter_->matches_all()) filter_.reset();
}

void StreamSession::announce(const StreamGap& gap) {
  say(gap_frame(dialect_, std::string_view(gap.requested).substr(0, 128),
                hub_.tape().id_of(gap.oldest), last_id(), gap.missed));
  hub_.metrics().gaps_total.add();
}

/// Empty while it is not known yet where to begin: a client that reconnects then begins anew.
std::string StreamSession::last_id() const {
  return opening_ && opening_->search ? std::string() : hub_.tape().id_of(next_ - 1);
}

StreamSession::Progress StreamSession::flush() {
  if (blocked_) return Progress::blocked;
  if (playback_) return play();
  const EventLog& log = hub_.log();
  for (int turn = 0; turn < 4; ++turn) {
    if (!send_pending() || reading_) return Progress::blocked;
    if (opening_ && opening_->search) {
      search_start();
      return Progress::blocked;
    }
    if (follow_group()) {
      if (blocked_ || closed()) return Progress::blocked;
      return group_goes_on() ? Progress::more : Progress::caught_up;
    }
    const std::uint64_t end = end_of_own();
    if (next_ >= end) return group_goes_on() ? Progress::more : Progress::caught_up;
    const std::uint64_t oldest = log.first_seq();
    if (hub_.tape().reaches_history(next_)) {
      read_on(log.last_seq() + 1);
      return Progress::blocked;
    }
    if (next_ < oldest) {
      const StreamGap gap{last_id(), oldest, oldest - next_};
      next_ = oldest;
      announce(gap);
      continue;
    }
    const auto pin = log.pin(next_);
    if (!pin) continue;  // evicted since: told in the next turn
    if (!send_events(*pin, end)) return Progress::blocked;
  }
  return next_ > log.last_seq() ? Progress::caught_up : Progress::more;
}

bool StreamSession::send_pending() {
  if (pending_.empty()) return true;
  const iovec piece{pending_.data(), pending_.size()};
  const std::ptrdiff_t sent = send(&piece, 1);
  if (sent < 0) return false;
  if (static_cast<std::size_t>(sent) < pending_.size()) {
    pending_.erase(0, static_cast<std::size_t>(sent));
    wait_until_writable();
    return false;
  }
  std::string().swap(pending_);  // an idle session keeps no buffer
  return !blocked_;
}

/// Every frame from next_ on, as one run of bytes.
bool StreamSession::send_run(const SegmentPin& pin) {
  const FrameIndex& first = pin.index(next_);
  std::uint64_t low = next_, high = pin.end_seq() - 1;
  const auto run_until = [&](std::uint64_t seq) {
    const FrameIndex& last = pin.index(seq);
    return std::size_t{last.offset} + last.length - first.offset;
  };
  if (run_until(high) > kRunBytes) {
    while (low < high) {  // the last frame that fits; at least one
      const std::uint64_t middle = low + (high - low + 1) / 2;
      if (run_until(middle) <= kRunBytes) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
  }
  const std::size_t size = run_until(high);
  const iovec piece{const_cast<char*>(pin.frame(first)), size};
  const std::ptrdiff_t sent = send(&piece, 1);
  if (sent < 0) return false;
  if (static_cast<std::size_t>(sent) < size) {
    keep_rest(pin, next_, static_cast<std::size_t>(sent));
    return false;
  }
  hub_.metrics().deliveries_total.add(high + 1 - next_);
  next_ = high + 1;
  return !blocked_;
}

/// The frames that match, or their data lines.
bool StreamSession::send_matching(const SegmentPin& pin) {
  const LogRun run = gather_run(pin, next_, pin.end_seq(), filter_.get(), dialect_, kRunBytes);
  if (run.count > 0) {
    const std::ptrdiff_t sent = send(run.pieces.data(), run.count);
    if (sent < 0) return false;
    if (static_cast<std::size_t>(sent) < run.bytes) {
      keep_rest(pin, next_, static_cast<std::size_t>(sent));
      return false;
    }
    hub_.metrics().deliveries_total.add(run.events);
  }
  next_ = run.next;
  return !blocked_;
}

/// @param end not further than before it; only compressed streams have one nearer than the log's.
bool StreamSession::send_events(const SegmentPin& pin, std::uint64_t end) {
  if (gzip_) return send_compressed(pin, end);
  const bool whole_frames = filter_ == nullptr && dialect_ == Dialect::eventsource;
  return whole_frames ? send_run(pin) : send_matching(pin);
}

/// The socket took only `sent` bytes of the matching frames from `from` on: copies the rest of the
/// frame it stopped in, so that the log may move on meanwhile.
void StreamSession::keep_rest(const SegmentPin& pin, std::uint64_t from, std::size_t sent) {
  std::uint64_t seq = from;
  for (;; ++seq) {
    const FrameIndex& index = pin.index(seq);
    const char* frame = pin.frame(index);
    if (filter_ != nullptr && !filter_->matches(frame, index)) continue;
    const std::size_t skip = piece_offset(dialect_, index);
    const std::size_t length = index.length - skip;
    if (sent < length) {
      if (sent > 0) {
        pending_.assign(frame + skip + sent, length - sent);
        hub_.metrics().deliveries_total.add();
        ++seq;
      }
      break;
    }
    sent -= length;
    hub_.metrics().deliveries_total.add();
  }
  next_ = seq;
  wait_until_writable();
}

/// @return bytes taken, 0 when the socket is full, -1 when it is closed (and has been dealt with).
std::ptrdiff_t StreamSession::send(const iovec* pieces, std::size_t count) {
  const std::ptrdiff_t sent = connection_.write_some(pieces, count);
  if (sent < 0) {
    close();
    return -1;
  }
  hub_.metrics().stream_bytes_total.add(static_cast<std::uint64_t>(sent));
  if (sent > 0) last_write_ = hub_.now();
  if (connection_.has_unsent()) wait_until_writable();
  return sent;
}

void StreamSession::wait_until_writable() {
  if (blocked_) return;
  blocked_ = true;
  hub_.metrics().stalled_total.add();
  connection_.wait_writable([self = shared_from_this()](boost::system::error_code error) {
    self->blocked_ = false;
    if (error || self->closed() || !self->connection_.flush_unsent()) {
      self->close();
    } else if (self->connection_.has_unsent()) {
      self->wait_until_writable();
    } else {
      self->hub_.flush(*self);
    }
  });
}

void StreamSession::watch() {
  connection_.wait_readable([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed()) return self->close();
    std::array<char, 512> ignored;  // a client has nothing to say here; let it talk
    std::ptrdiff_t n = 0;
    do {
      n = self->connection_.read_some(ignored.data(), ignored.size());
    } while (n > 0);
    if (n < 0) return self->close();
    self->watch();
  });
}

void StreamSession::tick(Clock::time_point now) {
  if (!still_stands(hub_.hooks(), *grant_)) return hang_up();  // who comes back is told why
  if (blocked_) {
    if (now - last_write_ > hub_.options().stalled_stream_timeout) close();
    return;
  }
  if (gzip_ && gzip_->member.follows()) {  // the group has heartbeats of its own
    hub_.flush(*this);
    return;
  }
  if (now - last_write_ < heartbeat_) return;
  if (!pending_.empty()) return;
  // With events to come it is about to hear from us, unless it waits for the past.
  if (!reading_ && !playback_ && next_ <= hub_.log().last_seq()) return;
  say(heartbeat_frame(dialect_, last_id()));
  send_pending();
}

void StreamSession::shut_down(std::chrono::milliseconds retry) {
  if (!blocked_) {
    flush();
    if (!blocked_ && !closed()) {
      say(shutdown_frame(dialect_, retry));
      end_body();
      send_pending();
    }
  }
  if (!closed()) hang_up();
}

void StreamSession::hang_up() {
  connection_.finish_sending();
  close();
}

void StreamSession::close() {
  if (closed()) return;
  connection_.close();
  hub_.metrics().closed_total.add();
  if (secure()) hub_.metrics().secure.subtract();
  hub_.leave(*this);
}

}  // namespace tapedeck
