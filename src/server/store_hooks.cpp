#include "server/store_hooks.hpp"

#include <utility>

namespace tapedeck {

StoreHooks hooks_of(store::Store& history) {
  StoreHooks hooks;
  hooks.when_durable = [&history](std::uint64_t seq,
                                  std::function<void(std::optional<Error>)> done) {
    history.when_durable(seq, std::move(done));
    return true;
  };
  hooks.idempotency = &history.idempotency_keys();
  hooks.settle = [&history] { history.settle(); };
  hooks.rollups = &history;
  hooks.trades = &history;
  hooks.value_fields = history.value_fields();
  hooks.stats = [&history] { return history.stats(); };
  return hooks;
}

}  // namespace tapedeck
