#include "server/stream_hub.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>

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
    if (group.waiting || group.members.empty()) continue;
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

void StreamHub::flush_group(Group& group) {
  // Backwards, because one that turns out closed swaps the last one into its place.
  for (std::size_t i = group.members.size(); i-- > 0;) {
    if (i >= group.members.size()) continue;
    StreamMember& member = *group.members[i];
    if (member.flush() == StreamMember::Progress::more) flush_later(member);
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
  for (auto& [delay, group] : groups_) {
    for (std::size_t i = group.members.size(); i-- > 0;) {
      if (i < group.members.size()) group.members[i]->tick(now);
    }
  }
}

void StreamHub::shut_down_all() {
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> spread_ms(1000, 5000);
  for (auto& [delay, group] : groups_) {
    while (!group.members.empty()) {
      const auto member = group.members.back();
      member->shut_down(std::chrono::milliseconds(spread_ms(random)));
    }
    group.timer.cancel();
  }
}

}  // namespace tapedeck
