#include "auth/key_file_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "auth/api_key.hpp"
#include "auth/scope_words.hpp"
#include "auth/strict_json.hpp"
#include "auth/text_coding.hpp"
#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::auth {
namespace {

using Element = StrictJson::Element;
using Object = StrictJson::Object;

constexpr std::int64_t kVersion = 1;

// --- reading: each function takes one member and says whether it could ---

bool take(Element from, std::string& to) {
  const auto text = text_of(from);
  if (text) to = *text;
  return text.has_value();
}

bool take(Element from, std::vector<std::string>& to) {
  auto texts = texts_of(from, kMaxKeyTextBytes);
  if (texts) to = std::move(*texts);
  return texts.has_value();
}

bool take(Element from, Digest& to) {
  const auto text = text_of(from);
  const auto digest = text ? decode_hex_digest(*text) : std::nullopt;
  if (digest) to = *digest;
  return digest.has_value();
}

bool take_moment(Element from, std::int64_t& to) {
  const auto text = text_of(from);
  const auto moment = text ? parse_rfc3339(*text) : std::nullopt;
  if (moment) to = to_ns(*moment) / 1000 * 1000;
  return moment.has_value();
}

bool take_moment(Element from, std::optional<std::int64_t>& to) {
  return take_moment(from, to.emplace());
}

bool take(Element from, std::optional<double>& to) {
  return from.is_number() && from.get(to.emplace()) == simdjson::SUCCESS;
}

bool take(Element from, std::optional<std::size_t>& to) {
  std::uint64_t count = 0;
  if (from.get(count) != simdjson::SUCCESS) return false;
  to = count;
  return true;
}

bool take_scopes(Element from, std::uint8_t& to) {
  const auto words = texts_of(from, kMaxKeyTextBytes);
  if (!words) return false;
  for (const std::string& word : *words) {
    const auto scope = parse_scope(word);
    if (!scope) return false;
    to = static_cast<std::uint8_t>(to | bits_of(*scope));
  }
  return true;
}

bool take(Element from, Narrowing& to) {
  Object object;
  if (from.get(object) != simdjson::SUCCESS) return false;
  return std::all_of(object.begin(), object.end(), [&](const auto& field) {
    if (field.key == "event_type") return take(field.value, to.event_type);
    if (field.key == "symbol") return take(field.value, to.symbol);
    if (field.key == "strategy") return take(field.value, to.strategy);
    return false;
  });
}

bool take(Element from, Quota& to) {
  Object object;
  if (from.get(object) != simdjson::SUCCESS) return false;
  return std::all_of(object.begin(), object.end(), [&](const auto& field) {
    if (field.key == "requests_per_second") return take(field.value, to.requests_per_second);
    if (field.key == "publish_events_per_second") {
      return take(field.value, to.publish_events_per_second);
    }
    if (field.key == "publish_bytes_per_second") {
      return take(field.value, to.publish_bytes_per_second);
    }
    if (field.key == "connections") return take(field.value, to.connections);
    return false;
  });
}

bool take_member(std::string_view name, Element value, StoredKey& key) {
  if (name == "id") return take(value, key.id);
  if (name == "name") return take(value, key.name);
  if (name == "secret_sha256") return take(value, key.secret);
  if (name == "scopes") return take_scopes(value, key.scopes);
  if (name == "narrowing") return take(value, key.narrowing);
  if (name == "engine_id") return take(value, key.engine_id);
  if (name == "account") return take(value, key.account);
  if (name == "quota") return take(value, key.quota);
  if (name == "created") return take_moment(value, key.created_ns);
  if (name == "expires") return take_moment(value, key.expires_ns);
  if (name == "revoked") return take_moment(value, key.revoked_ns);
  return false;
}

Error wrong(std::size_t index, std::string_view member, std::string_view what) {
  std::string pointer = fmt::format("/keys/{}", index);
  if (!member.empty() && is_printable(member) && member.size() <= kMaxKeyTextBytes) {
    pointer += fmt::format("/{}", member);
  }
  return {"invalid_key_file", fmt::format("{} {}", pointer, what), pointer};
}

Result<StoredKey> parse_key(Element element, std::size_t index) {
  Object object;
  if (element.get(object) != simdjson::SUCCESS) return wrong(index, "", "is not an object");
  StoredKey key;
  for (const auto field : object) {
    if (!take_member(field.key, field.value, key)) {
      return wrong(index, field.key, "is not understood, or not of the form it must have");
    }
  }
  for (const std::string_view name : {"id", "name", "secret_sha256", "scopes", "created"}) {
    if (!member_of(object, name)) return wrong(index, name, "is missing");
  }
  if (const auto fault = fault_of(key)) return wrong(index, fault->field, fault->message);
  return key;
}

// --- writing ---

void append_texts(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  fmt::format_to(std::back_inserter(out), "{}\"{}\":[", out.back() == '{' ? "" : ",", name);
  for (const std::string& text : texts) {
    if (out.back() != '[') out += ',';
    json::append_string(out, text);
  }
  out += ']';
}

template <typename T>
void append_number(std::string& out, std::string_view name, const std::optional<T>& value) {
  if (!value) return;
  fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", out.back() == '{' ? "" : ",", name,
                 *value);
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":{}", name, json::quoted(text));
}

void append_moment(std::string& out, std::string_view name,
                   const std::optional<std::int64_t>& moment) {
  if (moment) append_text(out, name, format_rfc3339(from_ns(*moment)));
}

void append_rights(std::string& out, const StoredKey& key) {
  out += ",\"scopes\":[";
  for (const std::string_view word : words_of_scopes(key.scopes)) {
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", out.back() == '[' ? "" : ",", word);
  }
  out += ']';
  if (!key.narrowing.empty()) {
    out += ",\"narrowing\":{";
    append_texts(out, "event_type", key.narrowing.event_type);
    append_texts(out, "symbol", key.narrowing.symbol);
    append_texts(out, "strategy", key.narrowing.strategy);
    out += '}';
  }
  append_text(out, "engine_id", key.engine_id);
  append_text(out, "account", key.account);
  if (key.quota != Quota{}) {
    out += ",\"quota\":{";
    append_number(out, "requests_per_second", key.quota.requests_per_second);
    append_number(out, "publish_events_per_second", key.quota.publish_events_per_second);
    append_number(out, "publish_bytes_per_second", key.quota.publish_bytes_per_second);
    append_number(out, "connections", key.quota.connections);
    out += '}';
  }
}

std::string json_of(const StoredKey& key, bool with_secret) {
  std::string out =
      fmt::format(R"({{"id":{},"name":{})", json::quoted(key.id), json::quoted(key.name));
  if (with_secret) append_text(out, "secret_sha256", hex(key.secret));
  append_rights(out, key);
  append_moment(out, "created", key.created_ns);
  append_moment(out, "expires", key.expires_ns);
  append_moment(out, "revoked", key.revoked_ns);
  return out + '}';
}

// --- what may be kept ---

bool is_fine_text(std::string_view text) {
  return text.size() <= kMaxKeyTextBytes && is_printable(text);
}

bool is_fine_rate(const std::optional<double>& rate) {
  return !rate || (std::isfinite(*rate) && *rate > 0);
}

bool are_fine_texts(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [](const auto& text) { return !text.empty() && is_fine_text(text); });
}

}  // namespace

std::optional<Error> fault_of(const StoredKey& key) {
  const auto fault = [](const char* field, std::string message) {
    return Error{"invalid_key", std::move(message), field};
  };
  const std::string text_rule =
      fmt::format("must be at most {} bytes without control characters", kMaxKeyTextBytes);
  if (!is_api_key_id(key.id)) return fault("id", "must be eight lower-case hexadecimal digits");
  if (key.name.empty()) return fault("name", "must not be empty");
  if (!is_fine_text(key.name)) return fault("name", text_rule);
  if (key.scopes == 0) return fault("scopes", "must be one or more of read, publish, admin");
  if (!are_fine_texts(key.narrowing.event_type) || !are_fine_texts(key.narrowing.symbol) ||
      !are_fine_texts(key.narrowing.strategy)) {
    return fault("narrowing", "has an empty value, or one that " + text_rule);
  }
  if (!is_fine_text(key.engine_id)) return fault("engine_id", text_rule);
  if (!is_fine_text(key.account)) return fault("account", text_rule);
  if (!is_fine_rate(key.quota.requests_per_second) ||
      !is_fine_rate(key.quota.publish_events_per_second) ||
      !is_fine_rate(key.quota.publish_bytes_per_second) || key.quota.connections == 0U) {
    return fault("quota", "must be above zero; leave out what is not limited");
  }
  return std::nullopt;
}

Grant grant_of(const StoredKey& key) {
  Grant grant;
  grant.id = "key:" + key.id;
  grant.name = key.name;
  grant.scopes = key.scopes;
  grant.narrowing = key.narrowing;
  grant.engine_id = key.engine_id;
  grant.account = key.account;
  grant.quota = key.quota;
  grant.expires_ns = key.expires_ns.value_or(INT64_MAX);
  return grant;
}

Result<std::vector<StoredKey>> parse_key_file(std::string_view text) {
  const auto invalid = [](std::string what) {
    return Error{"invalid_key_file", std::move(what), ""};
  };
  StrictJson json;
  const auto root = json.parse_object(text);
  if (!root) return invalid("it " + root.error().message);
  for (const auto field : *root) {
    if (field.key != "version" && field.key != "keys") {
      return invalid("it has a member that is neither \"version\" nor \"keys\"");
    }
  }
  const auto version = member_of(*root, "version"), list = member_of(*root, "keys");
  std::int64_t number = 0;
  if (!version || version->get(number) != simdjson::SUCCESS || number != kVersion) {
    return invalid(fmt::format("its \"version\" is not {}", kVersion));
  }
  simdjson::dom::array items;
  if (!list || list->get(items) != simdjson::SUCCESS) return invalid("\"keys\" is not a list");
  std::vector<StoredKey> keys;
  std::set<std::string> ids;
  for (const Element item : items) {
    auto key = parse_key(item, keys.size());
    if (!key) return key.error();
    if (keys.size() == kMaxKeys) return invalid(fmt::format("it has more than {} keys", kMaxKeys));
    if (!ids.insert(key->id).second) return wrong(keys.size(), "id", "is another key's id too");
    keys.push_back(std::move(key).value());
  }
  return keys;
}

std::string write_key_file(const std::vector<StoredKey>& keys) {
  std::string out = fmt::format("{{\"version\":{},\"keys\":[", kVersion);
  for (const StoredKey& key : keys) {
    out += out.back() == '[' ? "\n" : ",\n";
    out += json_of(key, true);
  }
  return out + "\n]}\n";
}

std::string public_json_of(const StoredKey& key) {
  return json_of(key, false);
}

}  // namespace tapedeck::auth
