// `tapedeck keys create`, `list`, `revoke` and `check`: the API keys in a server's keys file,
// whether one runs or not; a running one sees changes within seconds. For the main thread of the
// command line. A new key goes to standard output, alone and this once; errors are one sentence on
// standard error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "auth/key_file.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tapedeck::app {

/// `90d`, `12h`, `4w`, `30m` from now, or a moment in RFC 3339; it must be in the future.
/// @return UTC nanoseconds. @throws std::invalid_argument
std::int64_t parse_expiry(const std::string& text, std::int64_t now_ns);

class KeysCommand {
 public:
  /// Adds the commands to the program.
  explicit KeysCommand(CLI::App& app);

  /// @return the exit code when one of them was given; nothing otherwise.
  /// @throws std::invalid_argument for wrong usage
  std::optional<int> run() const;

 private:
  struct Create {
    std::string name, engine_id, account, expires;
    std::vector<std::string> scopes, event_types, symbols, strategies;
    auth::Quota quota;
  };

  CLI::App* add(CLI::App& parent, const char* name, const char* what);
  void add_create(CLI::App& parent);
  std::filesystem::path keys_file() const;
  auth::StoredKey wanted_key(std::int64_t now_ns) const;
  int create() const;
  int list() const;
  int revoke() const;
  int check() const;
  void record(const char* action, const auth::StoredKey& key, std::int64_t now_ns) const;

  CLI::App* create_ = nullptr;
  CLI::App* list_ = nullptr;
  CLI::App* revoke_ = nullptr;
  CLI::App* check_ = nullptr;
  std::filesystem::path data_dir_, keys_file_, audit_log_;
  bool json_ = false;
  Create wanted_;
  std::string id_;  ///< to be revoked
};

}  // namespace tapedeck::app
