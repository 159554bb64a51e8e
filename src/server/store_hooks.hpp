// StoreHooks: what a store offers the server beside being read. Every member is optional; without
// them the server is one that keeps events in memory only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "query/aggregate_query.hpp"
#include "query/trade_source.hpp"
#include "store/store.hpp"

namespace tapedeck {

class IdempotencyKeys;

struct StoreHooks {
  /// Calls `done` once everything up to `seq` is on disk, or with why it will not be: from any
  /// thread, at once or later, if only after the server has gone. Any thread may call; it must not
  /// block. @return false when the store takes no such wishes any more: `done` is not called.
  std::function<bool(std::uint64_t seq, std::function<void(std::optional<Error>)> done)>
      when_durable{};
  /// Keys that outlive this run; nullptr: the server has some of its own. Must outlive the server.
  IdempotencyKeys* idempotency = nullptr;
  /// Waits, for a second at most, until what has been published counts in what follows.
  std::function<void()> settle{};
  const RollupSource* rollups = nullptr;
  const TradeSource* trades = nullptr;
  /// The payload fields that rollups sum.
  std::vector<std::string> value_fields = default_value_fields();
  std::function<store::StoreStats()> stats{};
};

/// All that a store has. It must outlive the server.
StoreHooks hooks_of(store::Store& history);

}  // namespace tapedeck
