// The opening of a WebSocket (RFC 6455 §4.2): whether a request asks for one properly, what is
// answered, and what is agreed on about compression (RFC 7692 §7.1). Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck {

/// What a request says of an upgrade; lists that came in several lines joined by commas.
struct WsUpgradeFields {
  std::string_view method;
  std::string_view upgrade;
  std::string_view connection;
  std::string_view key;      ///< Sec-WebSocket-Key
  std::string_view version;  ///< Sec-WebSocket-Version
  std::string protocols;
  std::string extensions;
  bool http11 = true;
};

/// What both sides have agreed on.
struct WsAgreement {
  std::string accept;     ///< Sec-WebSocket-Accept
  bool protocol = false;  ///< the client asked for kWsProtocol
  /// permessage-deflate, both sides without context takeover: the server's window, 2^n bytes.
  std::optional<int> deflate_window{};
  bool names_window = false;  ///< the client wants to be told of the window
};

inline constexpr std::string_view kWsProtocol = "tapedeck.v1";

/// @param deflate whether compression may be agreed on.
/// Error codes: upgrade_required (no WebSocket of version 13 is asked for), invalid_handshake.
Result<WsAgreement> agree_on_ws(const WsUpgradeFields& request, bool deflate);

/// Header lines that go with upgrade_required.
inline constexpr std::string_view kWsUpgradeHeaders =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";

/// The answer: from the status line to the empty line.
/// @param headers more lines, each ending in CRLF
std::string ws_response_head(const WsAgreement& agreement, std::string_view headers = {});

/// Sec-WebSocket-Accept for a key: base64 of SHA-1 (RFC 6455 §4.2.2).
std::string ws_accept_of(std::string_view key);

/// Sets deflate_window to what the first acceptable offer of permessage-deflate comes to; offers
/// that cannot be met are passed over. @return false when the header is none.
bool agree_on_deflate(std::string_view extensions, WsAgreement& out);

}  // namespace tapedeck
