// What is told of each request: an id that its answer and its lines in the log share, and, for the
// access log, how it was answered. Never the query string nor a header's value but the id: tokens
// may be in there.
//
// Lives on a worker's thread. An id costs some 50 ns; a line nobody wants costs a look at a level.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck {

/// Whether a client's X-Request-ID is taken over: 1 to 64 of [A-Za-z0-9._-].
bool is_request_id(std::string_view text) noexcept;

/// Makes ids that no other worker and no other run makes.
class RequestIds {
 public:
  RequestIds();
  /// `<12 random hexadecimal digits>-<number>`, into `out`, whose memory is used again.
  void next(std::string& out);

 private:
  std::string prefix_;
  std::uint64_t count_ = 0;
};

struct RequestRecord {
  std::string_view method;
  std::string_view route;  ///< its pattern; empty: none
  int status = 0;
  std::size_t bytes = 0;  ///< of the body, before compression and chunking
  std::chrono::nanoseconds duration{0};
  std::string_view request_id;
  std::string_view grant;    ///< its id
  std::string_view address;  ///< of the client
};

/// A line of the access log.
/// @param always at level info; else at level debug.
void log_request(const RequestRecord& record, bool always);

}  // namespace tapedeck
