#include "remote/http_post.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "base/curl_values.hpp"
#include "base/fork_fds.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck::remote {
namespace {

std::size_t keep_beginning(char* data, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(data, std::min(size * count, HttpPost::kMostAnswer - body.size()));
  return size * count;
}

// A child would keep the server's end of the connection waiting.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  register_fork_fd(fd);
  return fd;
}
int close_socket(void*, curl_socket_t fd) {
  return unregister_fork_fd(fd) ? ::close(fd) : 0;
}

}  // namespace

struct HttpPost::Impl {
  explicit Impl(PostOptions given) : options(std::move(given)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi = curl_multi_init();
    easy = curl_easy_init();
    if (multi == nullptr || easy == nullptr) throw std::runtime_error("libcurl cannot be started");
    set_up();
  }
  ~Impl() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  void set_up() {
    const auto ms = [](std::chrono::milliseconds time) { return static_cast<long>(time.count()); };
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms(options.connect_timeout));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms(options.request_timeout));
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    if (!options.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &keep_beginning);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &result.body);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason);
  }

  PostResult finish(CURLcode code) {
    curl_multi_remove_handle(multi, easy);
    busy = false;
    if (code != CURLE_OK) {
      result.problem = reason[0] != '\0' ? reason : curl_easy_strerror(code);
      return std::move(result);
    }
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result.status);
    long connections = 0;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
    result.new_connection = connections > 0;
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
      result.retry_after = std::chrono::seconds(seconds);
    }
    return std::move(result);
  }

  const PostOptions options;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  HeaderLines headers;
  char reason[CURL_ERROR_SIZE] = {};
  PostResult result;
  bool busy = false;
};

HttpPost::HttpPost(PostOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpPost::~HttpPost() {
  abort();
}

bool HttpPost::busy() const noexcept {
  return impl_->busy;
}

void HttpPost::start(const std::string& url, const std::string& idempotency_key,
                     const std::string& body) {
  impl_->result = {};
  impl_->reason[0] = '\0';
  impl_->headers.clear();
  impl_->headers.append("Content-Type: application/x-ndjson");
  impl_->headers.append("Expect:");
  impl_->headers.append(fmt::format("User-Agent: tapedeck/{}", kVersion));
  impl_->headers.append("Idempotency-Key: " + idempotency_key);
  if (!impl_->options.api_key.empty()) {
    impl_->headers.append("Authorization: Bearer " + impl_->options.api_key);
  }
  curl_easy_setopt(impl_->easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(impl_->easy, CURLOPT_HTTPHEADER, impl_->headers.get());
  curl_easy_setopt(impl_->easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(impl_->easy, CURLOPT_POSTFIELDS, body.data());
  curl_multi_add_handle(impl_->multi, impl_->easy);
  impl_->busy = true;
}

std::optional<PostResult> HttpPost::wait(std::chrono::milliseconds timeout) {
  int running = 0;
  curl_multi_perform(impl_->multi, &running);
  if (!impl_->busy || running > 0) {
    curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(timeout.count()), nullptr);
    curl_multi_perform(impl_->multi, &running);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(impl_->multi, &left)) {
    if (message->msg == CURLMSG_DONE) return impl_->finish(message->data.result);
  }
  return std::nullopt;
}

void HttpPost::wake() noexcept {
  curl_multi_wakeup(impl_->multi);
}

void HttpPost::abort() noexcept {
  if (!impl_->busy) return;
  // Without this a name that is being looked up would be waited for.
  curl_easy_setopt(impl_->easy, CURLOPT_QUICK_EXIT, 1L);
  curl_multi_remove_handle(impl_->multi, impl_->easy);
  impl_->busy = false;
}

}  // namespace tapedeck::remote
