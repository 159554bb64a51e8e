// IoWorker: one thread of the server with everything it needs of its own, so that workers share
// nothing but the log: an event loop, its HTTP sessions and streams, a decoder, counters, one
// timer.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
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
#include "server/request_log.hpp"
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
           const TrustedProxies& trusted, Limits& given_limits, MemoryBudget& budget);

  void start();
  /// Ends streams with a goodbye each, one after the other, lets answers under way finish, then
  /// stops, at the latest after drain_timeout. From any thread.
  void begin_shutdown();
  /// A shutdown under way takes no more time. From any thread.
  void hurry();
  void join();

  /// On the worker's thread, after each answer: its duration is counted and, if wanted, logged.
  /// @param body_bytes before compression and chunking
  void log_request(const HttpRequest& request, int status, std::size_t body_bytes,
                   std::chrono::nanoseconds duration);

  /// What may be changed while it runs, from now on. From any thread.
  void apply(const ServerOptions& changed);

  /// On the worker's thread: takes over a connection.
  void accept(Connection connection);

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  boost::asio::steady_timer timer;
  ServerOptions options;  // its own, so that they can be changed on its thread
  AccessRules access;
  const Router& router;
  ReadPool& pool;
  const ServerHooks& hooks;
  const TrustedProxies& proxies;
  Limits& limits;
  MemoryBudget& memory;  // of requests
  const std::shared_ptr<Mailbox> mailbox;
  WorkerMetrics metrics;
  StreamHub hub;
  WsHub ws{*this};
  EventDecoder decoder;
  RequestIds request_ids;
  std::unordered_set<HttpSession*> sessions;
  std::function<void()> on_tick;  // once a second
  bool stopping = false;
  std::atomic<std::uint64_t> beats{0};  ///< grows every second as long as the loop turns
  std::thread thread;

 private:
  void tick_later();
  void tick();
  void drain();

  boost::asio::steady_timer drain_timer_;
  std::chrono::steady_clock::time_point drain_begin_;
  std::chrono::steady_clock::time_point drain_end_;
  std::chrono::steady_clock::duration drain_spread_{};
  bool ended_ = false;
  std::size_t drain_streams_ = 0;  // there were when the drain began
};

}  // namespace tapedeck
