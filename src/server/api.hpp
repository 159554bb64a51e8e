// The REST API (contract §2) as a table of routes over a bus.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "query/idempotency_keys.hpp"
#include "query/tape.hpp"
#include "server/engine_board.hpp"
#include "server/limits.hpp"
#include "server/metrics.hpp"
#include "server/options.hpp"
#include "server/router.hpp"
#include "server/store_hooks.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

class AuthGate;
namespace alert {
class AlertService;
}

struct ApiContext {
  TelemetryBus& bus;
  const ServerOptions& options;
  std::function<ServerTotals()> totals;
  std::function<std::vector<RouteLatency>()> latencies;  // of requests, by route
  EngineBoard& engines;
  const std::atomic<bool>& draining;  // balancers are to look elsewhere
  const std::atomic<bool>& shutting_down;
  Tape tape;
  StoreHooks store;
  IdempotencyKeys& idempotency;
  AuthGate* auth;  ///< null: nobody is asked who he is
  Limits& limits;
  alert::AlertService* alerts = nullptr;  ///< null: there are none
  /// Set while a rule is being tried.
  std::shared_ptr<std::atomic_flag> rule_on_trial = std::make_shared<std::atomic_flag>();
};

/// Handlers run on worker threads. `context` must outlive the routes.
std::vector<Route> api_routes(const ApiContext& context);

}  // namespace tapedeck
