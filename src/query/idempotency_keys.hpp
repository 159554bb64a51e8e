// IdempotencyKeys: remembers which batches have been accepted under which Idempotency-Key, so that
// a client that never saw our answer may send the batch again without publishing it twice.
//
// Thread contract: every member from any thread. Looking a key up and accepting its batch are one
// step under one lock, so of two retries at the same moment one is accepted and the other is told
// so. Cost: some 200 bytes a key, kept for a day and within a limit; the oldest go first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "bus/collector.hpp"

namespace tapedeck {

class IdempotencyKeys {
 public:
  static constexpr std::int64_t kKeptNs = std::int64_t{24} * 3600 * 1'000'000'000;
  static constexpr std::size_t kMaxKeyBytes = 128;

  /// What became of a batch.
  struct Accepted {
    SeqRange range;
    std::string epoch;
    std::uint64_t body_hash = 0;  ///< see hash_body()
  };
  struct Record {
    std::string key;
    Accepted accepted;
    std::int64_t at_ns = 0;  ///< when it was accepted, UTC
  };
  struct Outcome {
    Accepted accepted;
    bool replayed = false;  ///< it had been accepted before
  };
  using Clock = std::function<std::int64_t()>;

  /// @param max_keys at least 1.
  /// @param clock UTC nanoseconds; none: the system's.
  explicit IdempotencyKeys(std::size_t max_keys = 100'000, Clock clock = {});

  /// What `append` answers for a new key, remembered unless it is an error; for a known key what
  /// was answered then. Error codes: idempotency_key_reused (the body is another), and append's.
  Result<Outcome> accept_once(std::string_view key, std::uint64_t body_hash,
                              const std::function<Result<Accepted>()>& append);

  /// Those accepted since the last call, oldest first: for a store that keeps them over a restart.
  /// What is not fetched is bounded as the keys are.
  std::vector<Record> take_new();
  /// Puts back what a former run kept; oldest first. One that has expired is ignored.
  void restore(Record record);
  std::size_t size() const;

  /// The key of a batch as it is kept: callers cannot replay each other's. Of the empty owner it is
  /// the caller's own, as earlier versions kept it.
  static std::string owned_by(std::string_view owner, std::string_view key);
  /// Why this can be no key; nothing: it is 1 to kMaxKeyBytes visible ASCII characters.
  static std::optional<Error> refuse_key(std::string_view key);
  /// The same for the same bytes, in every run.
  static std::uint64_t hash_body(std::string_view body) noexcept;

 private:
  struct Entry {
    Accepted accepted;
    std::int64_t at_ns = 0;
  };
  void remember(Record record);
  void forget_old(std::int64_t now_ns);

  const std::size_t max_keys_;
  const Clock clock_;
  mutable std::mutex mutex_;  // guards what follows, and the order of appends
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> by_age_;  // the keys of entries_, oldest first
  std::deque<Record> new_;
};

}  // namespace tapedeck
