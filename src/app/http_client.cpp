#include "app/http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <optional>

#include "base/curl_values.hpp"
#include "server/access_rules.hpp"

namespace tapedeck::app {
namespace {

constexpr long kConnectTimeout_s = 10;
constexpr long kAnswerTimeout_s = 60;
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;

HeaderLines header_list(const std::vector<std::string>& headers) {
  HeaderLines lines;
  for (const std::string& header : headers) lines.append(header);
  return lines;
}

std::size_t append_to_string(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

/// What the environment says, empty when nothing.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Whether others on the way can read what is sent there.
bool is_overheard(const std::string& url) {
  const UrlParts parts(url);
  return parts.is_url() && parts.get(CURLUPART_SCHEME) != "https" &&
         !is_loopback_name(parts.get(CURLUPART_HOST));
}

struct StreamState {
  CURL* curl;
  const std::function<bool(std::string_view)>& on_data;
  const std::function<bool()>& keep_going;
  HttpClient::StreamEnd end;
};

std::size_t on_stream_data(char* data, std::size_t size, std::size_t count, void* user) {
  auto& state = *static_cast<StreamState*>(user);
  const std::string_view bytes(data, size * count);
  if (state.end.status == 0)
    curl_easy_getinfo(state.curl, CURLINFO_RESPONSE_CODE, &state.end.status);
  if (state.end.status != 200) {
    if (state.end.body.size() < kMaxErrorBody) state.end.body += bytes;
    return bytes.size();
  }
  if (state.on_data(bytes)) return bytes.size();
  state.end.stopped = true;
  return 0;  // libcurl takes this for an error and ends the transfer
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& state = *static_cast<StreamState*>(user);
  state.end.stopped = state.end.stopped || !state.keep_going();
  return state.end.stopped ? 1 : 0;
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(std::string url) : base_url(std::move(url)), curl(curl_easy_init()) {
    while (base_url.ends_with('/')) base_url.pop_back();
    if (const std::string key = variable("TAPEDECK_API_KEY"); !key.empty()) {
      authorization = "Authorization: Bearer " + key;
    }
  }
  ~Impl() { curl_easy_cleanup(curl); }

  /// @return why the request must not be made.
  std::optional<Error> prepare(std::string_view path, const Parameters& parameters,
                               std::vector<std::string> more_headers = {}) {
    curl_easy_reset(curl);
    if (!authorization.empty() && is_overheard(base_url)) {
      return Error{"insecure",
                   fmt::format("{} is plain http to another machine: the key in TAPEDECK_API_KEY "
                               "could be read on the way; use https",
                               base_url),
                   ""};
    }
    if (!authorization.empty()) more_headers.push_back(authorization);
    headers = header_list(more_headers);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
    std::string url = base_url + std::string(path);
    char separator = '?';
    for (const auto& [name, value] : parameters) {
      char* escaped = curl_easy_escape(curl, value.data(), static_cast<int>(value.size()));
      url += fmt::format("{}{}={}", separator, name, escaped);
      curl_free(escaped);
      separator = '&';
    }
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeout_s);
    return std::nullopt;
  }

  Result<HttpAnswer> perform() {
    HttpAnswer answer;
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, kAnswerTimeout_s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append_to_string);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) return failure(code);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
  }

  Error failure(CURLcode code) const {
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
      return {"untrusted",
              fmt::format("cannot trust {}: {}; TAPEDECK_CA_FILE names the certificate (PEM) to "
                          "trust instead of the system's authorities",
                          base_url, curl_easy_strerror(code)),
              ""};
    }
    return {"unreachable",
            fmt::format("cannot reach {}: {}; is the server running (tapedeck serve)?", base_url,
                        curl_easy_strerror(code)),
            ""};
  }

  std::string base_url;
  const std::string ca_file = variable("TAPEDECK_CA_FILE");
  std::string authorization;  // the header's line; empty: none
  HeaderLines headers;
  CURL* curl;
};

HttpClient::HttpClient(std::string base_url) : impl_(std::make_unique<Impl>(std::move(base_url))) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::get(std::string_view path, const Parameters& parameters) {
  if (auto error = impl_->prepare(path, parameters)) return std::move(*error);
  return impl_->perform();
}

Result<HttpAnswer> HttpClient::post(std::string_view path, std::string_view content_type,
                                    const std::string& body) {
  if (auto error =
          impl_->prepare(path, {}, {fmt::format("Content-Type: {}", content_type), "Expect:"})) {
    return std::move(*error);
  }
  curl_easy_setopt(impl_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(impl_->curl, CURLOPT_POSTFIELDS, body.data());
  return impl_->perform();
}

Result<HttpAnswer> HttpClient::send(std::string_view method, std::string_view path,
                                    const Parameters& parameters, const std::string& body) {
  if (method == "GET") return get(path, parameters);
  if (auto error =
          impl_->prepare(path, parameters, {"Content-Type: application/json", "Expect:"})) {
    return std::move(*error);
  }
  const std::string name(method);
  curl_easy_setopt(impl_->curl, CURLOPT_CUSTOMREQUEST, name.c_str());
  curl_easy_setopt(impl_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(impl_->curl, CURLOPT_POSTFIELDS, body.data());
  return impl_->perform();
}

Result<HttpClient::StreamEnd> HttpClient::stream(
    std::string_view path, const Parameters& parameters, const std::vector<std::string>& headers,
    const std::function<bool(std::string_view)>& on_data, const std::function<bool()>& keep_going) {
  if (auto error = impl_->prepare(path, parameters, headers)) return std::move(*error);
  StreamState state{impl_->curl, on_data, keep_going, {}};
  curl_easy_setopt(impl_->curl, CURLOPT_WRITEFUNCTION, &on_stream_data);
  curl_easy_setopt(impl_->curl, CURLOPT_WRITEDATA, &state);
  curl_easy_setopt(impl_->curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(impl_->curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
  curl_easy_setopt(impl_->curl, CURLOPT_XFERINFODATA, &state);
  const CURLcode code = curl_easy_perform(impl_->curl);
  if (state.end.status == 0) {
    curl_easy_getinfo(impl_->curl, CURLINFO_RESPONSE_CODE, &state.end.status);
  }
  state.end.whole = code == CURLE_OK;
  if (state.end.stopped || state.end.status != 0) return std::move(state.end);
  return impl_->failure(code);
}

std::string url_part(const std::string& text) {
  char* const escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
  std::string part(escaped);
  curl_free(escaped);
  return part;
}

std::string error_sentence(long status, const std::string& body) {
  simdjson::dom::parser parser;
  std::string_view sentence;
  if (parser.parse(body)["error"].get(sentence) == simdjson::SUCCESS) return std::string(sentence);
  return fmt::format("the server answered with status {}", status);
}

}  // namespace tapedeck::app
