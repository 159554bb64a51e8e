// Batch: events on their way to the server, as the NDJSON lines that are sent, and the key under
// which the server accepts them once.
// A value; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tapedeck::remote {

struct Batch {
  std::string publisher;     ///< random, of the process that read the events from its log
  std::uint64_t number = 0;  ///< unique for the publisher
  /// One past the last event, in the publisher's numbering; 0: more of the batch follows.
  std::uint64_t end_seq = 0;
  std::size_t events = 0;  ///< lines
  std::string body;        ///< each line ends with \n

  bool empty() const noexcept { return events == 0; }
  /// The same for the same bytes of the same batch, in any process: what is left of a batch after a
  /// rejection has a key of its own without anybody having to remember it.
  std::string key() const;
};

/// The line with this index and the bytes where it begins; nothing beyond the last.
struct Line {
  std::size_t begin = 0;
  std::size_t length = 0;  ///< with \n
};
Line line_of(const Batch& batch, std::size_t index);

/// The first `events` lines, and the rest; both under the batch's number.
std::pair<Batch, Batch> split(const Batch& batch, std::size_t events);

}  // namespace tapedeck::remote
