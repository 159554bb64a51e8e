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
  now_ = StreamMember::Clock::now();
  for (auto& [delay, group] : groups_) {
    if (group.members.empty()) continue;
    if (group.sample.seq == 0) group.sample = log().last_mark();
    if (group.waiting) continue;
    // A round over many members costs milliseconds, a write costs much the same with one event or
    // ten: when rounds would follow on each other's heels, pause as long as the last one took.
    const auto rest = group.round_time < kCheapRound ? StreamMember::Clock::duration::zero()
                                                     : group.round_end + group.round_time - now_;
    const auto wait = std::max<StreamMember::Clock::duration>(delay, rest);
    if (wait <= StreamMember::Clock::duration::zero()) {
      flush_group(group);
    } else {
      flush_after(group, wait);
    }
  }
}

void StreamHub::flush_after(Group& group, StreamMember::Clock::duration delay) {
  group.waiting = true;
  group.timer.expires_after(delay);
  group.timer.async_wait([this, &group](boost::system::error_code error) {
    group.waiting = false;
    if (error) return;
    now_ = StreamMember::Clock::now();
    flush_group(group);
  });
}

/// Tells how long the marked event took to this member, if this is when it gets there.
StreamMember::Progress StreamHub::flush_sampled(StreamMember& member,
                                                const EventLog::Mark& sample) {
  const bool is_ahead = member.next_seq() <= sample.seq;
  const std::uint64_t delivered = metrics_.deliveries_total.get();
  const auto progress = member.flush();
  if (is_ahead && member.next_seq() > sample.seq && metrics_.deliveries_total.get() > delivered) {
    metrics_.delivery.observe(utc_now_ns() - sample.published_ns);
  }
  return progress;
}

void StreamHub::flush_group(Group& group) {
  const EventLog::Mark sample = std::exchange(group.sample, {});
  group.sampled_member =
      group.sampled_member + 1 < group.members.size() ? group.sampled_member + 1 : 0;
  ++round_;
  // Backwards, because one that turns out closed swaps the last one into its place.
  for (std::size_t i = group.members.size(); i-- > 0;) {
    if (i >= group.members.size()) continue;
    StreamMember& member = *group.members[i];
    const auto progress = sample.seq > 0 && i == group.sampled_member
                              ? flush_sampled(member, sample)
                              : member.flush();
    if (progress == StreamMember::Progress::more) flush_later(member);
  }
  group.round_end = StreamMember::Clock::now();
  group.round_time = group.round_end - now_;
}

void StreamHub::flush(StreamMember& member) {
  now_ = StreamMember::Clock::now();
  if (member.flush() == StreamMember::Progress::more) flush_later(member);
}

void StreamHub::flush_later(const StreamMember& member) {
  boost::asio::post(context_, [this, held = groups_.at(member.coalesce()).members[member.place_]] {
    if (!held->closed()) flush(*held);
  });
}

void StreamHub::add(Connection connection, const StreamRequest& request, std::string head) {
  now_ = StreamMember::Clock::now();
  const auto session =
      std::make_shared<StreamSession>(*this, std::move(connection), request, std::move(head));
  join(session);
  if (!session->closed()) session->watch();
}

void StreamHub::join(std::shared_ptr<StreamMember> member) {
  Group& group = groups_.try_emplace(member->coalesce(), context_).first->second;
  member->place_ = group.members.size();
  group.members.push_back(member);
  metrics_.streams.add();
  metrics_.streams_total.add();
  count_.fetch_add(1, std::memory_order_acq_rel);
  // Counted before the look at the log, so no event can fall between the two.
  flush(*member);
}

void StreamHub::leave(StreamMember& member) {
  Group& group = groups_.at(member.coalesce());
  const std::size_t place = member.place_;
  std::swap(group.members[place], group.members.back());
  group.members[place]->place_ = place;
  const auto keep_alive = std::move(group.members.back());  // its caller is still in it
  group.members.pop_back();
  metrics_.streams.subtract();
  count_.fetch_sub(1, std::memory_order_acq_rel);
  boost::asio::post(context_, [keep_alive] {});
}

void StreamHub::tick(StreamMember::Clock::time_point now) {
  now_ = now;
  const std::uint64_t end = log().last_seq() + 1;
  std::uint64_t lag = 0, largest = 0;
  stream_groups_.tick(now, tape_);
  for (auto& [delay, group] : groups_) {
    for (std::size_t i = group.members.size(); i-- > 0;) {
      if (i >= group.members.size()) continue;
      StreamMember& member = *group.members[i];
      if (!member.plays_back()) {
        const std::uint64_t behind = end - std::min(end, member.next_seq());
        lag += behind;
        largest = std::max(largest, behind);
      }
      member.tick(now);
    }
  }
  metrics_.stream_lag_events.set(lag);
  metrics_.stream_lag_max_events.set(largest);
}

void StreamHub::shut_down(std::size_t count, Blocked blocked) {
  std::uniform_int_distribution<int> spread_ms(1000, 5000);
  ++round_;  // what has come since the last one goes out too
  for (auto& [delay, group] : groups_) {
    for (std::size_t i = group.members.size(); i-- > 0 && count > 0;) {
      if (i >= group.members.size()) continue;
      const auto member = group.members[i];
      if (member->blocked() && blocked == Blocked::left) continue;
      member->shut_down(std::chrono::milliseconds(spread_ms(random_)));
      --count;
    }
    if (group.members.empty()) group.timer.cancel();
  }
}

}  // namespace tapedeck
