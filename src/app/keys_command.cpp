#include "app/keys_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <stdexcept>

#include "app/command_support.hpp"
#include "app/history_options.hpp"
#include "app/table.hpp"
#include "app/terminal_text.hpp"
#include "app/time_words.hpp"
#include "auth/api_key.hpp"
#include "auth/audit_log.hpp"
#include "auth/crypto.hpp"
#include "auth/scope_words.hpp"
#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::app {
namespace {

constexpr std::int64_t kMinute_ns = 60'000'000'000;
constexpr std::int64_t kLongest_ns = 100 * 366 * 24 * 60 * kMinute_ns;

std::int64_t unit_ns(char unit) {
  switch (unit) {
    case 'm':
      return kMinute_ns;
    case 'h':
      return 60 * kMinute_ns;
    case 'd':
      return 24 * 60 * kMinute_ns;
    case 'w':
      return 7 * 24 * 60 * kMinute_ns;
    default:
      return 0;
  }
}

/// `90d` as nanoseconds; 0 for other texts and more than a century.
std::int64_t parse_span(const std::string& text) {
  std::int64_t count = 0;
  const char* const last = text.data() + text.size() - (text.empty() ? 0 : 1);
  const auto [stop, error] = std::from_chars(text.data(), last, count);
  const std::int64_t unit = text.empty() ? 0 : unit_ns(*last);
  if (error != std::errc{} || stop != last || unit == 0 || count <= 0) return 0;
  return count <= kLongest_ns / unit ? count * unit : 0;
}

std::string state_of(const auth::StoredKey& key, std::int64_t now_ns) {
  if (key.revoked_ns) return "revoked";
  return key.expires_ns && *key.expires_ns <= now_ns ? "expired" : "active";
}

std::string moment_text(const std::optional<std::int64_t>& moment, const char* none) {
  return moment ? ist_date_and_time(from_ns(*moment)) : none;
}

/// `order_event; NIFTY,SBIN; engine e1`, or empty for a key that is not narrowed.
std::string narrowing_text(const auth::StoredKey& key) {
  std::vector<std::string> parts;
  for (const auto* list :
       {&key.narrowing.event_type, &key.narrowing.symbol, &key.narrowing.strategy}) {
    if (!list->empty()) parts.push_back(fmt::format("{}", fmt::join(*list, ",")));
  }
  if (!key.engine_id.empty()) parts.push_back("engine " + key.engine_id);
  if (!key.account.empty()) parts.push_back("account " + key.account);
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string json_with_state(const auth::StoredKey& key, std::int64_t now_ns) {
  std::string text = auth::public_json_of(key);
  text.insert(text.size() - 1, fmt::format(R"(,"state":"{}")", state_of(key, now_ns)));
  return text;
}

std::string sentence_of(const auth::StoredKey& key, std::int64_t now_ns) {
  const std::string narrowing = narrowing_text(key);
  return fmt::format("{} \"{}\" is {}; scopes: {}; {}; expires: {}", key.id, printable(key.name),
                     state_of(key, now_ns), fmt::join(auth::words_of_scopes(key.scopes), ", "),
                     narrowing.empty() ? "not narrowed" : "only " + printable(narrowing),
                     moment_text(key.expires_ns, "never"));
}

}  // namespace

std::int64_t parse_expiry(const std::string& text, std::int64_t now_ns) {
  if (const std::int64_t span = parse_span(text)) return now_ns + span;
  const auto moment = parse_rfc3339(text);
  if (!moment) {
    throw std::invalid_argument(
        fmt::format("--expires {}: must be a span such as 90d, 12h or 4w, or a moment such as "
                    "2027-03-31T18:30:00Z",
                    text));
  }
  if (to_ns(*moment) <= now_ns) {
    throw std::invalid_argument(fmt::format("--expires {}: is not in the future", text));
  }
  return to_ns(*moment);
}

KeysCommand::KeysCommand(CLI::App& app) : data_dir_(default_data_dir()) {
  CLI::App* keys = app.add_subcommand("keys", "API keys: who may read, publish, administer");
  keys->require_subcommand(1);
  add_create(*keys);
  list_ = add(*keys, "list", "the keys, without their secrets");
  revoke_ = add(*keys, "revoke", "a running server refuses the key within seconds");
  revoke_->add_option("id", id_, "eight digits, as keys list shows them")->required();
  check_ = add(*keys, "check", "reads a key from standard input and says what it may do");
}

CLI::App* KeysCommand::add(CLI::App& parent, const char* name, const char* what) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->add_option("--data-dir", data_dir_, "folder of the server's history and keys")
      ->envname("TAPEDECK_DATA_DIR")
      ->capture_default_str();
  command->add_option("--keys-file", keys_file_, "default: keys.json in the data folder")
      ->envname("TAPEDECK_KEYS_FILE");
  command->add_option("--audit-log", audit_log_, "default: audit.log beside the keys file")
      ->envname("TAPEDECK_AUDIT_LOG");
  command->add_flag("--json", json_, "for programs");
  return command;
}

void KeysCommand::add_create(CLI::App& parent) {
  create_ = add(parent, "create", "makes a key and shows it, this once");
  create_->add_option("--name", wanted_.name, "whose it is, for people")->required();
  create_->add_option("--scope", wanted_.scopes, "read, publish, admin (which includes the others)")
      ->delimiter(',')
      ->required()
      ->check(CLI::IsMember({"read", "publish", "admin"}));
  create_->add_option("--event-type", wanted_.event_types, "only these; read and publish alike")
      ->delimiter(',');
  create_->add_option("--symbol", wanted_.symbols, "only these")->delimiter(',');
  create_->add_option("--strategy", wanted_.strategies, "only these")->delimiter(',');
  create_->add_option("--engine-id", wanted_.engine_id, "events it publishes are of this engine");
  create_->add_option("--account", wanted_.account, "events it publishes are of this account");
  create_->add_option("--expires", wanted_.expires, "90d, 12h, 4w, or RFC 3339; default: never");
  create_->add_option("--requests-per-second", wanted_.quota.requests_per_second,
                      "instead of the server's limit");
  create_->add_option("--publish-events-per-second", wanted_.quota.publish_events_per_second,
                      "instead of the server's limit");
  create_->add_option("--publish-bytes-per-second", wanted_.quota.publish_bytes_per_second,
                      "instead of the server's limit");
  create_->add_option("--connections", wanted_.quota.connections, "open at the same time");
}

std::optional<int> KeysCommand::run() const {
  if (*create_) return create();
  if (*list_) return list();
  if (*revoke_) return revoke();
  if (*check_) return check();
  return std::nullopt;
}

std::filesystem::path KeysCommand::keys_file() const {
  return keys_file_.empty() ? data_dir_ / "keys.json" : keys_file_;
}

auth::StoredKey KeysCommand::wanted_key(std::int64_t now_ns) const {
  auth::StoredKey key;
  key.name = wanted_.name;
  for (const std::string& word : wanted_.scopes) {
    key.scopes = static_cast<std::uint8_t>(key.scopes | auth::bits_of(*auth::parse_scope(word)));
  }
  key.narrowing = {wanted_.event_types, wanted_.symbols, wanted_.strategies};
  key.engine_id = wanted_.engine_id;
  key.account = wanted_.account;
  key.quota = wanted_.quota;
  if (!wanted_.expires.empty()) key.expires_ns = parse_expiry(wanted_.expires, now_ns);
  return key;
}

int KeysCommand::create() const {
  const std::int64_t now_ns = to_ns(now());
  const auto created = auth::KeyFile(keys_file()).create(wanted_key(now_ns), now_ns);
  if (!created) {
    if (created.error().code == "invalid_key") throw std::invalid_argument(created.error().message);
    return fail(created.error().message);
  }
  if (json_) {
    fmt::print(R"({{"ok":true,"api_key":{},"key":{}}})"
               "\n",
               json::quoted(created->text), json_with_state(created->stored, now_ns));
  } else {
    fmt::print("{}\n", created->text);
    fmt::print(stderr, "Key {}.\nIt is shown this once: {} keeps only its hash.\n",
               sentence_of(created->stored, now_ns), keys_file().string());
  }
  record("key_created", created->stored, now_ns);
  return finish_output();
}

int KeysCommand::list() const {
  const std::int64_t now_ns = to_ns(now());
  const auto keys = auth::KeyFile(keys_file()).read();
  if (!keys) return fail(keys.error().message);
  if (json_) {
    std::vector<std::string> texts;
    for (const auto& key : *keys) texts.push_back(json_with_state(key, now_ns));
    fmt::print(R"({{"ok":true,"keys":[{}]}})"
               "\n",
               fmt::join(texts, ","));
    return finish_output();
  }
  Table table({{"id"}, {"state"}, {"scopes"}, {"name"}, {"created"}, {"expires"}, {"only"}});
  for (const auto& key : *keys) {
    table.add_row({key.id, state_of(key, now_ns),
                   fmt::format("{}", fmt::join(auth::words_of_scopes(key.scopes), ",")), key.name,
                   moment_text(key.created_ns, ""), moment_text(key.expires_ns, "never"),
                   narrowing_text(key)});
  }
  fmt::print("{}", table.text(terminal_width(), isatty(STDOUT_FILENO) == 1));
  return finish_output();
}

int KeysCommand::revoke() const {
  const std::int64_t now_ns = to_ns(now());
  const auto revoked = auth::KeyFile(keys_file()).revoke(id_, now_ns);
  if (!revoked) return fail(revoked.error().message);
  record("key_revoked", *revoked, now_ns);
  if (json_) {
    fmt::print(R"({{"ok":true,"key":{}}})"
               "\n",
               json_with_state(*revoked, now_ns));
  } else {
    fmt::print("key {} \"{}\" is revoked\n", revoked->id, printable(revoked->name));
  }
  return finish_output();
}

int KeysCommand::check() const {
  const std::int64_t now_ns = to_ns(now());
  std::string text;
  std::getline(std::cin, text);
  const auto presented = auth::parse_api_key(text);
  if (!presented) return fail("standard input holds no API key (tdk_, eight digits, _, a secret)");
  const auto keys = auth::KeyFile(keys_file()).read();
  if (!keys) return fail(keys.error().message);
  for (const auto& key : *keys) {
    if (key.id != presented->id || !auth::same_digest(key.secret, presented->secret)) continue;
    json_ ? fmt::print(R"({{"ok":true,"key":{}}})"
                       "\n",
                       json_with_state(key, now_ns))
          : fmt::print("{}\n", sentence_of(key, now_ns));
    if (const int code = finish_output(); code != kExitDone) return code;
    const std::string state = state_of(key, now_ns);
    return state == "active" ? kExitDone : fail("the key is " + state);
  }
  return fail(fmt::format("the key is not in {}", keys_file().string()));
}

void KeysCommand::record(const char* action, const auth::StoredKey& key,
                         std::int64_t now_ns) const {
  auth::AuditOptions options;
  options.path = audit_log_.empty() ? keys_file().replace_filename("audit.log") : audit_log_;
  try {
    auth::AuditLog log(options);
    log.record({action, fmt::format("user:{}", ::getuid()), "", "",
                "key:" + key.id + " " + key.name, now_ns});
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "tapedeck: done, but not recorded: {}\n", error.what());
  }
}

}  // namespace tapedeck::app
