#include "alert/dispatcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>

#include "alert/address_rules.hpp"
#include "alert/delivery_queue.hpp"
#include "alert/http_sender.hpp"
#include "alert/signature.hpp"
#include "alert/target_url.hpp"
#include "base/value_store.hpp"
#include "tapedeck/time.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck::alert {
namespace {

using Clock = DeliveryEntry::Clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{60'000};

AddressFilter filter_of(const DeliveryOptions& options) {
  auto filter = AddressFilter::make(options.addresses);
  if (!filter) throw std::invalid_argument(filter.error().message);
  return std::move(filter).value();
}

/// A request that somebody waits for.
struct Direct {
  HttpRequest request;
  Target target;
  bool done = false;
  std::optional<Error> error;
};

Error not_delivered(std::string why) {
  return {"not_delivered", std::move(why), ""};
}

}  // namespace

struct Dispatcher::Impl {
  Impl(DeliveryOptions options, ValueStore* store, std::function<void(std::string_view)> log_to)
      : filter(std::make_shared<const AddressFilter>(filter_of(options))),
        log(std::move(log_to)),
        queue(std::move(options), store, Clock::now()) {}

  // --- requests ---

  HttpRequest request_to(const Target& target, const std::string& id, std::string body) const {
    HttpRequest request;
    const std::int64_t seconds = to_ns(now()) / 1'000'000'000;
    request.url = target.url;
    request.ca_file = target.ca_file;
    request.proxy = queue.options().proxy;
    request.connect_timeout = queue.options().connect_timeout;
    request.total_timeout = queue.options().request_timeout;
    request.addresses = filter;
    request.headers = {"Content-Type: application/json",
                       fmt::format("User-Agent: tapedeck/{}", kVersion),
                       fmt::format("X-Tapedeck-Delivery: {}", id),
                       fmt::format("X-Tapedeck-Timestamp: {}", seconds)};
    if (!target.secret.empty()) {
      request.headers.push_back("X-Tapedeck-Signature: " +
                                signature_of(target.secret, seconds, body));
    }
    request.body = std::move(body);
    return request;
  }

  // --- the thread ---

  void run() {
    while (!finished()) {
      start_requests();
      const auto ended = sender.wait(time_to_wait());
      handle(ended);
      say_what_is_new();
    }
    const std::lock_guard lock(mutex);
    running = false;
    for (auto& [token, direct] : under_way) fail_direct(*direct, "Tapedeck is shutting down");
    for (Direct* const direct : waiting_directs) fail_direct(*direct, "Tapedeck is shutting down");
    waiting_directs.clear();
    answered.notify_all();
  }

  bool finished() {
    const std::lock_guard lock(mutex);
    woken = false;
    return stopping && (sender.running() == 0 || Clock::now() >= stop_at);
  }

  void start_requests() {
    std::vector<std::pair<std::uint64_t, HttpRequest>> requests;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      const std::int64_t wall_ns = to_ns(now());
      for (const auto& [entry, target] : queue.start(Clock::now())) {
        requests.emplace_back(
            entry->number,
            request_to(*target, entry->id(), webhook_body(entry->message, *target, wall_ns)));
      }
      for (Direct* const direct : std::exchange(waiting_directs, {})) {
        under_way.emplace(--last_direct, direct);
        requests.emplace_back(last_direct, std::move(direct->request));
      }
    }
    for (auto& [token, request] : requests) sender.start(token, std::move(request));
    beat();
  }

  /// The heartbeat, when it is due and there is something true to say.
  void beat() {
    const auto at = Clock::now();
    {
      const std::lock_guard lock(mutex);
      if (queue.options().heartbeat_url.empty() || at < next_beat) return;
      next_beat = std::max(next_beat + queue.options().heartbeat_interval, at);
      if (beating) return;
    }
    if (alive && !alive()) return;
    HttpRequest request;
    {
      const std::lock_guard lock(mutex);
      Target target;
      target.url = queue.options().heartbeat_url;
      target.secret = queue.options().secret;
      const std::int64_t wall_ns = to_ns(now());
      request = request_to(target, fmt::format("heartbeat-{}", wall_ns / 1'000'000'000),
                           heartbeat_body(wall_ns, queue.queued(), queue.dead()));
      request.total_timeout =
          std::min<milliseconds>(request.total_timeout, queue.options().heartbeat_interval);
      heartbeat_target = std::move(target);
    }
    beating = true;
    sender.start(kHeartbeat, std::move(request));
  }

  milliseconds time_to_wait() {
    const std::lock_guard lock(mutex);
    const auto at = Clock::now();
    auto until = at + kLongestWait;
    if (stopping) {
      until = std::min(until, stop_at);
    } else {
      until = std::min(until, queue.due(at));
      if (!queue.options().heartbeat_url.empty()) until = std::min(until, next_beat);
    }
    if (woken || until <= at) return milliseconds(0);
    return std::chrono::ceil<milliseconds>(until - at);
  }

  void handle(const std::vector<HttpSender::Done>& ended) {
    const std::lock_guard lock(mutex);
    for (const auto& [token, answer] : ended) {
      if (token == kHeartbeat) {
        end_of_heartbeat(answer);
      } else if (const auto found = under_way.find(token); found != under_way.end()) {
        end_direct(*found->second, answer);
        under_way.erase(found);
      } else {
        queue.finished(token, answer, Clock::now());
        latency_ns.store(queue.last_latency_ns(), std::memory_order_relaxed);
      }
    }
    if (!ended.empty()) answered.notify_all();
  }

  void end_of_heartbeat(const HttpAnswer& answer) {
    beating = false;
    const Verdict verdict = judge(answer, heartbeat_target);
    const bool ok = verdict.what == Verdict::What::delivered;
    if (ok == heartbeat_ok) return;
    heartbeat_ok = ok;
    sayings.push_back(ok ? "alerts: the heartbeat gets through again"
                         : "alerts: the heartbeat does not get through: " + verdict.sentence);
  }

  void end_direct(Direct& direct, const HttpAnswer& answer) {
    const Verdict verdict = judge(answer, direct.target);
    if (verdict.what != Verdict::What::delivered) direct.error = not_delivered(verdict.sentence);
    direct.done = true;
  }
  static void fail_direct(Direct& direct, std::string why) {
    direct.error = not_delivered(std::move(why));
    direct.done = true;
  }

  void say_what_is_new() {
    std::vector<std::string> sentences;
    {
      const std::lock_guard lock(mutex);
      sentences = queue.take_log();
      std::move(sayings.begin(), sayings.end(), std::back_inserter(sentences));
      sayings.clear();
    }
    if (!log) return;
    for (const std::string& sentence : sentences) log(sentence);
  }

  /// With the lock held.
  void wake() {
    if (woken) return;
    woken = true;
    sender.wake();
  }

  static constexpr std::uint64_t kHeartbeat = ~std::uint64_t{0};

  std::shared_ptr<const AddressFilter> filter;
  const std::function<void(std::string_view)> log;
  std::function<bool()> alive;
  HttpSender sender;  // the thread's, but for wake()
  std::atomic<std::int64_t> latency_ns{0};

  mutable std::mutex mutex;  // of all below
  std::condition_variable answered;
  DeliveryQueue queue;
  std::vector<Direct*> waiting_directs;
  std::unordered_map<std::uint64_t, Direct*> under_way;
  std::uint64_t last_direct = kHeartbeat;  // downwards; deliveries count upwards
  std::vector<std::string> sayings;
  Clock::time_point next_beat{};
  Target heartbeat_target;
  bool beating = false;
  bool heartbeat_ok = true;
  bool running = false;
  bool woken = false;
  bool stopping = false;
  Clock::time_point stop_at{};
  std::thread thread;
};

Dispatcher::Dispatcher(DeliveryOptions options, ValueStore* store,
                       std::function<void(std::string_view)> log)
    : impl_(std::make_unique<Impl>(std::move(options), store, std::move(log))) {}

Dispatcher::~Dispatcher() {
  stop();
}

void Dispatcher::set_alive_check(std::function<bool()> alive) {
  impl_->alive = std::move(alive);
}

void Dispatcher::start() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->running) return;
    impl_->running = true;
    impl_->next_beat = Clock::now();
  }
  impl_->thread = std::thread([this] { impl_->run(); });
}

void Dispatcher::stop(std::chrono::milliseconds patience) {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->stop_at = Clock::now() + patience;
    impl_->wake();
  }
  impl_->thread.join();
}

std::optional<Error> Dispatcher::check_target(std::string_view name_or_url) const {
  const std::lock_guard lock(impl_->mutex);
  auto target = impl_->queue.find_target(name_or_url);
  if (!target) return std::move(target).error();
  const auto url = parse_target_url(target->url);
  if (!url) return Error{"invalid_rule", url.error().message, "/notify"};
  if (auto refusal = impl_->filter->refusal_of_host(url->host)) {
    return Error{"invalid_rule", std::move(*refusal), "/notify"};
  }
  return std::nullopt;
}

Repeat Dispatcher::repeat_of(std::string_view name_or_url) const {
  const std::lock_guard lock(impl_->mutex);
  const auto target = impl_->queue.find_target(name_or_url);
  if (!target) return {};
  return {target->repeat, target->format == Format::alertmanager};
}

void Dispatcher::send(std::vector<Notification> notifications) {
  if (notifications.empty()) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->queue.add(std::move(notifications), Clock::now());
  impl_->wake();
}

std::optional<Error> Dispatcher::send_now(const Notification& notification) {
  if (auto error = check_target(notification.target)) return error;
  Direct direct;
  std::unique_lock lock(impl_->mutex);
  if (!impl_->running || impl_->stopping) return not_delivered("nothing is sent at the moment");
  auto target = impl_->queue.find_target(notification.target);
  if (!target) return std::move(target).error();
  direct.target = std::move(target).value();
  Message message;
  message.notification = notification;
  direct.request = impl_->request_to(direct.target, notification.id,
                                     webhook_body(message, direct.target, to_ns(now())));
  impl_->waiting_directs.push_back(&direct);
  impl_->wake();
  impl_->answered.wait(lock, [&] { return direct.done; });
  return direct.error;
}

void Dispatcher::reload(DeliveryOptions options) {
  auto filter = std::make_shared<const AddressFilter>(filter_of(options));
  const std::lock_guard lock(impl_->mutex);
  impl_->filter = std::move(filter);
  impl_->queue.configure(std::move(options), Clock::now());
  impl_->wake();
}

std::vector<Delivery> Dispatcher::list(const ListQuery& query) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.list(query);
}

std::size_t Dispatcher::resend(const ListQuery& query) {
  const std::lock_guard lock(impl_->mutex);
  const std::size_t count = impl_->queue.resend(query, Clock::now());
  impl_->wake();
  return count;
}

std::optional<Error> Dispatcher::resend(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  auto error = impl_->queue.resend(id, Clock::now());
  impl_->wake();
  return error;
}

std::optional<Error> Dispatcher::discard(std::string_view id) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.discard(id, Clock::now());
}

std::vector<TargetStatus> Dispatcher::targets() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.targets();
}

std::uint64_t Dispatcher::forgotten_total() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.forgotten();
}

std::int64_t Dispatcher::last_latency_ns() const noexcept {
  return impl_->latency_ns.load(std::memory_order_relaxed);
}

}  // namespace tapedeck::alert
