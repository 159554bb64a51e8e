// StreamSession: one SSE client. A cursor on the log and a socket; between writes it holds a
// position and at most one unfinished frame, so ten thousand idle or stalled clients cost little.
// What is no longer in the log it has read from the history, one slice at a time on the read pool,
// until it is back in the log or, in a play-back, at the end. A compressed stream sends the chunks
// of its group (see StreamGroup) while it keeps up with it, and blocks of its own while it does
// not.
//
// Lives on its worker's thread. Writes go straight from the log to the socket without a copy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "server/connection.hpp"
#include "server/playback.hpp"
#include "server/stream_group.hpp"
#include "server/stream_member.hpp"
#include "server/stream_past.hpp"
#include "server/stream_request.hpp"
#include "server/stream_start.hpp"

namespace tapedeck {

class StreamHub;

class StreamSession final : public StreamMember,
                            public std::enable_shared_from_this<StreamSession> {
 public:
  /// @param head sent before anything else; stream_head(), with what may be before it.
  StreamSession(StreamHub& hub, Connection connection, const StreamRequest& request,
                std::string head);

  Progress flush() override;

  /// Watches for the client going away.
  void watch();
  /// Heartbeats when quiet, gives up on a client that has stopped reading.
  void tick(Clock::time_point now) override;
  /// Says goodbye and closes.
  void shut_down(std::chrono::milliseconds retry) override;
  void close();

  bool closed() const noexcept override { return !connection_.is_open(); }
  bool blocked() const noexcept override { return blocked_; }
  bool plays_back() const noexcept override { return playback_ != nullptr; }
  bool secure() const noexcept { return connection_.secure(); }
  std::uint64_t next_seq() const noexcept override { return next_; }

 private:
  // stream_session_past.cpp
  void begin(const StreamRequest& request);
  void search_start();
  void read_on(std::uint64_t end);
  void on_slice(PastSlice&& slice);
  Progress play();

  // stream_session_gzip.cpp
  void begin_body(const StreamRequest& request);
  void say(std::string_view plain);
  void end_body();
  bool follow_group();
  bool send_chunks();
  std::size_t take_chunks(std::size_t sent);
  bool send_compressed(const SegmentPin& pin, std::uint64_t end);
  std::uint64_t end_of_own() const noexcept;
  bool group_goes_on() const noexcept { return has_group() && gzip_->group->is_behind(); }
  bool has_group() const noexcept { return gzip_ && gzip_->group; }

  // stream_session.cpp
  void hang_up();
  void announce(const StreamGap& gap);
  bool send_pending();
  bool send_run(const SegmentPin& pin);
  bool send_matching(const SegmentPin& pin);
  bool send_events(const SegmentPin& pin, std::uint64_t end);
  void keep_rest(const SegmentPin& pin, std::uint64_t from, std::size_t sent);
  std::ptrdiff_t send(const struct iovec* pieces, std::size_t count);
  void wait_until_writable();
  std::string last_id() const;

  /// Of a stream that is compressed.
  struct Gzip {
    explicit Gzip(std::string& out) : member(out) {}
    std::shared_ptr<StreamGroup> group;    // either this
    std::shared_ptr<Deflater> compressor;  // or, for a play-back, this
    GzipMember member;
  };

  StreamHub& hub_;
  Connection connection_;
  std::uint64_t next_ = 1;                        // the next event to look at
  std::shared_ptr<const CompiledFilter> filter_;  // none: everything matches
  std::string pending_;                           // goes out before the next event, as it is
  std::unique_ptr<Gzip> gzip_;                    // none: not compressed
  std::unique_ptr<Opening> opening_;
  std::unique_ptr<Playback> playback_;
  Clock::time_point last_write_;
  std::chrono::duration<std::uint8_t> heartbeat_;
  Dialect dialect_;
  const auth::GrantPtr grant_;
  bool blocked_ = false;
  bool reading_ = false;  // a job on the pool is under way
  bool ending_ = false;   // the connection ends once pending_ has gone out
};

}  // namespace tapedeck
