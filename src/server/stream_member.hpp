// StreamMember: what a StreamHub wakes when there are new events: an SSE client, a WebSocket
// subscription.
//
// Lives on its worker's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tapedeck {

class StreamMember {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Progress : std::uint8_t { caught_up, more, blocked };

  /// @param coalesce how long events are held back to go together.
  explicit StreamMember(std::chrono::milliseconds coalesce) : coalesce_(coalesce) {}
  virtual ~StreamMember() = default;
  StreamMember(const StreamMember&) = delete;
  StreamMember& operator=(const StreamMember&) = delete;

  /// Sends what the log has and the socket takes, within a fair share.
  virtual Progress flush() = 0;
  /// Once a second.
  virtual void tick(Clock::time_point now) = 0;
  /// Says goodbye and leaves the hub. @param retry when the client may come back.
  virtual void shut_down(std::chrono::milliseconds retry) = 0;
  virtual bool closed() const noexcept = 0;
  /// It waits until its client takes what was sent.
  virtual bool blocked() const noexcept = 0;
  /// The next event it will look at.
  virtual std::uint64_t next_seq() const noexcept = 0;
  virtual bool plays_back() const noexcept { return false; }

  std::chrono::milliseconds coalesce() const noexcept { return coalesce_; }

 private:
  friend class StreamHub;
  const std::chrono::milliseconds coalesce_;
  std::size_t place_ = 0;  // in the hub's list
};

}  // namespace tapedeck
