#include "app/http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <simdjson.h>

namespace tapedeck::app {
namespace {

constexpr long kConnectTimeout_s = 10;
constexpr long kAnswerTimeout_s = 60;
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

Slist header_list(const std::vector<std::string>& headers) {
  Slist list;
  for (const std::string& header : headers) {
    list.reset(curl_slist_append(list.release(), header.c_str()));
  }
  return list;
}

std::size_t append_to_string(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
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
  }
  ~Impl() { curl_easy_cleanup(curl); }

  void prepare(std::string_view path, const Parameters& parameters) {
    curl_easy_reset(curl);
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
    return {"unreachable",
            fmt::format("cannot reach {}: {}; is the server running (tapedeck serve)?", base_url,
                        curl_easy_strerror(code)),
            ""};
  }

  std::string base_url;
  CURL* curl;
};

HttpClient::HttpClient(std::string base_url) : impl_(std::make_unique<Impl>(std::move(base_url))) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::get(std::string_view path, const Parameters& parameters) {
  impl_->prepare(path, parameters);
  return impl_->perform();
}

Result<HttpAnswer> HttpClient::post(std::string_view path, std::string_view content_type,
                                    const std::string& body) {
  impl_->prepare(path, {});
  const Slist headers = header_list({fmt::format("Content-Type: {}", content_type), "Expect:"});
  curl_easy_setopt(impl_->curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(impl_->curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(impl_->curl, CURLOPT_POSTFIELDS, body.data());
  return impl_->perform();
}

Result<HttpClient::StreamEnd> HttpClient::stream(
    std::string_view path, const Parameters& parameters, const std::vector<std::string>& headers,
    const std::function<bool(std::string_view)>& on_data, const std::function<bool()>& keep_going) {
  impl_->prepare(path, parameters);
  const Slist list = header_list(headers);
  StreamState state{impl_->curl, on_data, keep_going, {}};
  curl_easy_setopt(impl_->curl, CURLOPT_HTTPHEADER, list.get());
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
