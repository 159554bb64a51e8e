#include "remote/remote_url.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace tapedeck::remote {
namespace {

constexpr const char* kExample = "it must be like http://127.0.0.1:9000";

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

}  // namespace

RemoteUrl parse_remote_url(const std::string& url) {
  const std::unique_ptr<CURLU, UrlFree> parsed(curl_url());
  if (parsed == nullptr) throw std::bad_alloc();
  const CURLUcode code =
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (url.empty() || url.find('\0') != std::string::npos || code != CURLUE_OK) {
    throw std::invalid_argument(fmt::format("the url of the server is none; {}", kExample));
  }
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    throw std::invalid_argument(
        fmt::format("the url of the server begins with {}:; {} or https://…", scheme, kExample));
  }
  for (const CURLUPart credential : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS}) {
    if (part_of(parsed.get(), credential).empty()) continue;
    throw std::invalid_argument(
        "the url of the server holds credentials, which would end up in logs; give an api key "
        "instead");
  }
  for (const CURLUPart extra : {CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (part_of(parsed.get(), extra).empty()) continue;
    throw std::invalid_argument(
        fmt::format("the url of the server must end before ? and #; {}", kExample));
  }
  const std::string host = part_of(parsed.get(), CURLUPART_HOST);
  const std::string port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::string prefix = part_of(parsed.get(), CURLUPART_PATH);
  while (prefix.ends_with('/')) prefix.pop_back();
  RemoteUrl out;
  out.shown = fmt::format("{}://{}:{}{}", scheme, host, port, prefix);
  out.endpoint = out.shown + "/api/telemetry/events";
  std::string name = host.substr(0, 40) + "_" + port;
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '_'; }, '_');
  const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(out.shown.data()),
                           static_cast<uInt>(out.shown.size()));
  out.spool_prefix = fmt::format("{}-{:08x}", name, sum);
  return out;
}

}  // namespace tapedeck::remote
