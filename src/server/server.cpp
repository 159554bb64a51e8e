#include "server/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <stdexcept>
#include <system_error>

#include "base/fork_fds.hpp"
#include "bus/access.hpp"
#include "query/idempotency_keys.hpp"
#include "server/api.hpp"
#include "server/io_worker.hpp"
#include "server/tls_context.hpp"

namespace tapedeck {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

struct Server::Impl {
  Impl(TelemetryBus& given_bus, ServerOptions given, const History* history, StoreHooks store)
      : bus(given_bus),
        options(std::move(given)),
        access(options),
        tls(options.tls.enabled() ? std::make_unique<TlsContext>(options.tls) : nullptr),
        api{bus,
            options,
            [this] { return totals(); },
            shutting_down,
            Tape(bus, history),
            store,
            store.idempotency != nullptr ? *store.idempotency : own_keys},
        router(api_routes(api)),
        pool(options.read_threads, options.read_queue) {
    const unsigned count = options.io_threads > 0
                               ? options.io_threads
                               : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) {
      workers.push_back(std::make_unique<IoWorker>(api.tape, options, access, router, pool));
    }
    acceptor = std::make_unique<Acceptor>(workers.front()->context);
    accept_pause = std::make_unique<asio::steady_timer>(workers.front()->context);
  }

  void bind();
  IoWorker& choose_worker();
  void accept_next();
  void on_accept(boost::system::error_code error, TcpSocket socket, IoWorker& worker);
  std::size_t connections() const;
  ServerTotals totals() const;

  TelemetryBus& bus;
  const ServerOptions options;
  const AccessRules access;
  const std::unique_ptr<TlsContext> tls;  // none: plain HTTP
  std::atomic<bool> shutting_down{false};
  IdempotencyKeys own_keys;
  const ApiContext api;
  const Router router;
  ReadPool pool;
  std::vector<std::unique_ptr<IoWorker>> workers;
  std::unique_ptr<Acceptor> acceptor;  // on the first worker's thread
  std::unique_ptr<asio::steady_timer> accept_pause;
  std::size_t listener = 0;
  unsigned short port = 0;
  bool running = false;
};

void Server::Impl::bind() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.listen_address, error);
  if (error) {
    throw std::invalid_argument(
        fmt::format("--listen {}: the address must be a number such as 127.0.0.1 or ::1",
                    options.listen_address));
  }
  if (!address.is_loopback()) {
    throw std::invalid_argument(fmt::format(
        "--listen {}: other machines could then read and publish without credentials, which this "
        "version does not have; listen on 127.0.0.1 and put a proxy that authenticates in front",
        options.listen_address));
  }
  const tcp::endpoint endpoint(address, options.listen_port);
  const auto check = [&](const char* what) {
    if (error) {
      throw std::system_error(
          error.value(), std::system_category(),
          fmt::format("cannot {} {}:{}", what, options.listen_address, options.listen_port));
    }
  };
  acceptor->open(endpoint.protocol(), error);
  check("open a socket for");
  acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  acceptor->bind(endpoint, error);
  check("listen on");
  acceptor->listen(asio::socket_base::max_listen_connections, error);
  check("listen on");
  port = acceptor->local_endpoint().port();
  // A child that outlives this process must not keep the port, nor clients waiting in its queue.
  ::fcntl(acceptor->native_handle(), F_SETFD, FD_CLOEXEC);
  register_fork_fd(acceptor->native_handle());
}

/// The worker with the fewest connections. The first two share one: with a single publisher and a
/// single reader, waking another thread would be most of the latency.
IoWorker& Server::Impl::choose_worker() {
  if (connections() < 2) return *workers.front();
  return **std::min_element(workers.begin(), workers.end(), [](const auto& a, const auto& b) {
    return a->metrics.connections() < b->metrics.connections();
  });
}

void Server::Impl::accept_next() {
  IoWorker& worker = choose_worker();
  acceptor->async_accept(worker.context,
                         [this, &worker](boost::system::error_code error, TcpSocket socket) {
                           on_accept(error, std::move(socket), worker);
                         });
}

void Server::Impl::on_accept(boost::system::error_code error, TcpSocket socket, IoWorker& worker) {
  if (shutting_down.load(std::memory_order_acquire) || error == asio::error::operation_aborted)
    return;
  if (error) {
    // Out of descriptors or memory: leave the queue to the kernel for a moment instead of spinning.
    spdlog::warn("cannot accept a connection: {}", error.message());
    accept_pause->expires_after(std::chrono::milliseconds(100));
    accept_pause->async_wait([this](boost::system::error_code stopped) {
      if (!stopped) accept_next();
    });
    return;
  }
  if (connections() >= options.max_connections) {
    std::string out;
    append_response(
        out,
        error_response(
            {"too_many_connections",
             fmt::format("The limit of {} connections is reached.", options.max_connections), ""}),
        false, false, {});
    boost::system::error_code ignored;
    socket.write_some(asio::buffer(out), ignored);  // fits the empty send buffer
  } else {
    worker.metrics.accepted_total.add();
    SslPtr ssl = tls ? tls->make(socket.native_handle()) : nullptr;
    asio::post(worker.context,
               [&worker, held = Connection(std::move(socket), std::move(ssl))]() mutable {
                 worker.accept(std::move(held));
               });
  }
  accept_next();
}

std::size_t Server::Impl::connections() const {
  std::size_t total = 0;
  for (const auto& worker : workers) total += worker->metrics.connections();
  return total;
}

ServerTotals Server::Impl::totals() const {
  ServerTotals total;
  for (const auto& worker : workers) total.add(worker->metrics);
  return total;
}

Server::Server(TelemetryBus& bus, ServerOptions options, const History* history, StoreHooks store)
    : impl_(std::make_unique<Impl>(bus, std::move(options), history, std::move(store))) {}

Server::~Server() {
  stop();
}

void Server::start() {
  impl_->bind();
  impl_->listener = BusAccess::add_commit_listener(impl_->bus, [impl = impl_.get()] {
    for (const auto& worker : impl->workers) worker->hub.wake();
  });
  impl_->running = true;
  impl_->accept_next();
  for (const auto& worker : impl_->workers) worker->start();
}

void Server::stop() {
  if (!impl_->running) return;
  impl_->running = false;
  impl_->shutting_down.store(true, std::memory_order_release);
  asio::post(impl_->workers.front()->context, [impl = impl_.get()] {
    boost::system::error_code ignored;
    unregister_fork_fd(impl->acceptor->native_handle());
    impl->acceptor->close(ignored);
    impl->accept_pause->cancel();
  });
  impl_->bus.flush();  // what was accepted is streamed before the goodbye
  for (const auto& worker : impl_->workers) worker->begin_shutdown();
  for (const auto& worker : impl_->workers) worker->join();
  impl_->pool.stop();
  BusAccess::remove_commit_listener(impl_->bus, impl_->listener);
}

std::optional<Error> Server::reload_tls() {
  return impl_->tls ? impl_->tls->reload() : std::nullopt;
}

unsigned short Server::port() const noexcept {
  return impl_->port;
}
ServerTotals Server::totals() const {
  return impl_->totals();
}

}  // namespace tapedeck
