// StreamHub: all streams of one worker, of SSE clients and WebSocket subscriptions. Woken once for
// a batch of new events, however many there are; one timer does every heartbeat.
//
// Lives on its worker's thread, but for wake(), which any thread may call.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "query/tape.hpp"
#include "server/mailbox.hpp"
#include "server/metrics.hpp"
#include "server/read_pool.hpp"
#include "server/server_hooks.hpp"
#include "server/stream_group.hpp"
#include "server/stream_member.hpp"
#include "server/stream_session.hpp"

namespace tapedeck {

class StreamHub {
 public:
  StreamHub(boost::asio::io_context& context, const Tape& tape, const ServerOptions& options,
            WorkerMetrics& metrics, ReadPool& pool, std::shared_ptr<Mailbox> mailbox,
            const ServerHooks& hooks)
      : context_(context),
        tape_(tape),
        options_(options),
        metrics_(metrics),
        pool_(pool),
        mailbox_(std::move(mailbox)),
        hooks_(hooks),
        stream_groups_(options) {}

  /// There are new events. At most one wake-up is under way at a time; costs nothing while there
  /// are no clients.
  void wake();

  void add(Connection connection, const StreamRequest& request, std::string head);
  /// Flushes the member now and whenever there are events, until it leaves.
  void join(std::shared_ptr<StreamMember> member);
  /// The member stays alive until its caller has returned.
  void leave(StreamMember& member);
  void flush(StreamMember& member);
  void tick(StreamMember::Clock::time_point now);
  /// What becomes of streams that wait for their client while others get their goodbye.
  enum class Blocked : std::uint8_t { left, closed };
  /// Says goodbye to some streams.
  /// @param count how many at most
  void shut_down(std::size_t count, Blocked blocked);
  /// Streams open now.
  std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }
  /// Has `work` done on the read pool, then calls `then` with what it gives, here and unless the
  /// member has been closed meanwhile; then flushes it.
  template <typename Member, typename Work, typename Then>
  void read_for(Member& member, std::shared_ptr<const CompiledFilter> filter, Work work, Then then);

  boost::asio::io_context& context() noexcept { return context_; }
  const ServerHooks& hooks() const noexcept { return hooks_; }
  const Tape& tape() const noexcept { return tape_; }
  const EventLog& log() const noexcept { return tape_.log(); }
  /// Where streams have the past read, and how what was read comes back.
  ReadPool& pool() noexcept { return pool_; }
  const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }
  StreamGroups& stream_groups() noexcept { return stream_groups_; }
  /// Counts the times that streams were looked at together.
  std::uint64_t round() const noexcept { return round_; }
  /// How much of the past a stream may hold at a time: the more streams, the less each, so that
  /// thousands of clients that stopped reading behind the log do not add up.
  std::size_t slice_bytes() const noexcept {
    const std::size_t streams = std::max<std::size_t>(1, count_.load(std::memory_order_relaxed));
    return std::clamp(kPastBytes / streams, PastSlice::kMinBytes, PastSlice::kMaxBytes);
  }
  const ServerOptions& options() const noexcept { return options_; }
  WorkerMetrics& metrics() noexcept { return metrics_; }
  /// The clock as of the current round; reading it for each write would cost more than it tells.
  StreamMember::Clock::time_point now() const noexcept { return now_; }

 private:
  static constexpr std::size_t kPastBytes = std::size_t{64} << 20;  // of all streams, about

  /// Members that hold events back equally long.
  struct Group {
    explicit Group(boost::asio::io_context& context) : timer(context) {}
    std::vector<std::shared_ptr<StreamMember>> members;
    boost::asio::steady_timer timer;
    bool waiting = false;
    // Of the first event a round will find: measured on one member after the other.
    EventLog::Mark sample;
    std::size_t sampled_member = 0;
    // The last round over all members.
    StreamMember::Clock::time_point round_end{};
    StreamMember::Clock::duration round_time{};
  };

  void on_wake();
  /// Flushes the group after `delay`, with whatever has come until then.
  void flush_after(Group& group, StreamMember::Clock::duration delay);
  void flush_group(Group& group);
  void flush_later(const StreamMember& member);
  StreamMember::Progress flush_sampled(StreamMember& member, const EventLog::Mark& sample);

  boost::asio::io_context& context_;
  const Tape tape_;
  const ServerOptions& options_;
  WorkerMetrics& metrics_;
  ReadPool& pool_;
  const std::shared_ptr<Mailbox> mailbox_;
  const ServerHooks& hooks_;
  StreamGroups stream_groups_;
  std::map<std::chrono::milliseconds, Group> groups_;
  std::uint64_t round_ = 0;
  StreamMember::Clock::time_point now_ = StreamMember::Clock::now();
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> wake_under_way_{false};
  std::mt19937 random_{std::random_device{}()};
};

template <typename Member, typename Work, typename Then>
void StreamHub::read_for(Member& member, std::shared_ptr<const CompiledFilter> filter, Work work,
                         Then then) {
  pool_.submit_piece([this, mailbox = mailbox_, weak = member.weak_from_this(), tape = tape_,
                      filter = std::move(filter), work, then] {
    const CompiledFilter everything;
    mailbox->post([this, weak, then, result = work(tape, filter ? *filter : everything)]() mutable {
      const auto self = weak.lock();
      if (!self || self->closed()) return;
      then(*self, std::move(result));
      if (!self->closed()) flush(*self);
    });
  });
}

}  // namespace tapedeck
