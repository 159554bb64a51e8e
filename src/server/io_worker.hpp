// IoWorker: one thread of the server with everything it needs of its own, so that workers share
// nothing but the log: an event loop, its HTTP sessions and streams, a decoder, counters, one
// timer.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <thread>
#include <unordered_set>

#include "event/event_decoder.hpp"
#include "query/tape.hpp"
#include "server/access_rules.hpp"
#include "server/forwarded.hpp"
#include "server/mailbox.hpp"
#include "server/metrics.hpp"
#include "server/read_pool.hpp"
#include "server/router.hpp"
#include "server/server_hooks.hpp"
#include "server/stream_hub.hpp"
#include "server/ws_hub.hpp"

namespace tapedeck {

class HttpSession;

struct IoWorker {
  /// @param readers must be stopped before the worker goes.
  IoWorker(const Tape& tape, const ServerOptions& given, const AccessRules& access_rules,
           const Router& routes, ReadPool& readers, const ServerHooks& given_hooks,
           const TrustedProxies& trusted);

  void start();
  /// Ends streams with a goodbye, lets answers under way finish, then stops. From any thread.
  void begin_shutdown();
  void join();

  /// On the worker's thread: takes over a connection.
  void accept(Connection connection);

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  boost::asio::steady_timer timer;
  const ServerOptions& options;
  const AccessRules& access;
  const Router& router;
  ReadPool& pool;
  const ServerHooks& hooks;
  const TrustedProxies& proxies;
  const std::shared_ptr<Mailbox> mailbox;
  WorkerMetrics metrics;
  StreamHub hub;
  WsHub ws{*this};
  EventDecoder decoder;
  std::unordered_set<HttpSession*> sessions;
  bool stopping = false;
  std::atomic<std::uint64_t> beats{0};  ///< grows every second as long as the loop turns
  std::thread thread;

 private:
  void tick_later();
  void tick();
  void end_when_drained(std::chrono::steady_clock::time_point deadline);
};

}  // namespace tapedeck
