#include "server/io_worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <vector>

#include "server/http_session.hpp"

namespace tapedeck {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kDrainStep = 5ms;
/// Goodbyes come this far apart, unless there are too many for drain_timeout.
constexpr auto kGoodbyePause = 5ms;

}  // namespace

IoWorker::IoWorker(const Tape& tape, const ServerOptions& given, const AccessRules& access_rules,
                   const Router& routes, ReadPool& readers, const ServerHooks& given_hooks,
                   const TrustedProxies& trusted, Limits& given_limits, MemoryBudget& budget)
    : work(context.get_executor()),
      timer(context),
      options(given),
      access(access_rules),
      router(routes),
      pool(readers),
      hooks(given_hooks),
      proxies(trusted),
      limits(given_limits),
      memory(budget),
      mailbox(std::make_shared<Mailbox>(context)),
      hub(context, tape, options, metrics, readers, mailbox, given_hooks),
      decoder(given.decoder),
      drain_timer_(context) {
  metrics.requests = std::make_unique<LatencyHistogram[]>(routes.routes().size() + 1);
}

void IoWorker::start() {
  tick_later();
  thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "td-io");
    context.run();
  });
}

void IoWorker::accept(Connection connection) {
  if (connection.secure()) metrics.secure.add();
  HttpSession::start(*this, std::move(connection));
}

void IoWorker::tick_later() {
  timer.expires_after(1s);
  timer.async_wait([this](boost::system::error_code error) {
    if (!error && !ended_) tick();
  });
}

void IoWorker::tick() {
  beats.fetch_add(1, std::memory_order_relaxed);
  const auto now = std::chrono::steady_clock::now();
  hub.tick(now);
  ws.tick(now);
  for (HttpSession* session : sessions) session->enforce_deadline(now);
  if (on_tick) on_tick();
  tick_later();
}

void IoWorker::log_request(const HttpRequest& request, int status, std::size_t body_bytes,
                           std::chrono::nanoseconds duration) {
  metrics.requests[router.place_of(request.route)].observe(duration.count());
  tapedeck::log_request({.method = request.method,
                         .route = request.route != nullptr ? request.route->path : "",
                         .status = status,
                         .bytes = body_bytes,
                         .duration = duration,
                         .request_id = request.request_id,
                         .grant = request.grant->id,
                         .address = request.remote_address},
                        options.access_log);
}

void IoWorker::apply(const ServerOptions& changed) {
  mailbox->post([this, changed] {
    options.allowed_hosts = changed.allowed_hosts;
    options.allowed_origins = changed.allowed_origins;
    options.max_connections = changed.max_connections;
    options.header_bytes = changed.header_bytes;
    options.body_bytes = changed.body_bytes;
    options.header_timeout = changed.header_timeout;
    options.body_timeout = changed.body_timeout;
    options.idle_timeout = changed.idle_timeout;
    options.heartbeat = changed.heartbeat;
    options.coalesce = changed.coalesce;
    options.stalled_stream_timeout = changed.stalled_stream_timeout;
    options.drain_timeout = changed.drain_timeout;
    options.drain_delay = changed.drain_delay;
    options.access_log = changed.access_log;
    access = AccessRules(options);
  });
}

void IoWorker::begin_shutdown() {
  boost::asio::post(context, [this] {
    stopping = true;
    for (HttpSession* session : sessions) session->finish();
    ws.shut_down_all();
    drain_begin_ = Clock::now();
    drain_end_ = drain_begin_ + options.drain_timeout;
    drain_streams_ = hub.size();
    // The last fifth is for those who have not taken what came before the goodbye.
    drain_spread_ = std::min<Clock::duration>(options.drain_timeout * 4 / 5,
                                              kGoodbyePause * static_cast<int>(drain_streams_));
    drain();
  });
}

void IoWorker::hurry() {
  mailbox->post([this] {
    if (!stopping) return;
    drain_end_ = Clock::now();
    drain();
  });
}

/// Closes as many streams as are due, and all there is at the end.
void IoWorker::drain() {
  const auto now = Clock::now();
  const bool is_over = now >= drain_end_;
  const auto passed = std::chrono::duration<double>(now - drain_begin_ + kDrainStep);
  const double share =
      drain_spread_ > passed ? passed / std::chrono::duration<double>(drain_spread_) : 1.0;
  const auto to_be_gone = static_cast<std::size_t>(share * static_cast<double>(drain_streams_));
  if (is_over) {
    hub.shut_down(hub.size(), StreamHub::Blocked::closed);
    ws.abort_all();
    for (HttpSession* session : sessions) session->abort();
  } else {
    const std::size_t gone = drain_streams_ - std::min(drain_streams_, hub.size());
    const std::size_t due = share >= 1.0 ? hub.size() : to_be_gone - std::min(gone, to_be_gone);
    hub.shut_down(due, StreamHub::Blocked::left);
  }
  if (is_over || (sessions.empty() && hub.size() == 0 && ws.empty())) {
    ended_ = true;  // also for what is queued already
    timer.cancel();
    drain_timer_.cancel();
    work.reset();
    return;
  }
  drain_timer_.expires_after(kDrainStep);
  drain_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) drain();
  });
}

void IoWorker::join() {
  if (thread.joinable()) thread.join();
  mailbox->close();
}

}  // namespace tapedeck
