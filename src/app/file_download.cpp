#include "app/file_download.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "base/curl_values.hpp"

namespace tapedeck::app {
namespace {

constexpr long kConnectTimeout_s = 10;
constexpr const char* kKiteHost = "api.kite.trade";

struct Free {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

struct Address {
  std::string scheme, host, path;
  /// Without user, password and query, which may be secret.
  std::string shown() const { return fmt::format("{}://{}{}", scheme, host, path); }
};

Address parse(const std::string& url) {
  const UrlParts parts(url);
  if (!parts.is_url()) throw std::invalid_argument("--url: that is no address");
  Address address{parts.get(CURLUPART_SCHEME), parts.get(CURLUPART_HOST),
                  parts.get(CURLUPART_PATH)};
  const bool here =
      address.host == "localhost" || address.host == "127.0.0.1" || address.host == "[::1]";
  if (address.scheme != "https" && !(address.scheme == "http" && here)) {
    throw std::invalid_argument(fmt::format(
        "--url {}: must be https (http only to this machine): a dump that somebody changed on the "
        "way would be traded by",
        address.shown()));
  }
  return address;
}

struct Body {
  std::string bytes;
  std::size_t max_bytes = 0;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<Body*>(to);
  if (body.bytes.size() + size * count > body.max_bytes) return 0;  // ends the transfer
  body.bytes.append(data, size * count);
  return size * count;
}

HeaderLines headers_for(const Address& address) {
  const char* key = std::getenv("KITE_API_KEY");
  const char* token = std::getenv("KITE_ACCESS_TOKEN");
  HeaderLines headers;
  if (address.scheme != "https" || address.host != kKiteHost || !key || !token) return headers;
  headers.append("X-Kite-Version: 3");
  headers.append(fmt::format("Authorization: token {}:{}", key, token));
  return headers;
}

}  // namespace

Result<std::string> download(const std::string& url, const DownloadLimits& limits) {
  const Address address = parse(url);
  const std::unique_ptr<CURL, Free> curl(curl_easy_init());
  const auto headers = headers_for(address);
  Body body{{}, limits.max_bytes};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, kConnectTimeout_s);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, limits.timeout_s);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl.get());
  const auto failed = [&](std::string why) {
    return Error{"download_failed", fmt::format("cannot download {}: {}", address.shown(), why),
                 "url"};
  };
  if (code == CURLE_WRITE_ERROR) {
    return failed(fmt::format("it is larger than {} bytes", limits.max_bytes));
  }
  if (code != CURLE_OK) return failed(curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return failed(fmt::format("the answer has status {}", status));
  return std::move(body.bytes);
}

}  // namespace tapedeck::app
