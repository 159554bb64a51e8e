#include "server/stream_hub.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "base/tick_clock.hpp"

namespace tapedeck {
namespace {

constexpr std::chrono::microseconds kCheapRound{500};

}  // namespace

void StreamHub::wake() {
  if (count_.load(std::memory_order_acquire) == 0) return;
  if (wake_under_way_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(context_, [this] { on_wake(); });
}

void StreamHub::on_wake() {
  // Cleared first: events that come from here on need a wake-up of their own.
  wake_under_way_.store(false, std::memory_order_release);
  now_ = StreamSession::Clock::now();
  for (auto& [delay, group] : groups_) {
    if (group.sessions.empty()) continue;
    if (group.sample.seq == 0) group.sample = log().last_mark();
    if (group.waiting) continue;
    // A round over many sessions costs milliseconds, a write costs much the same with one event or
    // ten: when rounds would follow on each other's heels, pause as long as the last one took.
    const auto rest = group.round_time < kCheapRound ? StreamSession::Clock::duration::zero()
                                                     : group.round_end + group.round_time - now_;
    const auto wait = std::max<StreamSession::Clock::duration>(delay, rest);
    if (wait <= StreamSession::Clock::duration::zero()) {
      flush_group(group);
    } else {
      flush_after(group, wait);
    }
  }
}

void StreamHub::flush_after(Group& group, StreamSession::Clock::duration delay) {
  group.waiting = true;
  group.timer.expires_after(delay);
  group.timer.async_wait([this, &group](boost::system::error_code error) {
    group.waiting = false;
    if (error) return;
    now_ = StreamSession::Clock::now();
    flush_group(group);
  });
}

/// Tells how long the marked event took to this session, if this is when it gets there.
StreamSession::Progress StreamHub::flush_sampled(StreamSession& session,
                                                 const EventLog::Mark& sample) {
  const bool is_ahead = session.next_seq() <= sample.seq;
  const std::uint64_t delivered = metrics_.deliveries_total.get();
  const auto progress = session.flush();
  if (is_ahead && session.next_seq() > sample.seq && metrics_.deliveries_total.get() > delivered) {
    metrics_.delivery.observe(utc_now_ns() - sample.published_ns);
  }
  return progress;
}

void StreamHub::flush_group(Group& group) {
  const EventLog::Mark sample = std::exchange(group.sample, {});
  group.sampled_session =
      group.sampled_session + 1 < group.sessions.size() ? group.sampled_session + 1 : 0;
  ++round_;
  // Backwards, because a session that turns out closed swaps the last one into its place.
  for (std::size_t i = group.sessions.size(); i-- > 0;) {
    if (i >= group.sessions.size()) continue;
    StreamSession& session = *group.sessions[i];
    const auto progress = sample.seq > 0 && i == group.sampled_session
                              ? flush_sampled(session, sample)
                              : session.flush();
    if (progress == StreamSession::Progress::more) flush_later(session.shared_from_this());
  }
  group.round_end = StreamSession::Clock::now();
  group.round_time = group.round_end - now_;
}

void StreamHub::flush(StreamSession& session) {
  now_ = StreamSession::Clock::now();
  if (session.flush() == StreamSession::Progress::more) flush_later(session.shared_from_this());
}

void StreamHub::flush_later(std::shared_ptr<StreamSession> session) {
  boost::asio::post(context_, [this, session = std::move(session)] {
    if (!session->closed()) flush(*session);
  });
}

void StreamHub::add(Connection connection, const StreamRequest& request, std::string head) {
  now_ = StreamSession::Clock::now();
  auto session =
      std::make_shared<StreamSession>(*this, std::move(connection), request, std::move(head));
  Group& group = groups_.try_emplace(session->coalesce(), context_).first->second;
  session->place_ = group.sessions.size();
  group.sessions.push_back(session);
  metrics_.streams.add();
  metrics_.streams_total.add();
  count_.fetch_add(1, std::memory_order_acq_rel);
  // Counted before the look at the log, so no event can fall between the two.
  session->watch();
  flush(*session);
}

void StreamHub::forget(StreamSession& session) {
  Group& group = groups_.at(session.coalesce());
  const std::size_t place = session.place_;
  std::swap(group.sessions[place], group.sessions.back());
  group.sessions[place]->place_ = place;
  const auto keep_alive = std::move(group.sessions.back());  // its caller is still in it
  group.sessions.pop_back();
  metrics_.streams.subtract();
  metrics_.closed_total.add();
  if (session.secure()) metrics_.secure.subtract();
  count_.fetch_sub(1, std::memory_order_acq_rel);
  boost::asio::post(context_, [keep_alive] {});
}

void StreamHub::tick(StreamSession::Clock::time_point now) {
  now_ = now;
  const std::uint64_t end = log().last_seq() + 1;
  std::uint64_t lag = 0, largest = 0;
  stream_groups_.tick(now, tape_);
  for (auto& [delay, group] : groups_) {
    for (std::size_t i = group.sessions.size(); i-- > 0;) {
      if (i >= group.sessions.size()) continue;
      StreamSession& session = *group.sessions[i];
      if (!session.plays_back()) {
        const std::uint64_t behind = end - std::min(end, session.next_seq());
        lag += behind;
        largest = std::max(largest, behind);
      }
      session.tick(now);
    }
  }
  metrics_.stream_lag_events.set(lag);
  metrics_.stream_lag_max_events.set(largest);
}

void StreamHub::shut_down(std::size_t count, Blocked blocked) {
  std::uniform_int_distribution<int> spread_ms(1000, 5000);
  ++round_;  // what has come since the last one goes out too
  for (auto& [delay, group] : groups_) {
    for (std::size_t i = group.sessions.size(); i-- > 0 && count > 0;) {
      if (i >= group.sessions.size()) continue;
      const auto session = group.sessions[i];
      if (session->blocked() && blocked == Blocked::left) continue;
      session->shut_down(std::chrono::milliseconds(spread_ms(random_)));
      --count;
    }
    if (group.sessions.empty()) group.timer.cancel();
  }
}

}  // namespace tapedeck
