#include "alert/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "alert/rule.hpp"
#include "alert/settings_reader.hpp"
#include "alert/target_url.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::array kFormats{Format::json, Format::slack, Format::telegram, Format::alertmanager};
constexpr unsigned kMostPerMinute = 60'000;
constexpr std::chrono::seconds kAlertmanagerRepeat{60};

Error invalid(std::string_view field, std::string message) {
  return {"invalid_target", fmt::format("{}: {}", field, std::move(message)),
          fmt::format("/{}", field)};
}

std::optional<Format> format_named(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [&](Format format) { return to_string(format) == name; });
  return found == kFormats.end() ? std::nullopt : std::optional(*found);
}

/// `slack+https://…`: takes the prefix off. Nothing: there is none.
std::optional<std::string> take_prefix(std::string& url) {
  const std::size_t plus = url.find('+');
  if (plus == std::string::npos || plus > url.find(':')) return std::nullopt;
  std::string prefix = url.substr(0, plus);
  url.erase(0, plus + 1);
  return prefix;
}

Format format_of_host(const std::string& host) {
  if (host == "hooks.slack.com") return Format::slack;
  if (host == "api.telegram.org") return Format::telegram;
  return Format::json;
}

/// Takes `chat_id=…` out of a query, so that it is in the body only.
std::string take_chat_id(std::string& query) {
  std::string chat_id, rest;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string pair = query.substr(at, end - at);
    if (pair.starts_with("chat_id=")) {
      chat_id = pair.substr(8);
    } else if (!pair.empty()) {
      rest += (rest.empty() ? "" : "&") + pair;
    }
    at = end + 1;
  }
  query = rest;
  if (chat_id.starts_with("%40")) chat_id.replace(0, 3, "@");  // of a channel's name
  return chat_id;
}

bool is_chat_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '@';
  });
}

void add_path(TargetUrl& url, std::string_view path) {
  while (url.path.ends_with('/')) url.path.pop_back();
  if (!url.path.ends_with(path)) url.path += path;
}

/// With credentials, as it is kept.
std::string whole_url(const std::string& written, const TargetUrl& url) {
  const std::size_t begin = written.find("://");
  const std::size_t end = written.find_first_of("/?#", begin + 3);
  return fmt::format("{}{}{}{}", end == std::string::npos ? written : written.substr(0, end),
                     url.path, url.query.empty() ? "" : "?", url.query);
}

/// Format and URL as they belong together. @param format as written; nothing: it was not
std::optional<Error> settle(Target& target, std::optional<Format> format) {
  if (const auto prefix = take_prefix(target.url)) {
    const auto named = format_named(*prefix);
    if (!named) {
      return invalid("url", "before + comes one of json, slack, telegram, alertmanager");
    }
    if (format && format != named) return invalid("format", "the URL names another one");
    format = named;
  }
  auto parsed = parse_target_url(target.url);
  if (!parsed) return std::move(parsed).error();
  TargetUrl& url = *parsed;
  target.format = format.value_or(format_of_host(url.host));
  if (target.format == Format::telegram) {
    const std::string chat_id = take_chat_id(url.query);
    if (target.chat_id.empty()) target.chat_id = chat_id;
    if (!is_chat_id(target.chat_id)) {
      return invalid("chat_id", "Telegram needs one: a number, or @ and a channel's name");
    }
    add_path(url, "/sendMessage");
  } else if (!target.chat_id.empty()) {
    return invalid("chat_id", "only Telegram has one");
  }
  if (target.format == Format::alertmanager) add_path(url, "/api/v2/alerts");
  target.url = whole_url(target.url, url);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Format format) noexcept {
  switch (format) {
    case Format::slack:
      return "slack";
    case Format::telegram:
      return "telegram";
    case Format::alertmanager:
      return "alertmanager";
    default:
      return "json";
  }
}

bool is_target_url(std::string_view text) noexcept {
  return text.find("://") != std::string_view::npos;
}

std::string shown_target(std::string_view name_or_url) {
  if (!is_target_url(name_or_url)) return std::string(name_or_url);
  std::string url(name_or_url);
  const auto prefix = take_prefix(url);
  const auto parsed = parse_target_url(url);
  if (!parsed || (prefix && !format_named(*prefix))) return "a URL that cannot be read";
  return prefix ? fmt::format("{}+{}", *prefix, parsed->shown) : parsed->shown;
}

Result<Target> target_of_url(std::string_view url, std::string_view secret) {
  Target target;
  target.name = url;
  target.url = url;
  target.secret = secret;
  if (auto error = settle(target, std::nullopt)) return std::move(*error);
  if (target.format == Format::alertmanager) target.repeat = kAlertmanagerRepeat;
  return target;
}

Result<Target> parse_target(std::string_view name, std::string_view json) {
  using std::chrono::seconds;
  if (!is_rule_name(name)) {
    return invalid("name", "a target's name has 1 to 64 of A-Z a-z 0-9 _ . -");
  }
  Target target;
  target.name = name;
  SettingsReader reader(json, "invalid_target");
  std::string format_text;
  std::uint64_t per_minute = target.max_per_minute;
  std::chrono::nanoseconds repeat{};
  if (!reader.text("url", target.url)) reader.fail("url", "a target needs one");
  const bool has_format = reader.text("format", format_text);
  const auto format = format_named(format_text);
  if (has_format && !format) {
    reader.fail("format", "write one of json, slack, telegram, alertmanager");
  }
  reader.secret("secret", target.secret);
  reader.text("chat_id", target.chat_id);
  reader.text("ca_file", target.ca_file);
  reader.number("max_per_minute", 0, kMostPerMinute, per_minute);
  const bool has_repeat = reader.duration("repeat", seconds(0), std::chrono::hours(24 * 7), repeat);
  reader.boolean("send_resolved", target.send_resolved);
  if (has_repeat && repeat % seconds(1) != seconds(0)) reader.fail("repeat", "write whole seconds");
  if (auto error = reader.finish()) return std::move(*error);
  if (auto error = settle(target, format)) return std::move(*error);
  target.max_per_minute = static_cast<unsigned>(per_minute);
  target.repeat = std::chrono::duration_cast<seconds>(repeat);
  if (!has_repeat && target.format == Format::alertmanager) target.repeat = kAlertmanagerRepeat;
  return target;
}

}  // namespace tapedeck::alert
