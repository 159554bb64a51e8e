#include "app/auth_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <stdexcept>

namespace tapedeck::app {

void add_auth_options(CLI::App& command, AuthArguments& arguments) {
  command
      .add_option("--auth", arguments.mode,
                  "who may call: off: everybody on this machine; keys: who shows an API key "
                  "(tapedeck keys); tokens: who shows a JWT; both")
      ->envname("TAPEDECK_AUTH")
      ->check(CLI::IsMember({"off", "keys", "tokens", "both"}))
      ->capture_default_str();
  command
      .add_option("--keys-file", arguments.keys_file,
                  "with --auth keys: the API keys; default: keys.json in --data-dir")
      ->envname("TAPEDECK_KEYS_FILE");
  command
      .add_option("--audit-log", arguments.audit_log,
                  "who logged in, was refused, did what an admin may do (NDJSON); default: "
                  "audit.log in --data-dir")
      ->envname("TAPEDECK_AUDIT_LOG");
  auto* secret = command.add_option("--jwt-secret-file", arguments.tokens.secret,
                                    "tokens are signed with HS256 and the bytes of this file");
  auto* key = command.add_option("--jwt-public-key", arguments.tokens.public_key,
                                 "tokens are signed with RS256 or ES256 by this key (PEM)");
  auto* jwks = command.add_option("--jwks-file", arguments.tokens.jwks,
                                  "tokens are signed by a key of this JWK set");
  secret->excludes(key)->excludes(jwks);
  key->excludes(jwks);
  command.add_option("--jwt-issuer", arguments.issuer, "`iss` that tokens must have");
  command.add_option("--jwt-audience", arguments.audience, "`aud` that tokens must have");
  command
      .add_option("--session-hours", arguments.session_hours, "how long a browser stays logged in")
      ->check(CLI::Range(1U, 24U * 30U))
      ->capture_default_str();
}

std::filesystem::path default_keys_file(const std::filesystem::path& data_dir) {
  return data_dir / "keys.json";
}

std::optional<auth::AuthOptions> auth_options(const AuthArguments& arguments,
                                              const std::filesystem::path& data_dir) {
  const bool keys = arguments.mode == "keys" || arguments.mode == "both";
  const bool tokens = arguments.mode == "tokens" || arguments.mode == "both";
  const auth::CredentialPaths& given = arguments.tokens;
  const bool has_token_key =
      !given.secret.empty() || !given.public_key.empty() || !given.jwks.empty();
  if (tokens && !has_token_key) {
    throw std::invalid_argument(fmt::format(
        "--auth {}: say what tokens are signed with: --jwt-secret-file, --jwt-public-key or "
        "--jwks-file",
        arguments.mode));
  }
  // Whoever names credentials and forgets --auth would have an open server.
  if ((has_token_key && !tokens) || (!arguments.keys_file.empty() && !keys)) {
    throw std::invalid_argument(
        fmt::format("--auth {} does not use the {} that are given; say --auth keys, tokens or both",
                    arguments.mode, has_token_key && !tokens ? "tokens" : "keys"));
  }
  if (!keys && !tokens) return std::nullopt;
  auth::AuthOptions options;
  options.files = given;
  if (keys) {
    options.files.keys =
        arguments.keys_file.empty() ? default_keys_file(data_dir) : arguments.keys_file;
  }
  options.claims.issuer = arguments.issuer;
  options.claims.audience = arguments.audience;
  options.sessions.lifetime = std::chrono::hours(arguments.session_hours);
  return options;
}

std::filesystem::path audit_log_path(const AuthArguments& arguments,
                                     const std::filesystem::path& data_dir) {
  return arguments.audit_log.empty() ? data_dir / "audit.log" : arguments.audit_log;
}

}  // namespace tapedeck::app
