// The request target and everything read from it: path, parameters, filters, ids, times, the
// stream's own options. Must never crash, and an id that is read must be written back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/event_query.hpp"
#include "query/query_string.hpp"
#include "server/stream_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  HttpRequest request;
  request.target = {reinterpret_cast<const char*>(data), size};
  auto target = parse_target(request.target);
  if (!target) {
    if (target.error().message.empty()) std::abort();
    return 0;
  }
  request.parsed = std::move(target).value();
  // The last segment is what a path parameter is; decoded, they are the path again.
  std::string joined;
  for (const std::string& segment : request.parsed.segments) joined += "/" + segment;
  if (request.parsed.segments.empty() || joined != request.parsed.path) std::abort();
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (const auto id = parse_event_id(parameter.value)) {
      const auto again = parse_event_id(format_event_id(id->epoch, id->seq));
      if (!again || again->epoch != id->epoch || again->seq != id->seq) std::abort();
    }
    if (const auto number = read_integer(parameter, -5, 5);
        number && (*number < -5 || *number > 5)) {
      std::abort();
    }
  }
  const auto stream = parse_stream_request(request, {});
  if (!stream && stream.error().code.empty()) std::abort();
  return 0;
}
