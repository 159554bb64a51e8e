// What clients say over a WebSocket (contract §4), one JSON object a message, and the small things
// that are said back. Members are read as the REST API reads its parameters, so that a name means
// the same and a misspelt one is an error there and here.
//
// WsOpParser is not thread-safe; each worker has one. The rest is pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "server/options.hpp"
#include "server/stream_request.hpp"

namespace tapedeck {

struct WsOp {
  enum class Kind : std::uint8_t { subscribe, unsubscribe, publish, ping, clear };
  Kind kind = Kind::ping;
  std::string id;  ///< as JSON, to be said back: a string or a whole number; empty: none was given

  // subscribe
  StreamRequest stream;
  bool batch = false;  ///< several events in one message

  // publish
  std::string_view events;  ///< JSON as it came: an event or an array of them
  bool is_array = false;    ///< the member was `events`
  bool durable = false;     ///< answer when they are on disk
  std::optional<std::string> idempotency_key;
};

std::string_view name_of(WsOp::Kind kind);

class WsOpParser {
 public:
  /// Bytes that must be allocated behind a message, of any content.
  static constexpr std::size_t kPadding = 64;
  static constexpr std::size_t kMaxIdBytes = 64;

  WsOpParser();
  ~WsOpParser();
  WsOpParser(const WsOpParser&) = delete;
  WsOpParser& operator=(const WsOpParser&) = delete;

  /// @param message followed by at least kPadding allocated bytes. `out.events` is a view into it.
  /// @param out all defaults; with an error it has the id if there was one before what is wrong.
  /// Error codes: malformed_json, invalid_message, unknown_parameter, and those of filters.
  std::optional<Error> parse(std::string_view message, const ServerOptions& options, WsOp& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `{"op":"ack","of":"subscribe","id":...` and `members`, each with a comma before it.
std::string ws_ack(WsOp::Kind kind, std::string_view id, std::string_view members = {});
/// @param members likewise.
std::string ws_error(std::string_view id, const Error& error, std::string_view members = {});
std::string ws_pong(std::string_view id);
std::string ws_gap(std::string_view sub, std::string_view requested, std::string_view oldest,
                   std::optional<std::uint64_t> missed);

}  // namespace tapedeck
