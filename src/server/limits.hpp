// Limits: how much one address and one grant may take of the server: open connections, requests
// and published events and bytes a second. And MemoryBudget: how much memory the requests of all
// may take together.
//
// Thread contract: every member from any thread. Cost: two look-ups under a short lock for each
// request or batch; nothing where no limit applies, as for a trader's own machine. Memory is
// bounded: kMaxEntries callers are known at a time, some 250 bytes each.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/grant.hpp"
#include "base/error.hpp"
#include "server/http_message.hpp"
#include "server/options.hpp"

namespace tapedeck {

/// Why something is refused that would be allowed later.
struct Refusal {
  Error error;
  std::chrono::milliseconds retry_after{0};
};
/// The answer, with Retry-After in whole seconds, rounded up and at least one.
HttpResponse refusal_response(const Refusal& refusal);

/// A rate with a burst of kBurstSeconds' worth. It counts what is owed: each take adds to it, time
/// takes away. What is larger than the burst is allowed when nothing is owed, and leaves a debt, so
/// that it is never refused for ever.
class RateBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr double kBurstSeconds = 2;

  /// How long to wait until `amount` may be taken; 0: it may now.
  std::chrono::milliseconds wait_for(double amount, double per_second, Time now) const noexcept;
  void take(double amount, double per_second, Time now) noexcept;
  bool is_idle(Time now) const noexcept { return owed_at(now) <= 0; }

 private:
  double owed_at(Time now) const noexcept;

  double owed_ = 0;
  double per_second_ = 0;  // at which the debt shrinks
  Time at_{};
};

/// One for each caller of a kind, by name. A caller who holds nothing and owes nothing is forgotten
/// when room is needed. Where there is none, new callers share one entry, with the limits of one:
/// so neither does a busy one lose what he owes, nor does a flood of new ones get past the limits.
class CallerTable {
 public:
  using Time = RateBucket::Time;
  struct Entry {
    std::string name;
    std::size_t connections = 0;
    RateBucket requests, events, bytes;
    bool is_idle(Time now) const noexcept {
      return connections == 0 && requests.is_idle(now) && events.is_idle(now) && bytes.is_idle(now);
    }
  };

  explicit CallerTable(std::size_t most);
  /// Under mutex(). The entry stays where it is while it is not idle.
  Entry& of(std::string_view name, Time now);
  std::size_t size() const noexcept { return entries_.size(); }
  std::mutex& mutex() noexcept { return mutex_; }

 private:
  using Entries = std::list<Entry>;
  /// With a number nobody outside knows: names that collide cannot be made up.
  struct Hash {
    std::uint64_t secret;
    std::size_t operator()(std::string_view name) const noexcept;
  };
  bool make_room(Time now);

  const std::size_t most_;
  std::mutex mutex_;  // guards what follows
  Entries entries_;   // least recently asked for first
  Entry shared_;
  std::unordered_map<std::string_view, Entries::iterator, Hash> places_;
};

class Limits {
 public:
  using Time = RateBucket::Time;
  static constexpr std::size_t kMaxEntries = std::size_t{1} << 16;

  /// An open connection, as long as it lives. Must not outlive the Limits.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept { *this = std::move(other); }
    Slot& operator=(Slot&& other) noexcept;
    ~Slot() { release(); }
    void release() noexcept;

   private:
    friend class Limits;
    CallerTable* table_ = nullptr;
    CallerTable::Entry* entry_ = nullptr;
  };

  /// @param max_entries of each kind of caller
  explicit Limits(const ServerOptions& options, std::size_t max_entries = kMaxEntries);

  /// A connection from an address, as a number without the port; IPv6 counts by /64.
  /// Error code: too_many_connections.
  std::optional<Refusal> on_connect(std::string_view address, Time now, Slot& held);
  /// A connection whose first request brought this grant; for streams and WebSockets as for others.
  /// Error code: too_many_connections.
  std::optional<Refusal> on_grant(const auth::Grant& grant, Time now, Slot& held);
  /// A request, before it is answered. Error code: rate_limited.
  std::optional<Refusal> check_request(std::string_view address, const auth::Grant& grant,
                                       Time now);
  /// A decoded batch, before it is published. Nothing is taken when it is refused.
  /// Error code: rate_limited.
  std::optional<Refusal> check_publish(const auth::Grant& grant, std::size_t events,
                                       std::size_t bytes, Time now);

  std::size_t known_addresses();

  /// Takes over other limits, each in force from the next look on; what callers owe stays.
  void apply(const ServerOptions& options) noexcept;

 private:
  /// A limit that may change while others look.
  class Setting {
   public:
    template <typename T>
    void set(const std::optional<T>& value) noexcept {
      value_.store(value ? static_cast<double>(*value) : kNotSet, std::memory_order_relaxed);
    }
    std::optional<double> get() const noexcept {
      const double value = value_.load(std::memory_order_relaxed);
      return value == kNotSet ? std::nullopt : std::optional(value);
    }

   private:
    static constexpr double kNotSet = -1;
    std::atomic<double> value_{kNotSet};
  };

  std::optional<Refusal> hold(CallerTable& table, std::string_view name, std::size_t most, Time now,
                              Slot& held);

  Setting connections_per_address_;
  Setting requests_per_second_per_address_;
  Setting requests_per_second_;
  Setting publish_events_per_second_;
  Setting publish_bytes_per_second_;
  CallerTable addresses_;
  CallerTable grants_;
};

/// Bytes that the bodies of requests and the answers not yet sent take together.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t most) : most_(most) {}

  /// One connection's part; lives on its thread, must not outlive the budget.
  class Share {
   public:
    explicit Share(MemoryBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { budget_.taken_.fetch_sub(bytes_, std::memory_order_relaxed); }

    /// Takes so many bytes in all, instead of those it had; fewer always succeeds.
    /// @return false: there is no room, it keeps those it had; answer MemoryBudget::busy().
    bool resize(std::size_t bytes) noexcept;
    std::size_t bytes() const noexcept { return bytes_; }

   private:
    MemoryBudget& budget_;
    std::size_t bytes_ = 0;
  };

  std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }
  /// Error code: busy.
  Refusal busy() const;

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace tapedeck
