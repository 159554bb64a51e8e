// RemotePublisher: forwards what a bus publishes to a Tapedeck server in another process or host.
// Publishing itself stays what it is: this is one more cursor on the bus's log, on a thread of its
// own, which sends batches (POST /api/telemetry/events) over one kept connection and, while the
// server is away, writes them to a spool on disk.
//
// What may be relied on: order is kept; each event is at the server exactly once as long as the
// server comes back before the spool is full (and within a day, and 100 000 batches of others,
// which is how long it remembers batches). What is dropped beyond that is counted, and the server
// is told by an `events_dropped` event {count, reason}. A process that is killed loses what it had
// not sent while the server answered, and at most `linger` and what was being written while it was
// away: the spool goes to the kernel at once and to the disk every second. The next publisher that
// uses the folder and the url sends what was left.
//
// Thread contract: every member from any thread, construction and destruction from one. After
// fork() nothing of it runs in the child, where its members do nothing and its destructor only
// forgets it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tapedeck/bus.hpp"

namespace tapedeck {

struct RemoteOptions {
  /// http[s]://host[:port][/prefix] of the server; without credentials, query and fragment.
  std::string url{};
  /// Sent as `Authorization: Bearer`; visible ASCII. Appears in no log and no error. Empty: none.
  std::string api_key{};
  /// Where spools are kept, a folder for each publisher in it. Empty:
  /// $XDG_STATE_HOME/tapedeck/spool or ~/.local/state/tapedeck/spool. Made when it is needed.
  std::filesystem::path spool_folder{};
  /// Most bytes on disk, what former processes left included; 0: no spool, else at least 64 KiB.
  std::uint64_t spool_bytes = std::uint64_t{256} << 20;
  /// A batch is sent when it has grown to so many bytes (1 KiB to 16 MiB) or events (to 100 000)
  /// ...
  std::size_t batch_bytes = std::size_t{1} << 20;
  std::size_t batch_events = 10'000;
  /// ... or when its first event has waited so long for others.
  std::chrono::milliseconds linger{5};
  /// Whether the server is to answer only when a batch is on its disk (ack=durable), so that a
  /// crash of the server loses nothing either. A server that keeps no history is not asked to.
  bool durable = true;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds request_timeout{15'000};
  /// Between attempts at a server that is away: random up to a bound that doubles from the first to
  /// the second.
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{10'000};
  /// How long the destructor waits for a server that answers; then the spool takes the rest.
  std::chrono::milliseconds close_timeout{1'000};
  /// Certificates (PEM) to trust instead of the system's.
  std::filesystem::path ca_file{};
  /// For sentences to the operator; called on the publisher's thread, must not call the publisher.
  std::function<void(std::string_view)> log{};
};

struct RemoteStats {
  std::uint64_t queued = 0;    ///< events in memory that the server has not accepted yet
  std::uint64_t spooled = 0;   ///< events on disk now
  std::uint64_t sent = 0;      ///< events that the server has accepted, adopted ones included
  std::uint64_t dropped = 0;   ///< events that neither spool nor memory could keep
  std::uint64_t rejected = 0;  ///< events that the server refused for what they are
  std::uint64_t batches = 0;   ///< requests that were accepted
  std::uint64_t retries = 0;   ///< requests that failed and are or were sent again
  bool connected = false;      ///< the last request was answered by a server that takes events
  std::string last_error;      ///< why not, or what is wrong with the spool; empty: nothing
};

class RemotePublisher {
 public:
  /// Forwards what is published from now on, and what dead processes left in the spool.
  /// Does not wait for the server. `bus` must outlive it.
  /// @throws std::invalid_argument for options that cannot be; std::length_error for the eighth
  /// publisher of one bus.
  RemotePublisher(TelemetryBus& bus, RemoteOptions options);
  /// As close(close_timeout), without waiting for a server that is away.
  ~RemotePublisher();
  RemotePublisher(const RemotePublisher&) = delete;
  RemotePublisher& operator=(const RemotePublisher&) = delete;

  /// Waits until everything that any thread had published before the call has been accepted by the
  /// server, but for what stats() counts as dropped or rejected. @return false: not within
  /// `timeout`.
  bool flush(std::chrono::milliseconds timeout);
  /// flush(), then ends: what is left goes to the spool for the next process. What is published
  /// later is not forwarded. @return what flush() returned.
  bool close(std::chrono::milliseconds timeout);
  RemoteStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck
