// What can be set about the server. Every limit has a default that protects a laptop and a test at
// its edge; docs/operations.md lists them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "auth/authenticator.hpp"
#include "event/event_decoder.hpp"
#include "server/tls_options.hpp"

namespace tapedeck {

struct ServerOptions {
  std::string listen_address = "127.0.0.1";
  unsigned short listen_port = 9000;  ///< 0: any free one; Server::port() tells
  /// A listening TCP socket to take over instead of opening one (socket activation); -1: none.
  int listen_fd = -1;
  unsigned io_threads = 0;  ///< 0: one a core

  /// Who may call; none: everybody, and then only from this machine.
  std::optional<auth::AuthOptions> auth;
  TlsOptions tls;             ///< none: plain HTTP
  unsigned hsts_seconds = 0;  ///< Strict-Transport-Security (RFC 6797); 0: none

  /// Names by which this server may be called besides loopback ones (Host header).
  std::vector<std::string> allowed_hosts;
  /// Web origins that may call besides loopback ones (Origin header), as scheme://host[:port].
  std::vector<std::string> allowed_origins;

  /// Proxies whose word about the client's address and scheme is believed, as addresses or CIDRs.
  std::vector<std::string> trusted_proxies;

  /// How often keys and certificates are looked at for changes.
  std::chrono::milliseconds file_look_interval{3000};

  std::size_t max_connections = 20'000;
  std::size_t header_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{16} << 20;
  DecoderLimits decoder;
  std::chrono::seconds header_timeout{10};  ///< from a request's first byte to its last header
  std::chrono::seconds body_timeout{60};    ///< for the body, and for taking an answer
  std::chrono::seconds idle_timeout{75};    ///< between requests

  std::chrono::seconds heartbeat{15};
  std::chrono::milliseconds coalesce{0};  ///< default of coalesce_ms
  /// A stream whose client has taken nothing for so long is closed.
  std::chrono::seconds stalled_stream_timeout{600};
  /// The kernel's send buffer for a stream; bounds what a client that never reads costs.
  int stream_send_buffer_bytes = 128 << 10;
  std::chrono::milliseconds drain_timeout{1500};

  std::size_t ws_message_bytes = std::size_t{1} << 20;  ///< of a client's WebSocket message
  std::size_t max_subscriptions_per_connection = 100;   ///< of a WebSocket
  /// A WebSocket client that was pinged after `heartbeat` of silence and says nothing is given up.
  std::chrono::seconds ws_pong_timeout{20};
  bool ws_compression = true;  ///< permessage-deflate, for clients that offer it

  unsigned read_threads = 2;      ///< read the history
  std::size_t read_queue = 1024;  ///< requests that may wait for them; more are refused as busy
  /// What one answer may cost: events of the history it may look at before it answers what it has.
  std::size_t read_looks = 1'000'000;
  /// Events that an aggregate may look at one by one where the rollups do not hold the answer.
  std::size_t aggregate_looks = 20'000'000;
  /// How long a POST with ack=durable waits for the disk.
  std::chrono::milliseconds durable_timeout{10'000};
};

}  // namespace tapedeck
