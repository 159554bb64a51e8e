#include "process_bus.hpp"

#include <stdexcept>
#include <utility>

#include "bus/access.hpp"
#include "store/store.hpp"

namespace tapedeck::python {
namespace {

struct ProcessBus {
  std::unique_ptr<store::Store> history;  // knows how the bus goes on
  std::unique_ptr<TelemetryBus> bus;
  std::unique_ptr<RemotePublisher> sender;
  SourceId source = SourceId::none;
};

/// Never destroyed: threads of the caller's may publish until the very end of the process.
ProcessBus* current = nullptr;
BusPlan plan;

ProcessBus& make(std::unique_ptr<store::Store> history) {
  auto made = std::make_unique<ProcessBus>();
  BusOptions options;
  options.buffer_size = plan.buffer_size;
  if (history) history->complete(options);
  made->bus = std::make_unique<TelemetryBus>(options);
  made->source = is_empty(plan.source) ? SourceId::none : made->bus->register_source(plan.source);
  if (history) history->start(*made->bus);
  made->history = std::move(history);
  if (plan.sender) made->sender = std::make_unique<RemotePublisher>(*made->bus, *plan.sender);
  current = made.release();
  return *current;
}

}  // namespace

bool is_empty(const Source& source) noexcept {
  return source.host.empty() && source.engine_id.empty() && source.run_id.empty() &&
         source.account.empty() && source.mode.empty();
}

TelemetryBus& process_bus() {
  if (current == nullptr) [[unlikely]]
    make(nullptr);
  return *current->bus;
}

SourceId process_source() noexcept {
  return current == nullptr ? SourceId::none : current->source;
}

void set_buffer_size(std::size_t events) {
  if (events == 0) throw std::invalid_argument("buffer_size must be at least 1");
  plan.buffer_size = events;
  if (current != nullptr) BusAccess::set_buffer_size(*current->bus, events);
}

void set_source(Source source) {
  plan.source = std::move(source);
  if (current == nullptr) return;
  current->source =
      is_empty(plan.source) ? SourceId::none : current->bus->register_source(plan.source);
}

const Source& planned_source() noexcept {
  return plan.source;
}

store::Store& begin_history(std::unique_ptr<store::Store> history) {
  if (current != nullptr) {
    throw std::logic_error(
        "a history must be there before the first event: call serve(data_dir=...) before anything "
        "is published, subscribed to or started in this process");
  }
  return *make(std::move(history)).history;
}

store::Store* process_history() noexcept {
  return current == nullptr ? nullptr : current->history.get();
}

void set_sender_plan(RemoteOptions options) {
  if (current != nullptr) {
    current->sender = std::make_unique<RemotePublisher>(*current->bus, options);
    plan.sender = std::move(options);
    return;
  }
  plan.sender = std::move(options);
  try {
    make(nullptr);
  } catch (...) {
    plan.sender.reset();
    throw;
  }
}

RemotePublisher* process_sender() {
  // In a forked child the sender comes with its bus.
  if (current == nullptr && plan.sender) make(nullptr);
  return current == nullptr ? nullptr : current->sender.get();
}

std::unique_ptr<RemotePublisher> take_sender() noexcept {
  plan.sender.reset();
  return current == nullptr ? nullptr : std::move(current->sender);
}

void abandon_after_fork() noexcept {
  current = nullptr;
}

}  // namespace tapedeck::python
