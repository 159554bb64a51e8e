#include "app/serve_command.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "app/reload.hpp"
#include "app/run_registry.hpp"
#include "app/second_signal.hpp"
#include "app/service_watch.hpp"
#include "app/system_health.hpp"
#include "server/listen_socket.hpp"
#include "server/server.hpp"
#include "store/pace.hpp"

namespace tapedeck::app {
namespace {

constexpr int kDone = 0, kFailed = 1;

/// What this process tells itself when the feed has ended.
int end_of_feed() noexcept {
  return SIGRTMIN;
}

/// Signals that wait_for_end takes; blocked in every thread, so that they come nowhere else.
sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, end_of_feed(), SecondSignal::wake_signal()}) {
    sigaddset(&set, signal);
  }
  return set;
}

std::string url_of(const ServerOptions& options, unsigned short port) {
  const bool v6 = options.listen_address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/", options.tls.enabled() ? "https" : "http", v6 ? "[" : "",
                     options.listen_address, v6 ? "]" : "", port);
}

/// Tells wait_for_end when the feed has ended.
class EndWatcher {
 public:
  explicit EndWatcher(desk::EngineRunner& runner)
      : thread_([&runner] {
          runner.wait();
          kill(getpid(), end_of_feed());
        }) {}
  ~EndWatcher() { thread_.join(); }

 private:
  std::thread thread_;
};

void report(const desk::EngineRunner& runner) {
  const desk::RunSummary summary = runner.summary();
  spdlog::info(
      "the feed has ended: {} records, {} bad rows, {} gaps, {} candles, {} signals, {} orders, {} "
      "fills, {} rejects, realized P&L {:.2f}, charges {:.2f}",
      summary.records, summary.bad_rows, summary.gaps, summary.candles, summary.signals,
      summary.orders, summary.fills, summary.rejects, summary.realized_pnl, summary.charges);
}

/// For `tapedeck kill`. A machine where it cannot be made still runs; the API kills as well.
std::unique_ptr<RunEntry> make_entry(const std::string& url,
                                     const desk::EngineRunOptions& engines) {
  try {
    return std::make_unique<RunEntry>(RunInfo{0, url, engines.account, false});
  } catch (const std::exception& error) {
    spdlog::warn("tapedeck kill will not find this run: {}", error.what());
    return nullptr;
  }
}

/// Returns when the process is to end.
/// @param hang_up what SIGHUP does
void wait_for_end(const ServeOptions& options, desk::EngineRunner* runner, ServiceWatch& service,
                  const std::function<void()>& hang_up) {
  const sigset_t set = handled_signals();
  for (;;) {
    const int signal = service.wait(set);
    if (signal == SIGHUP) {
      const ServiceReload reload(service);
      hang_up();
    } else if ((signal == SIGUSR1 || signal == SIGUSR2) && runner != nullptr) {
      const bool kills = signal == SIGUSR1;
      spdlog::warn("{} by signal", kills ? "kill" : "resume");
      runner->request({.name = kills ? "kill" : "resume",
                       .by = "signal",
                       .reason = kills ? "SIGUSR1" : "SIGUSR2"});
    } else if (signal == end_of_feed() && runner != nullptr) {
      if (!runner->error().empty()) {
        spdlog::error("the run has ended: {}", runner->error());
      } else {
        report(*runner);
      }
      if (options.exit_at_end) return;
    } else if (signal == SIGINT || signal == SIGTERM) {
      spdlog::info("stopping");
      return;
    }
  }
}

/// Of what runs here. A simulation's market has a clock of its own, and what it says is news; a
/// replay tells of the past, which fires nothing.
alert::AlertOptions alert_options(const ServeOptions& options, const desk::EngineRunner* runner) {
  alert::AlertOptions alerts = options.alerts;
  alerts.log = [](std::string_view line) { spdlog::warn("{}", line); };
  if (runner != nullptr && runner->is_simulation()) {
    alerts.market_time = [runner] { return runner->market_time(); };
  }
  return alerts;
}

/// A socket that the service manager opened takes the place of --listen.
void take_passed_socket(ServerOptions& options) {
  const auto fd = passed_socket();
  if (!fd) throw std::runtime_error(fd.error().message);
  if (*fd) adopt_listening_socket(options, **fd);
}

}  // namespace

int run_serve(ServeOptions options) {
  ServiceManager manager = ServiceManager::from_environment();
  take_passed_socket(options.server);
  const sigset_t set = handled_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  DiagnosticLog log(options.log);

  std::unique_ptr<store::Store> history;  // knows how the bus goes on, and outlives it
  BusOptions bus_options = options.bus;
  if (options.store) {
    store::StoreOptions store_options = *options.store;
    store_options.log = [](std::string_view line) { spdlog::warn("{}", line); };
    history = std::make_unique<store::Store>(std::move(store_options));
    history->complete(bus_options);
  }
  TelemetryBus bus(bus_options);
  if (history) history->start(bus);
  std::unique_ptr<RunEntry> entry;  // outlives the runner, which calls it
  std::unique_ptr<desk::EngineRunner> runner;
  if (options.engines) {
    desk::EngineRunOptions engines = *options.engines;
    engines.log = [](std::string_view line) { spdlog::warn("{}", line); };
    if (history) engines.keep_pace = [&history] { store::wait_for_history(*history); };
    engines.on_command = [&entry](bool killed) {
      if (entry) entry->note_command(killed);
    };
    runner = std::make_unique<desk::EngineRunner>(bus, std::move(engines));
  }
  if (options.server.auth) {
    std::filesystem::create_directories(options.audit_log.parent_path());
    auth::AuditOptions audit;
    audit.path = options.audit_log;
    options.server.auth->audit = std::make_shared<auth::AuditLog>(std::move(audit));
  }
  alert::AlertService alerts(bus, history.get(), alert_options(options, runner.get()));
  ServerHooks hooks;
  hooks.alerts = &alerts;
  Server server(bus, options.server, history.get(), history ? hooks_of(*history) : StoreHooks{},
                hooks);
  alerts.start();
  server.start();
  const std::string url = url_of(options.server, server.port());
  if (runner) entry = make_entry(url, *options.engines);
  fmt::print("Tapedeck is running: {}\n", url);
  std::fflush(stdout);

  ServiceWatch service(manager, server.heartbeats(), url);
  const auto hang_up = [&] { reload(options, log, server, alerts); };
  int code = kDone;
  std::optional<SecondSignal> second_signal;
  const auto stopping = [&] {
    second_signal.emplace([&server] { server.hurry(); });
    server.announce_stop();
  };
  if (runner) {
    const SystemHealth health(bus);
    runner->start();
    service.ready();
    {
      std::unique_ptr<EndWatcher> watcher = std::make_unique<EndWatcher>(*runner);
      wait_for_end(options, runner.get(), service, hang_up);
      service.stopping();
      stopping();
      runner->stop();
    }
    if (!runner->error().empty()) code = kFailed;
  } else {
    service.ready();
    wait_for_end(options, nullptr, service, hang_up);
    service.stopping();
    stopping();
  }
  server.stop();
  alerts.stop();
  if (history) history->stop();
  return code;
}

}  // namespace tapedeck::app
