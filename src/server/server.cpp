#include "server/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <system_error>

#include "base/fork_fds.hpp"
#include "bus/access.hpp"
#include "query/idempotency_keys.hpp"
#include "server/api.hpp"
#include "server/auth_gate.hpp"
#include "server/forwarded.hpp"
#include "server/io_worker.hpp"
#include "server/listen_socket.hpp"
#include "server/tls_context.hpp"

namespace tapedeck {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

namespace {

TrustedProxies trusted_proxies(const ServerOptions& options) {
  auto proxies = TrustedProxies::parse(options.trusted_proxies);
  if (!proxies) throw std::invalid_argument("--trusted-proxy " + proxies.error().message);
  return std::move(proxies).value();
}

/// @param given what counts beside who a caller is
ServerHooks hooks_of(AuthGate& gate, ServerHooks given) {
  ServerHooks hooks = std::move(given);
  hooks.authenticate = [&gate](const HttpRequest& request) { return gate.identify(request); };
  hooks.is_current = [&gate](const auth::Grant& grant) {
    return gate.authenticator().is_current(grant, to_ns(now()));
  };
  return hooks;
}

}  // namespace

struct Server::Impl {
  Impl(TelemetryBus& given_bus, ServerOptions given, const History* history, StoreHooks store,
       ServerHooks given_hooks)
      : bus(given_bus),
        options(std::move(given)),
        gate(options.auth ? std::make_unique<AuthGate>(*options.auth) : nullptr),
        hooks(gate ? hooks_of(*gate, std::move(given_hooks)) : std::move(given_hooks)),
        access(options),
        tls(options.tls.enabled() ? std::make_unique<TlsContext>(options.tls) : nullptr),
        proxies(trusted_proxies(options)),
        engines(BusAccess::log(given_bus)),
        drain_delay(options.drain_delay),
        api{bus,
            options,
            [this] { return totals(); },
            [this] { return latencies(); },
            engines,
            draining,
            shutting_down,
            Tape(bus, history),
            store,
            store.idempotency != nullptr ? *store.idempotency : own_keys,
            gate.get(),
            limits,
            hooks.alerts},
        router(api_routes(api)),
        pool(options.read_threads, options.read_queue) {
    if (const auto wrong = Server::problem(options)) {
      throw std::invalid_argument(wrong->message);
    }
    const unsigned count = options.io_threads > 0
                               ? options.io_threads
                               : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) {
      workers.push_back(std::make_unique<IoWorker>(api.tape, options, access, router, pool, hooks,
                                                   proxies, limits, memory));
    }
    workers.front()->on_tick = [this] { engines.look(EngineBoard::Clock::now()); };
    acceptor = std::make_unique<Acceptor>(workers.front()->context);
    accept_pause = std::make_unique<asio::steady_timer>(workers.front()->context);
    file_look = std::make_unique<asio::steady_timer>(workers.front()->context);
  }

  void bind();
  tcp::endpoint wanted_endpoint() const;
  void open_acceptor(const tcp::endpoint& endpoint);
  IoWorker& choose_worker();
  void accept_next();
  void look_for_changes();
  void look_later();
  void on_accept(boost::system::error_code error, TcpSocket socket, IoWorker& worker);
  std::size_t connections() const;
  void refuse(TcpSocket& socket, IoWorker& worker) const;
  ServerTotals totals() const;
  std::vector<RouteLatency> latencies() const;

  TelemetryBus& bus;
  const ServerOptions options;
  const std::unique_ptr<AuthGate> gate;  // none: nobody is asked who he is
  const ServerHooks hooks;
  const AccessRules access;
  const std::unique_ptr<TlsContext> tls;  // none: plain HTTP
  const TrustedProxies proxies;
  EngineBoard engines;
  std::atomic<bool> draining{false};
  std::atomic<bool> shutting_down{false};
  std::chrono::milliseconds drain_delay;
  std::mutex hurry_mutex;  // guards hurried
  std::condition_variable hurry_up;
  bool hurried = false;
  IdempotencyKeys own_keys;
  Limits limits{options};
  MemoryBudget memory{options.max_request_bytes_in_flight};
  const ApiContext api;
  const Router router;
  ReadPool pool;
  std::vector<std::unique_ptr<IoWorker>> workers;
  std::unique_ptr<Acceptor> acceptor;  // on the first worker's thread
  std::unique_ptr<asio::steady_timer> accept_pause;
  std::unique_ptr<asio::steady_timer> file_look;
  std::size_t listener = 0;
  unsigned short port = 0;
  bool running = false;
};

tcp::endpoint Server::Impl::wanted_endpoint() const {
  if (options.listen_fd >= 0) return listening_endpoint(options.listen_fd);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.listen_address, error);
  if (error) {
    throw std::invalid_argument(
        fmt::format("--listen {}: the address must be a number such as 127.0.0.1 or ::1",
                    options.listen_address));
  }
  return {address, options.listen_port};
}

void Server::Impl::open_acceptor(const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  const auto check = [&](const char* what) {
    if (error) {
      throw std::system_error(
          error.value(), std::system_category(),
          fmt::format("cannot {} {}:{}", what, endpoint.address().to_string(), endpoint.port()));
    }
  };
  if (options.listen_fd >= 0) {
    acceptor->assign(endpoint.protocol(), options.listen_fd, error);
    check("take over the socket that listens on");
    return;
  }
  acceptor->open(endpoint.protocol(), error);
  check("open a socket for");
  acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  acceptor->bind(endpoint, error);
  check("listen on");
  acceptor->listen(asio::socket_base::max_listen_connections, error);
  check("listen on");
}

void Server::Impl::bind() {
  const tcp::endpoint endpoint = wanted_endpoint();
  if (!endpoint.address().is_loopback() && !hooks.authenticate) {
    throw std::invalid_argument(fmt::format(
        "--listen {}: other machines could then read and publish without credentials; make a key "
        "(tapedeck keys create --name me --scope read,publish,admin) and turn authentication on "
        "(--auth keys), or listen on 127.0.0.1",
        endpoint.address().to_string()));
  }
  if (!endpoint.address().is_loopback() && !tls) {
    spdlog::warn(
        "keys and events go over the network unencrypted: --tls-cert and --tls-key turn "
        "HTTPS on, or a proxy in front");
  }
  open_acceptor(endpoint);
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
  if (connections() >= workers.front()->options.max_connections) {
    refuse(socket, *workers.front());
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

/// Keys, token keys and certificates that were replaced count without a restart.
void Server::Impl::look_for_changes() {
  if (tls) {
    if (const auto error = tls->look_for_changes()) {
      spdlog::error("the TLS certificate stays as it was: {}", error->message);
    }
  }
  if (gate) {
    if (const auto error = gate->authenticator().look_for_changes()) {
      spdlog::error("keys stay as they were: {}", error->message);
    }
  }
}

void Server::Impl::look_later() {
  if (!tls && !gate) return;
  file_look->expires_after(options.file_look_interval);
  file_look->async_wait([this](boost::system::error_code stopped) {
    // One that was due already is not cancelled, and would go on for ever.
    if (stopped || shutting_down.load(std::memory_order_acquire)) return;
    pool.submit_piece([this] { look_for_changes(); });  // a disk may be slow
    look_later();
  });
}

/// @param worker whose thread this is
void Server::Impl::refuse(TcpSocket& socket, IoWorker& worker) const {
  HttpResponse response = error_response(
      {"too_many_connections",
       fmt::format("The limit of {} connections is reached.", worker.options.max_connections), ""});
  std::string id;
  worker.request_ids.next(id);
  response.headers = "X-Request-ID: " + id + "\r\n";
  worker.metrics.count_response(response.status);
  std::string out;
  append_response(out, response, false, false, {});
  boost::system::error_code ignored;
  socket.write_some(asio::buffer(out), ignored);  // fits the empty send buffer
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

std::vector<RouteLatency> Server::Impl::latencies() const {
  std::vector<RouteLatency> out;
  for (const Route& route : router.routes()) out.push_back({route.method, route.path, {}});
  out.emplace_back();  // what no route answers
  for (const auto& worker : workers) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].latency.add(worker->metrics.requests[i].snapshot());
    }
  }
  return out;
}

Server::Server(TelemetryBus& bus, ServerOptions options, const History* history, StoreHooks store,
               ServerHooks hooks)
    : impl_(std::make_unique<Impl>(bus, std::move(options), history, std::move(store),
                                   std::move(hooks))) {}

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
  impl_->look_later();
  for (const auto& worker : impl_->workers) worker->start();
}

std::optional<Error> Server::problem(const ServerOptions& options) {
  if (options.max_request_bytes_in_flight < options.body_bytes) {
    return Error{"invalid_option",
                 fmt::format("max-request-bytes-in-flight {} is less than one body may have ({}): "
                             "raise it",
                             options.max_request_bytes_in_flight, options.body_bytes),
                 "max-request-bytes-in-flight"};
  }
  if (auto proxies = TrustedProxies::parse(options.trusted_proxies); !proxies) {
    return Error{"invalid_option", "trusted-proxy " + proxies.error().message, "trusted-proxy"};
  }
  return AccessRules::problem(options);
}

std::optional<Error> Server::reload(const ServerOptions& options) {
  if (auto wrong = problem(options)) return wrong;
  if (auto wrong = reload_files()) return wrong;
  impl_->drain_delay = options.drain_delay;
  impl_->limits.apply(options);
  for (const auto& worker : impl_->workers) worker->apply(options);
  return std::nullopt;
}

void Server::announce_stop() {
  if (!impl_->running || impl_->draining.exchange(true, std::memory_order_acq_rel)) return;
  std::unique_lock lock(impl_->hurry_mutex);
  impl_->hurry_up.wait_for(lock, impl_->drain_delay, [this] { return impl_->hurried; });
}

void Server::hurry() {
  {
    const std::lock_guard lock(impl_->hurry_mutex);
    impl_->hurried = true;
  }
  impl_->hurry_up.notify_all();
  for (const auto& worker : impl_->workers) worker->hurry();
}

void Server::stop() {
  if (!impl_->running) return;
  announce_stop();
  impl_->running = false;
  impl_->shutting_down.store(true, std::memory_order_release);
  asio::post(impl_->workers.front()->context, [impl = impl_.get()] {
    boost::system::error_code ignored;
    unregister_fork_fd(impl->acceptor->native_handle());
    impl->acceptor->close(ignored);
    impl->accept_pause->cancel();
    impl->file_look->cancel();
  });
  impl_->bus.flush();  // what was accepted is streamed before the goodbye
  for (const auto& worker : impl_->workers) worker->begin_shutdown();
  {
    const std::lock_guard lock(impl_->hurry_mutex);
    if (impl_->hurried) {  // before there was anything to cut short
      for (const auto& worker : impl_->workers) worker->hurry();
    }
  }
  for (const auto& worker : impl_->workers) worker->join();
  impl_->pool.stop();
  BusAccess::remove_commit_listener(impl_->bus, impl_->listener);
}

std::optional<Error> Server::reload_files() {
  if (impl_->gate) {
    if (auto error = impl_->gate->authenticator().reload()) return error;
  }
  return impl_->tls ? impl_->tls->reload() : std::nullopt;
}

unsigned short Server::port() const noexcept {
  return impl_->port;
}
ServerTotals Server::totals() const {
  return impl_->totals();
}

std::vector<Heartbeat> Server::heartbeats() const {
  std::vector<Heartbeat> parts;
  for (const auto& worker : impl_->workers) {
    parts.push_back({fmt::format("I/O thread {}", parts.size() + 1), [worker = worker.get()] {
                       return worker->beats.load(std::memory_order_relaxed);
                     }});
  }
  parts.push_back(
      {"the collector", [bus = &impl_->bus] { return BusAccess::collector_rounds(*bus); }});
  return parts;
}

}  // namespace tapedeck
