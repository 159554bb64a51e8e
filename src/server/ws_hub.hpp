// WsHub: all WebSockets of one worker and what they share: codec, parser, encoded events. Their
// subscriptions are woken by the worker's StreamHub.
//
// Lives on its worker's thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/ws_chunks.hpp"
#include "server/ws_session.hpp"

namespace tapedeck {

struct IoWorker;
class StreamHub;

class WsHub {
 public:
  explicit WsHub(IoWorker& worker) : worker_(worker) {}

  /// @param head sent first. @param already_read what came behind the request.
  void add(Connection connection, const WsRequest& request, std::string_view head,
           std::string_view already_read);
  /// The session stays alive until its caller has returned.
  void leave(WsSession& session);
  void tick(WsConnection::Clock::time_point now);
  void shut_down_all();
  void abort_all();
  bool empty() const noexcept { return sessions_.empty(); }

  IoWorker& worker() noexcept { return worker_; }
  StreamHub& streams() noexcept;
  WsCodec& codec() noexcept { return codec_; }
  WsChunks& chunks() noexcept { return chunks_; }
  WsOpParser& parser() noexcept { return parser_; }

 private:
  template <typename Fn>
  void for_each(Fn fn);

  IoWorker& worker_;
  WsCodec codec_;
  WsChunks chunks_{codec_};
  WsOpParser parser_;
  std::vector<std::shared_ptr<WsSession>> sessions_;
};

}  // namespace tapedeck
