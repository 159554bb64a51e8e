// What tests of the delivery have in common.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alert/dispatcher.hpp"
#include "alert/webhook_receiver.hpp"
#include "auth/temp_folder.hpp"
#include "support/wait.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::alert::testing {

using auth::testing::TempFolder;
using tapedeck::testing::wait_until;
using namespace std::chrono_literals;

/// Options that do not try a test's patience.
inline DeliveryOptions quick_options() {
  DeliveryOptions options;
  options.addresses.allowed = {"127.0.0.0/8", "::1"};
  options.connect_timeout = 2s;
  options.request_timeout = 20s;
  options.retry_first = 2ms;
  options.retry_longest = 20ms;
  return options;
}

inline Target target_at(const std::string& name, const std::string& url) {
  Target target;
  target.name = name;
  target.url = url;
  target.max_per_minute = 0;
  return target;
}

inline Notification notification(const std::string& id, const std::string& target,
                                 const std::string& rule = "rule") {
  Notification n;
  n.id = id;
  n.target = target;
  n.rule = rule;
  n.alert_id = "alert-" + id;
  n.state = "firing";
  n.severity = Severity::critical;
  n.summary = "summary of " + id;
  n.group = {{"symbol", "NIFTY"}};
  n.value = 1.5;
  n.event_id = "9f3c21-7";
  n.event_json = R"({"type":"order_event","payload":{"price":100.10}})";
  n.at_ns = to_ns(now());
  n.started_ns = n.at_ns - 1'000'000'000;
  return n;
}

/// What a dispatcher logs.
class Sayings {
 public:
  std::function<void(std::string_view)> log() {
    return [this](std::string_view sentence) {
      const std::lock_guard lock(mutex_);
      all_ += std::string(sentence) + "\n";
    };
  }
  std::string all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::string all_;
};

inline std::vector<Delivery> dead_of(const Dispatcher& dispatcher) {
  Dispatcher::ListQuery query;
  query.dead = true;
  return dispatcher.list(query);
}
inline std::vector<Delivery> waiting_of(const Dispatcher& dispatcher) {
  Dispatcher::ListQuery query;
  query.dead = false;
  return dispatcher.list(query);
}

/// A dispatcher that a test makes, and what it logs.
class DispatcherTest : public ::testing::Test {
 protected:
  void make(DeliveryOptions options, ValueStore* store = nullptr) {
    dispatcher_ = std::make_unique<Dispatcher>(std::move(options), store, sayings_.log());
  }
  void start(DeliveryOptions options, ValueStore* store = nullptr) {
    make(std::move(options), store);
    dispatcher_->start();
  }
  void start_with(const std::string& url) {
    DeliveryOptions options = quick_options();
    options.targets = {target_at("hook", url)};
    start(std::move(options));
  }
  void send(const std::string& id, const std::string& target = "hook",
            const std::string& rule = "rule") {
    dispatcher_->send({notification(id, target, rule)});
  }
  bool wait_for_dead(std::size_t count) {
    return wait_until([&] { return dead_of(*dispatcher_).size() == count; });
  }
  bool wait_for_empty() {
    return wait_until([&] { return waiting_of(*dispatcher_).empty(); });
  }

  Sayings sayings_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

/// 500 so often, then 200.
inline WebhookReceiver::Act failing(int times, std::string words = "500 Internal Server Error") {
  auto left = std::make_shared<std::atomic<int>>(times);
  return [left, words](const Received&) { return left->fetch_sub(1) > 0 ? status(words) : ok(); };
}

}  // namespace tapedeck::alert::testing
