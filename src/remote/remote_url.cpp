#include "remote/remote_url.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>

#include "base/curl_values.hpp"

namespace tapedeck::remote {
namespace {

constexpr const char* kExample = "it must be like http://127.0.0.1:9000";

}  // namespace

RemoteUrl parse_remote_url(const std::string& url) {
  const UrlParts parts(url, CURLU_NON_SUPPORT_SCHEME);
  if (url.empty() || url.find('\0') != std::string::npos || !parts.is_url()) {
    throw std::invalid_argument(fmt::format("the url of the server is none; {}", kExample));
  }
  const std::string scheme = parts.get(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    throw std::invalid_argument(
        fmt::format("the url of the server begins with {}:; {} or https://…", scheme, kExample));
  }
  for (const CURLUPart credential : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS}) {
    if (parts.get(credential).empty()) continue;
    throw std::invalid_argument(
        "the url of the server holds credentials, which would end up in logs; give an api key "
        "instead");
  }
  for (const CURLUPart extra : {CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (parts.get(extra).empty()) continue;
    throw std::invalid_argument(
        fmt::format("the url of the server must end before ? and #; {}", kExample));
  }
  const std::string host = parts.get(CURLUPART_HOST);
  const std::string port = parts.get(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::string prefix = parts.get(CURLUPART_PATH);
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
