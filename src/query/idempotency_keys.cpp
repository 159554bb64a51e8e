#include "query/idempotency_keys.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tapedeck/time.hpp"

namespace tapedeck {

namespace {
constexpr char kOwnerEnd = '\n';  // in no key: see refuse_key()
}  // namespace

IdempotencyKeys::IdempotencyKeys(std::size_t max_keys, Clock clock)
    : max_keys_(std::max<std::size_t>(1, max_keys)),
      clock_(clock ? std::move(clock) : [] { return to_ns(now()); }) {}

Result<IdempotencyKeys::Outcome> IdempotencyKeys::accept_once(
    std::string_view key, std::uint64_t body_hash,
    const std::function<Result<Accepted>()>& append) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ns = clock_();
  forget_old(now_ns);
  if (const auto known = entries_.find(std::string(key)); known != entries_.end()) {
    if (known->second.accepted.body_hash != body_hash) {
      return Error{"idempotency_key_reused",
                   "Another batch has been accepted under the key " +
                       std::string(key.substr(key.rfind(kOwnerEnd) + 1)) +
                       "; give each batch a key of its own.",
                   "Idempotency-Key"};
    }
    return Outcome{known->second.accepted, true};
  }
  auto accepted = append();
  if (!accepted) return std::move(accepted).error();
  accepted->body_hash = body_hash;
  Record record{std::string(key), *accepted, now_ns};
  new_.push_back(record);
  if (new_.size() > max_keys_) new_.pop_front();
  remember(std::move(record));
  return Outcome{std::move(accepted).value(), false};
}

std::vector<IdempotencyKeys::Record> IdempotencyKeys::take_new() {
  const std::lock_guard lock(mutex_);
  std::vector<Record> out(std::make_move_iterator(new_.begin()),
                          std::make_move_iterator(new_.end()));
  new_.clear();
  return out;
}

void IdempotencyKeys::restore(Record record) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ns = clock_();
  if (record.at_ns + kKeptNs <= now_ns) return;
  remember(std::move(record));
}

std::size_t IdempotencyKeys::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void IdempotencyKeys::remember(Record record) {
  const bool added =
      entries_.try_emplace(record.key, Entry{std::move(record.accepted), record.at_ns}).second;
  if (!added) return;
  by_age_.push_back(std::move(record.key));
  if (by_age_.size() <= max_keys_) return;
  entries_.erase(by_age_.front());
  by_age_.pop_front();
}

void IdempotencyKeys::forget_old(std::int64_t now_ns) {
  while (!by_age_.empty()) {
    const auto oldest = entries_.find(by_age_.front());
    if (oldest->second.at_ns + kKeptNs > now_ns) return;
    entries_.erase(oldest);
    by_age_.pop_front();
  }
}

std::string IdempotencyKeys::owned_by(std::string_view owner, std::string_view key) {
  if (owner.empty()) return std::string(key);
  return std::string(owner) + kOwnerEnd + std::string(key);
}

std::optional<Error> IdempotencyKeys::refuse_key(std::string_view key) {
  const bool visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  if (!key.empty() && key.size() <= kMaxKeyBytes && visible) return std::nullopt;
  return Error{"invalid_parameter",
               "Idempotency-Key must be 1 to " + std::to_string(kMaxKeyBytes) +
                   " visible ASCII characters, a UUID for example.",
               "Idempotency-Key"};
}

// Eight bytes a step: each is multiplied in (an odd constant, so nothing is lost) and the high half
// folded back, as in FNV-1a and its wider kin. Good against accidents, which is all it is for.
std::uint64_t IdempotencyKeys::hash_body(std::string_view body) noexcept {
  constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = 0xCBF29CE484222325U ^ body.size();
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32U;
  };
  for (; body.size() >= 8; body.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, body.data(), 8);
    mix(word);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, body.data(), body.size());
  mix(rest);
  return hash;
}

}  // namespace tapedeck
