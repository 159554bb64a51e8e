// keys.json: the API keys as they are kept. A JSON object:
//   {"version":1,"keys":[{"id":"1a2b3c4d","name":"grafana","secret_sha256":"<64 hex digits>",
//     "scopes":["read"],"narrowing":{"symbol":["NIFTY"]},"engine_id":"e1","account":"a1",
//     "quota":{"requests_per_second":10.0,"connections":4},
//     "created":"<RFC 3339>","expires":"<RFC 3339>","revoked":"<RFC 3339>"}]}
// All but id, name, secret_sha256, scopes and created may be missing. What is not understood is an
// error, not passed over: a misspelt "narrowing" must not widen a key. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/crypto.hpp"
#include "auth/grant.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

inline constexpr std::size_t kMaxKeyFileBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxKeys = 10'000;
inline constexpr std::size_t kMaxKeyTextBytes = 128;  ///< a name, a symbol, an engine_id

struct StoredKey {
  std::string id;
  std::string name;
  Digest secret{};
  std::uint8_t scopes = 0;  ///< Scopes or-ed
  Narrowing narrowing;
  std::string engine_id;
  std::string account;
  Quota quota;
  std::int64_t created_ns = 0;  ///< UTC, whole microseconds, like the next two
  std::optional<std::int64_t> expires_ns;
  std::optional<std::int64_t> revoked_ns;
  bool operator==(const StoredKey&) const = default;
};

/// What whoever presents the key may do: id `key:<id>`.
Grant grant_of(const StoredKey& key);

/// Why a key cannot be kept as it is (a name too long, no scope, a quota of zero); nothing: it can.
std::optional<Error> fault_of(const StoredKey& key);

/// @return the keys, or code "invalid_key_file" with the key and member at fault
Result<std::vector<StoredKey>> parse_key_file(std::string_view text);

/// The text that parse_key_file() reads back equal, ending in a newline.
std::string write_key_file(const std::vector<StoredKey>& keys);

/// One key as a JSON object without its secret's hash, for people and programs.
std::string public_json_of(const StoredKey& key);

}  // namespace tapedeck::auth
