// CredentialSet: what credentials are checked with at a moment: the API keys and the keys of
// tokens. Immutable, shared by the requests that look at it; CredentialFiles reads it from the disk
// and sees when that has changed (one thread at a time).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/grant.hpp"
#include "auth/guarded_file.hpp"
#include "auth/key_file_format.hpp"
#include "auth/verification_key.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

struct CredentialSet {
  struct Key {
    StoredKey stored;
    GrantPtr grant;
  };
  std::unordered_map<std::string, Key> keys;  ///< by id, without `key:`
  VerificationKeys token_keys;

  bool has_token_key(std::uint64_t number) const;
};
using CredentialSetPtr = std::shared_ptr<const CredentialSet>;

/// Where they are kept; an empty path is a source that is not used.
struct CredentialPaths {
  std::filesystem::path keys;        ///< keys.json, owner only
  std::filesystem::path secret;      ///< HS256: the file's bytes without a final line end
  std::filesystem::path public_key;  ///< RS256 or ES256: PEM
  std::filesystem::path jwks;        ///< a JWK set
  bool jwks_secrets = false;         ///< HS256 keys are taken from it, too; then it is a secret
};

class CredentialFiles {
 public:
  /// @throws std::invalid_argument unless there is a source, and at most one of tokens
  explicit CredentialFiles(CredentialPaths paths);

  /// Reads all of them. Token keys that are in `before` too keep their numbers.
  /// @return the set, or the sentence about the first file that is refused
  Result<CredentialSetPtr> read(const CredentialSet* before);

  /// Whether a file is not the one that the last read() found, be it that it could use it or not.
  bool have_changed() const;

 private:
  Result<VerificationKeys> read_token_keys() const;
  std::vector<std::optional<FileIdentity>> identities() const;

  const CredentialPaths paths_;
  std::vector<std::optional<FileIdentity>> seen_;
};

}  // namespace tapedeck::auth
