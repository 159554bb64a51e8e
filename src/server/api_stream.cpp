// GET /stream: the request becomes a stream, or a play-back of the past.
#include "bus/access.hpp"
#include "server/api_handlers.hpp"
#include "server/narrowing.hpp"
#include "server/stream_request.hpp"

namespace tapedeck {
namespace {

HttpResponse stream_response(StreamRequest&& stream) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.stream = std::make_shared<StreamRequest>(std::move(stream));
  return response;
}

/// What makes EventSource stop: there is nothing more to come.
HttpResponse nothing_more() {
  HttpResponse response;
  response.status = 204;
  return response;
}

/// Whether a client that has everything up to `resume_after` has all of the play-back. Looks no
/// further than one answer may: then the stream itself finds out. @throws HistoryError
bool has_all(const Tape& tape, const StreamRequest& stream, const ReadLimits& limits) {
  const ResumePoint point = tape.resume_after(stream.resume_after);
  if (point.gap) return false;
  const CompiledFilter filter = compile(stream.query);
  SeqBounds left{point.next, stream.play->end_seq};
  for (std::uint64_t looked_at = 0; left.first < left.end && looked_at < limits.looked_at;) {
    const Selection slice = tape.forward(filter, left, limits);
    if (!slice.items.empty() || slice.missing > 0) return false;
    looked_at += slice.next - left.first + 1;
    left.first = slice.next;
  }
  return left.first >= left.end;
}

}  // namespace

HttpResponse open_stream(const ApiContext& api, const HttpRequest& request,
                         const ServerOptions& options) {
  if (api.shutting_down.load(std::memory_order_acquire)) {
    return error_response({"shutting_down", "The server is shutting down; come back later.", ""});
  }
  auto stream = parse_stream_request(request, options);
  if (!stream) return error_response(stream.error());
  stream->query.within = visible_to(*request.grant);
  stream->grant = request.grant;
  BusAccess::collect_share(api.bus);  // "from now on" begins after what has been published
  if (!stream->play) return stream_response(std::move(stream).value());
  if (stream->at_end) return nothing_more();
  const Tape& tape = api.tape;
  stream->play->end_seq = tape.narrow(stream->query, {0, tape.end_seq()}).end;
  if (stream->resume_after.empty()) return stream_response(std::move(stream).value());
  return later_response(
      [&tape, held = std::move(stream).value(), limits = ReadLimits{1, 1, api.options.read_looks}] {
        return has_all(tape, held, limits) ? nothing_more() : stream_response(StreamRequest(held));
      });
}

}  // namespace tapedeck
