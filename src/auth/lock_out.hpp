// LockOut: makes whoever presents wrong credentials wait, longer each time. Keeps a bounded table
// of who failed: addresses (IPv6 by /64, the least that one customer gets) and ids of keys. Any
// thread: one mutex, held for a lookup. Time is passed in.
//
// The table cannot be flooded. Those who wait are forgotten only after kForget without a failure,
// whatever else comes in; those who failed a few times make room for newer ones; and when everybody
// in a full table waits, all newcomers share one entry.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tapedeck::auth {

struct LockOutRules {
  unsigned tries = 10;  ///< failures within the window that begin the first wait
  std::chrono::seconds window{60};
  std::chrono::seconds first_wait{1};  ///< doubled by every failure after it
  std::chrono::seconds longest_wait{300};
  std::size_t max_entries = 16'384;  ///< some 300 bytes each
};

class LockOut {
 public:
  /// Since the last failure; then the first wait is short again.
  static constexpr std::chrono::minutes kForget{15};

  /// @throws std::invalid_argument for rules that make no sense
  explicit LockOut(const LockOutRules& rules);

  /// @param who from address_group(), or another name
  /// @return nanoseconds still to be waited; 0: none
  std::int64_t wait_ns(std::string_view who, std::int64_t now_ns) const;

  /// Counts a failure of someone who does not have to wait.
  /// @return nanoseconds he has to wait from now on; 0: none yet
  std::int64_t failed(std::string_view who, std::int64_t now_ns);

  std::size_t entries() const;

 private:
  struct Entry {
    std::vector<std::int64_t> recent;  ///< failures within the window, until the first wait
    unsigned waits = 0;                ///< begun since it was clean
    std::int64_t until_ns = 0;
    std::int64_t last_failure_ns = 0;
    std::list<const std::string*>::iterator place;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  Entry& entry_of(std::string_view who, std::int64_t now_ns);
  bool make_room(std::int64_t now_ns);
  std::int64_t wait_of(const Entry& entry, std::int64_t now_ns) const;
  std::int64_t count(Entry& entry, std::int64_t now_ns) const;

  const LockOutRules rules_;
  mutable std::mutex mutex_;  // guards what follows
  Entries entries_;
  std::list<const std::string*> trying_, waiting_;  ///< by last failure, oldest first
  Entry newcomers_;                                 ///< all for whom a full table had no room
};

/// The name of the network an address is in, for tables: an IPv4 address itself (mapped into IPv6
/// or not), of IPv6 the first 64 bits. A text that is no address is its own name.
std::string address_group(std::string_view address);

}  // namespace tapedeck::auth
