#include "auth/credential_set.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>

#include "auth/jwk_set.hpp"
#include "auth/key_file.hpp"

namespace tapedeck::auth {
namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;
constexpr std::size_t kMaxSecretFileBytes = VerificationKey::kMaxSecretBytes + 2;  // a line end

Error named(const char* what, const std::filesystem::path& path, const Error& error) {
  return {error.code, fmt::format("The {} {} {}", what, path.string(), error.message), ""};
}

Result<VerificationKeys> read_secret(const std::filesystem::path& path) {
  auto text = read_guarded(path, "JWT secret file", Guard::group_reads, kMaxSecretFileBytes);
  if (!text) return text.error();
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  auto key = VerificationKey::from_secret(*text, "");
  OPENSSL_cleanse(text->data(), text->size());
  if (!key) return named("JWT secret file", path, key.error());
  return VerificationKeys{std::move(key).value()};
}

Result<VerificationKeys> read_pem(const std::filesystem::path& path) {
  const auto text = read_guarded(path, "JWT key file", Guard::everyone_reads, kMaxPemBytes);
  if (!text) return text.error();
  auto keys = VerificationKey::from_pem(*text);
  if (!keys) return named("JWT key file", path, keys.error());
  return keys;
}

Result<VerificationKeys> read_jwks(const std::filesystem::path& path, bool secrets) {
  const Guard guard = secrets ? Guard::group_reads : Guard::everyone_reads;
  const auto text = read_guarded(path, "JWKS file", guard, kMaxJwkSetBytes);
  if (!text) return text.error();
  auto keys = parse_jwk_set(*text, secrets);
  if (!keys) return named("JWKS file", path, keys.error());
  return keys;
}

/// Tokens and streams refer to keys by number: a key that is still there keeps its own.
void keep_known(VerificationKeys& keys, const VerificationKeys& known) {
  for (auto& key : keys) {
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const auto& other) { return other->same_key(*key); });
    if (same != known.end()) key = *same;
  }
}

}  // namespace

bool CredentialSet::has_token_key(std::uint64_t number) const {
  return std::any_of(token_keys.begin(), token_keys.end(),
                     [&](const auto& key) { return key->number() == number; });
}

CredentialFiles::CredentialFiles(CredentialPaths paths) : paths_(std::move(paths)) {
  const int of_tokens = !paths_.secret.empty() + !paths_.public_key.empty() + !paths_.jwks.empty();
  if (of_tokens > 1) {
    throw std::invalid_argument(
        "Tokens are checked with one of a secret file, a public key file and a JWKS file; give "
        "one");
  }
  if (of_tokens == 0 && paths_.keys.empty()) {
    throw std::invalid_argument(
        "Authentication needs a keys file (tapedeck keys create makes one) or a key for tokens");
  }
}

Result<VerificationKeys> CredentialFiles::read_token_keys() const {
  if (!paths_.secret.empty()) return read_secret(paths_.secret);
  if (!paths_.public_key.empty()) return read_pem(paths_.public_key);
  if (!paths_.jwks.empty()) return read_jwks(paths_.jwks, paths_.jwks_secrets);
  return VerificationKeys{};
}

Result<CredentialSetPtr> CredentialFiles::read(const CredentialSet* before) {
  seen_ = identities();  // first: what changes while it is read is read again
  auto set = std::make_shared<CredentialSet>();
  if (!paths_.keys.empty()) {
    auto keys = KeyFile(paths_.keys).read();
    if (!keys) return keys.error();
    for (StoredKey& key : *keys) {
      auto grant = std::make_shared<const Grant>(grant_of(key));
      const std::string id = key.id;
      set->keys.emplace(id, CredentialSet::Key{std::move(key), std::move(grant)});
    }
  }
  auto token_keys = read_token_keys();
  if (!token_keys) return token_keys.error();
  set->token_keys = std::move(token_keys).value();
  if (before != nullptr) keep_known(set->token_keys, before->token_keys);
  return CredentialSetPtr(std::move(set));
}

bool CredentialFiles::have_changed() const {
  return identities() != seen_;
}

std::vector<std::optional<FileIdentity>> CredentialFiles::identities() const {
  std::vector<std::optional<FileIdentity>> found;
  for (const auto* path : {&paths_.keys, &paths_.secret, &paths_.public_key, &paths_.jwks}) {
    if (!path->empty()) found.push_back(identity_of(*path));
  }
  return found;
}

}  // namespace tapedeck::auth
