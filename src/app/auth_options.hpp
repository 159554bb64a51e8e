// The options of serve and run about who may call: API keys, tokens, the audit log.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "auth/authenticator.hpp"

namespace CLI {
class App;
}

namespace tapedeck::app {

struct AuthArguments {
  std::string mode = "off";
  std::filesystem::path keys_file;
  std::filesystem::path audit_log;
  auth::CredentialPaths tokens;  // all but keys
  std::string issuer, audience;
  unsigned session_hours = 12;
};

void add_auth_options(CLI::App& command, AuthArguments& arguments);

/// Where keys are when nobody says otherwise.
std::filesystem::path default_keys_file(const std::filesystem::path& data_dir);

/// @return nothing with --auth off; the audit log is the caller's to open.
/// @throws std::invalid_argument with a sentence
std::optional<auth::AuthOptions> auth_options(const AuthArguments& arguments,
                                              const std::filesystem::path& data_dir);
std::filesystem::path audit_log_path(const AuthArguments& arguments,
                                     const std::filesystem::path& data_dir);

}  // namespace tapedeck::app
