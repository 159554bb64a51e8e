// WsSubscription: what one `subscribe` asked for: a cursor on the tape with a filter, whose events
// go out over its session's socket. Several share a socket; each has a pace of its own.
//
// Lives on its worker's thread. Holds a position, and of the past at most one slice.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bus/compiled_filter.hpp"
#include "server/stream_member.hpp"
#include "server/stream_start.hpp"
#include "server/ws_chunks.hpp"
#include "server/ws_message.hpp"

namespace tapedeck {

class WsHub;
class WsSession;

class WsSubscription final : public StreamMember,
                             public std::enable_shared_from_this<WsSubscription> {
 public:
  /// @param op a subscribe.
  WsSubscription(WsHub& hub, WsSession& session, const WsOp& op, WsStyle style);
  ~WsSubscription() override;

  /// Chooses where to begin. @return what its client has to be told of that.
  std::optional<StreamGap> begin(const StreamRequest& request);
  void announce(const StreamGap& gap);
  /// Its session has no use for it any more.
  void leave();

  Progress flush() override;
  void tick(Clock::time_point) override {}  // its session sees to it
  void shut_down(std::chrono::milliseconds retry) override;
  bool closed() const noexcept override { return session_ == nullptr; }
  bool blocked() const noexcept override;
  std::uint64_t next_seq() const noexcept override { return next_; }

  const std::string& id() const noexcept { return group_->style.sub; }
  /// Everything up to it has been sent if it matched. Empty while it is not known where to begin.
  std::string last_id() const;
  bool has_begun() const noexcept { return !(opening_ && opening_->search); }
  /// When its position was last told.
  Clock::time_point last_told() const noexcept { return last_told_; }
  void told(Clock::time_point now) noexcept { last_told_ = now; }

 private:
  bool step();
  void send(WsChunk chunk);
  void search_start();
  void read_on(std::uint64_t end);
  void on_slice(PastSlice&& slice);

  WsHub& hub_;
  WsSession* session_;                            // nullptr: has left
  std::uint64_t next_ = 1;                        // the next event to look at
  std::uint64_t end_;                             // one past the last that is wanted
  std::shared_ptr<const CompiledFilter> filter_;  // none: everything matches
  std::shared_ptr<WsChunks::Group> group_;
  std::unique_ptr<Opening> opening_;
  std::optional<WsChunk> slice_;  // of the past, until the socket takes it
  Clock::time_point last_told_;
  bool reading_ = false;  // a job on the pool is under way
};

}  // namespace tapedeck
