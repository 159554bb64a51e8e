#include "server/io_worker.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <vector>

#include "server/http_session.hpp"

namespace tapedeck {

using namespace std::chrono_literals;

IoWorker::IoWorker(const Tape& tape, const ServerOptions& given, const AccessRules& access_rules,
                   const Router& routes, ReadPool& readers, const ServerHooks& given_hooks,
                   const TrustedProxies& trusted)
    : work(context.get_executor()),
      timer(context),
      options(given),
      access(access_rules),
      router(routes),
      pool(readers),
      hooks(given_hooks),
      proxies(trusted),
      mailbox(std::make_shared<Mailbox>(context)),
      hub(context, tape, given, metrics, readers, mailbox),
      decoder(given.decoder) {}

void IoWorker::start() {
  tick_later();
  thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "td-io");
    context.run();
  });
}

void IoWorker::accept(Connection connection) {
  HttpSession::start(*this, std::move(connection));
}

void IoWorker::tick_later() {
  timer.expires_after(1s);
  timer.async_wait([this](boost::system::error_code error) {
    if (!error && !stopping) tick();
  });
}

void IoWorker::tick() {
  beats.fetch_add(1, std::memory_order_relaxed);
  const auto now = std::chrono::steady_clock::now();
  hub.tick(now);
  ws.tick(now);
  for (HttpSession* session : sessions) session->enforce_deadline(now);
  tick_later();
}

void IoWorker::begin_shutdown() {
  boost::asio::post(context, [this] {
    stopping = true;
    timer.cancel();
    hub.shut_down_all();
    ws.shut_down_all();
    for (HttpSession* session : sessions) session->finish();
    end_when_drained(std::chrono::steady_clock::now() + options.drain_timeout);
  });
}

void IoWorker::end_when_drained(std::chrono::steady_clock::time_point deadline) {
  if ((sessions.empty() && ws.empty()) || std::chrono::steady_clock::now() > deadline) {
    for (HttpSession* session : sessions) session->abort();
    ws.abort_all();
    work.reset();
    return;
  }
  timer.expires_after(5ms);
  timer.async_wait([this, deadline](boost::system::error_code) { end_when_drained(deadline); });
}

void IoWorker::join() {
  if (thread.joinable()) thread.join();
  mailbox->close();
}

}  // namespace tapedeck
