#include "alert/target_url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/curl_values.hpp"

namespace tapedeck::alert {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

/// What libcurl would put right or pass on, each reader in its own way.
bool is_plain(const std::string& url) {
  const std::size_t colon = url.find(':');
  return colon != std::string::npos && url.compare(colon, 3, "://") == 0 &&
         url.find_first_of("/\\", colon + 3) != colon + 3 &&
         std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Error no_url(std::string why) {
  return {"invalid_target",
          fmt::format("the URL {}; it must be like https://example.com/hook", std::move(why)),
          "/url"};
}

}  // namespace

std::string TargetUrl::request_url() const {
  return fmt::format("{}://{}:{}{}{}{}", scheme, bracketed(host), port, path,
                     query.empty() ? "" : "?", query);
}

bool TargetUrl::same_origin(const TargetUrl& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

Result<TargetUrl> parse_target_url(const std::string& url) {
  if (url.size() > TargetUrl::kMaxBytes) {
    return no_url(fmt::format("has {} bytes, more than {}", url.size(), TargetUrl::kMaxBytes));
  }
  const UrlParts parts(url, CURLU_NON_SUPPORT_SCHEME);
  if (!is_plain(url) || !parts.is_url()) return no_url("cannot be read");
  TargetUrl out;
  out.scheme = parts.get(CURLUPART_SCHEME);
  if (out.scheme != "http" && out.scheme != "https") return no_url("is neither http nor https");
  out.host = lower(parts.get(CURLUPART_HOST));
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  out.port = parts.get(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.path = parts.get(CURLUPART_PATH);
  out.query = parts.get(CURLUPART_QUERY);
  out.user = parts.get(CURLUPART_USER, CURLU_URLDECODE);
  out.password = parts.get(CURLUPART_PASSWORD, CURLU_URLDECODE);
  if (out.host.empty() || out.port == "0") return no_url("cannot be read");
  // A zone would lead to a neighbour on one of this machine's own networks.
  if (!parts.get(CURLUPART_ZONEID).empty()) return no_url("has a zone in its address");
  const std::string port = parts.get(CURLUPART_PORT);
  out.shown =
      fmt::format("{}://{}{}{}", out.scheme, bracketed(out.host), port.empty() ? "" : ":", port);
  return out;
}

}  // namespace tapedeck::alert
