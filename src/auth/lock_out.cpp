#include "auth/lock_out.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace tapedeck::auth {
namespace {

std::int64_t ns_of(std::chrono::nanoseconds duration) {
  return duration.count();
}

constexpr std::size_t kMaxTries = 1000;  // moments are remembered for each

}  // namespace

LockOut::LockOut(const LockOutRules& rules) : rules_(rules) {
  if (rules.tries == 0 || rules.tries > kMaxTries) {
    throw std::invalid_argument("The tries before a lock-out must be 1 to 1000");
  }
  if (rules.window.count() < 1 || rules.first_wait.count() < 1 ||
      rules.longest_wait < rules.first_wait || rules.longest_wait > kForget) {
    throw std::invalid_argument(
        "A lock-out's window and first wait must be at least a second, and its longest wait "
        "between "
        "the first wait and 15 minutes");
  }
  if (rules.max_entries == 0) {
    throw std::invalid_argument("The lock-out table must have room for at least one entry");
  }
}

std::int64_t LockOut::wait_of(const Entry& entry, std::int64_t now_ns) const {
  const std::int64_t wait = entry.until_ns - now_ns;
  // Longer than any wait: the clock was set back, and nobody must wait for it to catch up.
  return wait > ns_of(rules_.longest_wait) ? 0 : std::max<std::int64_t>(wait, 0);
}

std::int64_t LockOut::wait_ns(std::string_view who, std::int64_t now_ns) const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return 0;
  const auto found = entries_.find(std::string(who));
  return wait_of(found == entries_.end() ? newcomers_ : found->second, now_ns);
}

std::int64_t LockOut::failed(std::string_view who, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entry_of(who, now_ns);
  const bool was_waiting = entry.waits > 0;
  const std::int64_t wait = count(entry, now_ns);
  if (&entry == &newcomers_) return wait;
  auto& from = was_waiting ? waiting_ : trying_;
  auto& to = entry.waits > 0 ? waiting_ : trying_;
  to.splice(to.end(), from, entry.place);
  return wait;
}

std::int64_t LockOut::count(Entry& entry, std::int64_t now_ns) const {
  const std::int64_t silent_ns = now_ns - entry.last_failure_ns;
  if (silent_ns > ns_of(kForget) || silent_ns < 0) {
    entry.waits = 0;
    entry.recent.clear();
  }
  entry.last_failure_ns = now_ns;
  if (entry.waits == 0) {
    std::erase_if(entry.recent,
                  [&](std::int64_t moment) { return moment <= now_ns - ns_of(rules_.window); });
    entry.recent.push_back(now_ns);
    if (entry.recent.size() < rules_.tries) return 0;
    entry.recent = {};
  }
  constexpr unsigned kMaxDoublings = 20;  // far beyond the longest wait there may be
  const auto wait = std::min<std::chrono::seconds>(
      rules_.first_wait * (1 << std::min(entry.waits, kMaxDoublings)), rules_.longest_wait);
  ++entry.waits;
  entry.until_ns = now_ns + ns_of(wait);
  return ns_of(wait);
}

LockOut::Entry& LockOut::entry_of(std::string_view who, std::int64_t now_ns) {
  const auto found = entries_.find(std::string(who));
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= rules_.max_entries && !make_room(now_ns)) return newcomers_;
  const auto made = entries_.emplace(std::string(who), Entry{}).first;
  made->second.last_failure_ns = now_ns;
  made->second.place = trying_.insert(trying_.end(), &made->first);
  return made->second;
}

bool LockOut::make_room(std::int64_t now_ns) {
  const auto forget = [&](std::list<const std::string*>& list) {
    const std::string name = *list.front();
    list.pop_front();
    entries_.erase(name);
    return true;
  };
  if (!waiting_.empty() &&
      now_ns - entries_.at(*waiting_.front()).last_failure_ns > ns_of(kForget)) {
    return forget(waiting_);
  }
  return !trying_.empty() && forget(trying_);
}

std::size_t LockOut::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::string address_group(std::string_view address) {
  constexpr std::size_t kNetworkBytes = 8;  // /64
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const std::string text(address.substr(0, address.find('%')));  // without the zone
  std::array<char, 4> v4{};
  std::array<char, 16> v6{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return {v4.data(), v4.size()};
  if (::inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return std::string(address);
  if (std::memcmp(v6.data(), kMapped.data(), kMapped.size()) == 0) {
    return {v6.data() + kMapped.size(), v4.size()};
  }
  return {v6.data(), kNetworkBytes};
}

}  // namespace tapedeck::auth
