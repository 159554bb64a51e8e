// The process's one bus, the history beneath it where serve(data_dir=...) was asked for one, and
// the sender on top of it in a process that is connected. The Python functions are doors to this.
//
// Thread contract: called with the GIL held, which is what guards it. What a reference refers to
// lives until the process ends.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "tapedeck/bus.hpp"
#include "tapedeck/remote.hpp"

namespace tapedeck::store {
class Store;
}

namespace tapedeck::python {

/// What goes into a bus when it is made, on first use.
struct BusPlan {
  std::size_t buffer_size = 5000;
  Source source{};  ///< of events published without one
  std::optional<RemoteOptions> sender{};
};

bool is_empty(const Source& source) noexcept;

/// The bus; made on first use.
TelemetryBus& process_bus();
/// What is written as the source of what this process publishes.
SourceId process_source() noexcept;
const Source& planned_source() noexcept;

/// Both: of the bus there is, and of one that is made later (after a fork).
void set_buffer_size(std::size_t events);
void set_source(Source source);

/// Makes the bus on top of a history.
/// @throws std::logic_error when the bus has been made already.
store::Store& begin_history(std::unique_ptr<store::Store> history);
/// nullptr: events are in memory only.
store::Store* process_history() noexcept;

/// Sends what is published from now on; also by the bus of a forked child.
/// @throws std::invalid_argument for options that cannot be
void set_sender_plan(RemoteOptions options);
/// nullptr: what is published stays here.
RemotePublisher* process_sender();
/// Takes the sender and its plan away.
std::unique_ptr<RemotePublisher> take_sender() noexcept;

/// In a forked child: forgets the parent's bus, its history and its sender without touching them
/// (their threads are not here, their locks may be held for ever). The next use makes new ones.
void abandon_after_fork() noexcept;

}  // namespace tapedeck::python
