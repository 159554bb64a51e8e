// Grant: who calls and what he may do, made by an Authenticator out of a key, a token or a login,
// and asked by every path that reads or publishes. Immutable once made, shared by the requests and
// streams that hold it; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tapedeck::auth {

/// What a route asks for. A key has any of read, publish and admin; admin includes the others.
enum class Scope : std::uint8_t { none = 0, read = 1, publish = 2, admin = 4 };

/// The events a key or token is narrowed to, for reading and for publishing alike; an empty list
/// narrows nothing. An event without the field is outside of a narrowed one.
struct Narrowing {
  std::vector<std::string> event_type;
  std::vector<std::string> symbol;
  std::vector<std::string> strategy;  ///< payload.strategy or payload.strategy_name

  bool empty() const noexcept { return event_type.empty() && symbol.empty() && strategy.empty(); }
  bool operator==(const Narrowing&) const = default;
};

/// What a key may take of the server; nothing: what every key may (ServerOptions).
struct Quota {
  std::optional<double> requests_per_second;
  std::optional<double> publish_events_per_second;
  std::optional<double> publish_bytes_per_second;
  std::optional<std::size_t> connections;
  bool operator==(const Quota&) const = default;
};

struct Grant {
  std::string id;    ///< of limits and the audit log: `key:1a2b3c4d`, `jwt:<sub>`; never a secret
  std::string name;  ///< for people
  std::uint8_t scopes = 0;  ///< Scopes or-ed
  Narrowing narrowing;
  std::string engine_id;  ///< events it publishes are of this engine only; empty: of any
  std::string account;    ///< likewise
  Quota quota;
  std::int64_t expires_ns = INT64_MAX;  ///< UTC; streams it opened end then
  std::uint64_t token_key = 0;  ///< number of the key that verified a token; 0: it is of no token
  std::uint64_t session = 0;    ///< number of the login it came with; 0: of none

  bool operator==(const Grant&) const = default;
  bool has(Scope scope) const noexcept {
    const auto admin = static_cast<std::uint8_t>(Scope::admin);
    const auto wanted = static_cast<std::uint8_t>(scope);
    return (scopes & admin) != 0 || (scopes & wanted) == wanted;
  }
};
using GrantPtr = std::shared_ptr<const Grant>;

/// Everybody, where there is no authentication (loopback by default): may do everything.
GrantPtr everybody();

}  // namespace tapedeck::auth
