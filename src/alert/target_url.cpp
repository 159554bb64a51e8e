#include "alert/target_url.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <new>

namespace tapedeck::alert {
namespace {

struct UrlFree {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

/// A part of a URL; empty when it has none.
std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> held(text, &curl_free);
  return text;
}

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
  const std::unique_ptr<CURLU, UrlFree> parsed(curl_url());
  if (parsed == nullptr) throw std::bad_alloc();
  if (!is_plain(url) || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(),
                                     CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return no_url("cannot be read");
  }
  TargetUrl out;
  out.scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (out.scheme != "http" && out.scheme != "https") return no_url("is neither http nor https");
  out.host = lower(part_of(parsed.get(), CURLUPART_HOST));
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  out.port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.path = part_of(parsed.get(), CURLUPART_PATH);
  out.query = part_of(parsed.get(), CURLUPART_QUERY);
  out.user = part_of(parsed.get(), CURLUPART_USER, CURLU_URLDECODE);
  out.password = part_of(parsed.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  if (out.host.empty() || out.port == "0") return no_url("cannot be read");
  // A zone would lead to a neighbour on one of this machine's own networks.
  if (!part_of(parsed.get(), CURLUPART_ZONEID).empty()) return no_url("has a zone in its address");
  const std::string port = part_of(parsed.get(), CURLUPART_PORT);
  out.shown =
      fmt::format("{}://{}{}{}", out.scheme, bracketed(out.host), port.empty() ? "" : ":", port);
  return out;
}

}  // namespace tapedeck::alert
