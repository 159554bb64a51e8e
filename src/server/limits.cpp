#include "server/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/random.hpp"

namespace tapedeck {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kRetryConnecting{5000};  // connections end when they end
constexpr milliseconds kRetryBusy{1000};
/// Sums of seconds and rates are not exact; this much of an event or byte does not matter.
constexpr double kTolerance = 1e-6;
/// How many of the oldest callers are looked at to make room for a new one.
constexpr int kLooksForRoom = 8;

struct Caller {
  std::string name;
  bool loopback = false;
};

/// An IPv4 address is a caller, of IPv6 the network: a host has 2^64 addresses to call from.
Caller caller_at(std::string_view text) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(std::string(text), error);
  if (error) return {std::string(text), false};
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  }
  const auto named = [&](const auto& bytes, std::size_t count) {
    return Caller{std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)),
                  address.is_loopback()};
  };
  if (address.is_v4()) return named(address.to_v4().to_bytes(), 4);
  return named(address.to_v6().to_bytes(), 8);
}

/// What limits a rate: what is set, else the default where that counts; 0 is no limit.
std::optional<double> rate_of(const std::optional<double>& set, double usual, bool protects) {
  const double rate = set.value_or(protects ? usual : 0);
  return rate > 0 ? std::optional(rate) : std::nullopt;
}

std::uint64_t random_number() {
  const std::string digits = random_hex(16);
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

bool is_everybody(const auth::Grant& grant) {
  return &grant == auth::everybody().get();
}

Refusal too_fast(std::string_view what, std::string_view whose, double per_second,
                 milliseconds wait) {
  return {{"rate_limited",
           fmt::format("More than {} {} a second {}; wait {} ms.", per_second, what, whose,
                       wait.count()),
           ""},
          wait};
}

}  // namespace

HttpResponse refusal_response(const Refusal& refusal) {
  HttpResponse response = error_response(refusal.error);
  const auto seconds = std::max<std::int64_t>(1, (refusal.retry_after.count() + 999) / 1000);
  response.headers = fmt::format("Retry-After: {}\r\n", seconds);
  return response;
}

// --- a rate ---

double RateBucket::owed_at(Time now) const noexcept {
  const double seconds = std::chrono::duration<double>(now - at_).count();
  const double owed = owed_ - std::max(0.0, seconds) * per_second_;
  return owed > kTolerance ? owed : 0;
}

milliseconds RateBucket::wait_for(double amount, double per_second, Time now) const noexcept {
  const double burst = per_second * kBurstSeconds;
  const double over = owed_at(now) + std::min(amount, burst) - burst;
  if (over <= kTolerance) return milliseconds(0);
  constexpr double kLongest = 24.0 * 3600 * 1000;  // of a rate far below one a day
  const double wait = std::min(over / per_second * 1000, kLongest);
  return milliseconds(std::max<std::int64_t>(1, std::llround(std::ceil(wait - kTolerance))));
}

void RateBucket::take(double amount, double per_second, Time now) noexcept {
  owed_ = owed_at(now) + amount;
  per_second_ = per_second;
  at_ = std::max(at_, now);
}

// --- callers ---

CallerTable::CallerTable(std::size_t most)
    : most_(std::max<std::size_t>(1, most)), places_(0, Hash{random_number()}) {}

std::size_t CallerTable::Hash::operator()(std::string_view name) const noexcept {
  std::uint64_t hash = (std::hash<std::string_view>{}(name) ^ secret) * 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>(hash ^ hash >> 32U);
}

CallerTable::Entry& CallerTable::of(std::string_view name, Time now) {
  if (const auto known = places_.find(name); known != places_.end()) {
    entries_.splice(entries_.end(), entries_, known->second);
    return *known->second;
  }
  if (entries_.size() == most_ && !make_room(now)) return shared_;
  entries_.push_back({.name = std::string(name), .requests = {}, .events = {}, .bytes = {}});
  const auto added = std::prev(entries_.end());
  places_.emplace(added->name, added);
  return *added;
}

/// Looks at a few only: who floods must not make each of his requests cost more than another's.
bool CallerTable::make_room(Time now) {
  for (int i = 0; i < kLooksForRoom; ++i) {
    if (entries_.front().is_idle(now)) {
      places_.erase(entries_.front().name);
      entries_.pop_front();
      return true;
    }
    entries_.splice(entries_.end(), entries_, entries_.begin());
  }
  return false;
}

// --- limits ---

Limits::Slot& Limits::Slot::operator=(Slot&& other) noexcept {
  if (this == &other) return *this;
  release();
  table_ = std::exchange(other.table_, nullptr);
  entry_ = std::exchange(other.entry_, nullptr);
  return *this;
}

void Limits::Slot::release() noexcept {
  if (table_ == nullptr) return;
  const std::lock_guard lock(table_->mutex());
  --entry_->connections;
  table_ = nullptr;
}

Limits::Limits(const ServerOptions& options, std::size_t max_entries)
    : addresses_(max_entries), grants_(max_entries) {
  apply(options);
}

void Limits::apply(const ServerOptions& options) noexcept {
  connections_per_address_.set(options.max_connections_per_address);
  requests_per_second_per_address_.set(options.requests_per_second_per_address);
  requests_per_second_.set(options.requests_per_second);
  publish_events_per_second_.set(options.publish_events_per_second);
  publish_bytes_per_second_.set(options.publish_bytes_per_second);
}

std::optional<Refusal> Limits::hold(CallerTable& table, std::string_view name, std::size_t most,
                                    Time now, Slot& held) {
  const std::lock_guard lock(table.mutex());
  CallerTable::Entry& entry = table.of(name, now);
  if (entry.connections >= most) {
    return Refusal{{"too_many_connections",
                    fmt::format("{} connections are open already, which is the limit for one "
                                "address or key; close some.",
                                most),
                    ""},
                   kRetryConnecting};
  }
  ++entry.connections;
  held.table_ = &table;
  held.entry_ = &entry;
  return std::nullopt;
}

std::optional<Refusal> Limits::on_connect(std::string_view address, Time now, Slot& held) {
  held.release();
  const Caller caller = caller_at(address);
  const std::size_t usual = caller.loopback ? 0 : ServerOptions::kConnectionsPerAddress;
  const auto most =
      static_cast<std::size_t>(connections_per_address_.get().value_or(static_cast<double>(usual)));
  if (most == 0) return std::nullopt;
  return hold(addresses_, caller.name, most, now, held);
}

std::optional<Refusal> Limits::on_grant(const auth::Grant& grant, Time now, Slot& held) {
  held.release();
  if (!grant.quota.connections || *grant.quota.connections == 0) return std::nullopt;
  return hold(grants_, grant.id, *grant.quota.connections, now, held);
}

std::optional<Refusal> Limits::check_request(std::string_view address, const auth::Grant& grant,
                                             Time now) {
  const bool known = !is_everybody(grant);
  const auto by_grant = rate_of(grant.quota.requests_per_second ? grant.quota.requests_per_second
                                                                : requests_per_second_.get(),
                                ServerOptions::kRequestsPerSecond, known);
  const auto of_address = requests_per_second_per_address_.get();
  const bool may_count = known || of_address.has_value();
  const Caller caller = may_count ? caller_at(address) : Caller{};
  const auto by_address =
      rate_of(of_address, ServerOptions::kRequestsPerSecondPerAddress, known && !caller.loopback);
  if (by_address) {
    const std::lock_guard lock(addresses_.mutex());
    RateBucket& requests = addresses_.of(caller.name, now).requests;
    const milliseconds wait = requests.wait_for(1, *by_address, now);
    if (wait.count() > 0) return too_fast("requests", "come from this address", *by_address, wait);
    requests.take(1, *by_address, now);
  }
  if (by_grant && !grant.id.empty()) {  // who is nobody has his address only
    const std::lock_guard lock(grants_.mutex());
    RateBucket& requests = grants_.of(grant.id, now).requests;
    const milliseconds wait = requests.wait_for(1, *by_grant, now);
    if (wait.count() > 0) return too_fast("requests", "come with this key", *by_grant, wait);
    requests.take(1, *by_grant, now);
  }
  return std::nullopt;
}

std::optional<Refusal> Limits::check_publish(const auth::Grant& grant, std::size_t events,
                                             std::size_t bytes, Time now) {
  const auto& quota = grant.quota;
  const bool known = !is_everybody(grant);
  const auto event_rate =
      rate_of(quota.publish_events_per_second ? quota.publish_events_per_second
                                              : publish_events_per_second_.get(),
              ServerOptions::kPublishEventsPerSecond, known);
  const auto byte_rate = rate_of(quota.publish_bytes_per_second ? quota.publish_bytes_per_second
                                                                : publish_bytes_per_second_.get(),
                                 ServerOptions::kPublishBytesPerSecond, known);
  if (!event_rate && !byte_rate) return std::nullopt;
  const std::lock_guard lock(grants_.mutex());
  CallerTable::Entry& entry = grants_.of(grant.id, now);
  const auto event_count = static_cast<double>(events), byte_count = static_cast<double>(bytes);
  if (event_rate) {
    const milliseconds wait = entry.events.wait_for(event_count, *event_rate, now);
    if (wait.count() > 0)
      return too_fast("events", "are published with this key", *event_rate, wait);
  }
  if (byte_rate) {
    const milliseconds wait = entry.bytes.wait_for(byte_count, *byte_rate, now);
    if (wait.count() > 0) return too_fast("bytes", "are published with this key", *byte_rate, wait);
    entry.bytes.take(byte_count, *byte_rate, now);
  }
  if (event_rate) entry.events.take(event_count, *event_rate, now);
  return std::nullopt;
}

std::size_t Limits::known_addresses() {
  const std::lock_guard lock(addresses_.mutex());
  return addresses_.size();
}

// --- memory ---

bool MemoryBudget::Share::resize(std::size_t bytes) noexcept {
  if (bytes <= bytes_) {
    budget_.taken_.fetch_sub(bytes_ - bytes, std::memory_order_relaxed);
    bytes_ = bytes;
    return true;
  }
  const std::size_t more = bytes - bytes_;
  std::size_t taken = budget_.taken_.load(std::memory_order_relaxed);
  do {
    if (more > budget_.most_ || taken > budget_.most_ - more) return false;
  } while (!budget_.taken_.compare_exchange_weak(taken, taken + more, std::memory_order_relaxed));
  bytes_ = bytes;
  return true;
}

Refusal MemoryBudget::busy() const {
  return {{"busy",
           fmt::format("The requests under way take {} bytes, which is the limit for all together; "
                       "send it again in a moment.",
                       most_),
           ""},
          kRetryBusy};
}

}  // namespace tapedeck
