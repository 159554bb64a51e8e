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

  // What one address and one key may take (limits.hpp). Not set: the default beside it, from which
  // loopback addresses and callers without authentication are exempt. Set, for all of them; 0: no
  // limit. A key's own quota goes before these. Rates have a burst of two seconds' worth.
  static constexpr std::size_t kConnectionsPerAddress = 1000;
  static constexpr double kRequestsPerSecondPerAddress = 500;
  static constexpr double kRequestsPerSecond = 1000;
  static constexpr double kPublishEventsPerSecond = 200'000;
  static constexpr double kPublishBytesPerSecond = 100e6;
  std::optional<std::size_t> max_connections_per_address;  ///< IPv6: per /64, as the next
  std::optional<double> requests_per_second_per_address;
  std::optional<double> requests_per_second;           ///< per key
  std::optional<double> publish_events_per_second;     ///< per key
  std::optional<double> publish_bytes_per_second;      ///< per key; of bodies
  std::size_t max_subscriptions_per_connection = 100;  ///< of a WebSocket
  /// Bodies and unsent answers of all connections together; at least body_bytes.
  std::size_t max_request_bytes_in_flight = std::size_t{256} << 20;

  std::chrono::seconds heartbeat{15};
  std::chrono::milliseconds coalesce{0};  ///< default of coalesce_ms
  /// A stream whose client has taken nothing for so long is closed.
  std::chrono::seconds stalled_stream_timeout{600};
  /// The kernel's send buffer for a stream; bounds what a client that never reads costs.
  int stream_send_buffer_bytes = 128 << 10;
  /// How long stop() takes at most: streams get their goodbyes spread over it, as far as there are
  /// enough of them, and requests under way may finish.
  std::chrono::milliseconds drain_timeout{1500};
  /// Before that, /readyz says for so long that the server is going, and all else goes on, so that
  /// balancers notice.
  std::chrono::milliseconds drain_delay{0};

  bool access_log = false;  ///< each request at log level info; else at level debug

  /// gzip for whoever accepts it, streams and answers; permessage-deflate on WebSockets.
  bool compression = true;
  int compression_level = 1;  ///< 1 (quickest) to 9 (smallest)
  /// Matches reach 2^this bytes back, 9 to 15; a compressor takes 8 times that of memory.
  int compression_window_bits = 15;
  std::size_t compression_min_bytes = 1024;  ///< shorter answers go as they are
  /// Compressors for streams that a worker keeps. Streams of the same filter, dialect, heartbeat
  /// and coalesce_ms share one; beyond so many different ones streams go uncompressed.
  std::size_t stream_compressors = 256;

  std::size_t ws_message_bytes = std::size_t{1} << 20;  ///< of a client's WebSocket message
  /// A WebSocket client that was pinged after `heartbeat` of silence and says nothing is given up.
  std::chrono::seconds ws_pong_timeout{20};

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
