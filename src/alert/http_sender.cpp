#include "alert/http_sender.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <stdexcept>
#include <unordered_map>

#include "alert/target_url.hpp"
#include "base/curl_values.hpp"
#include "base/fork_fds.hpp"

namespace tapedeck::alert {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = HttpAnswer::Kind;

struct EasyFree {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyFree>;

/// A request under way.
struct Transfer {
  std::uint64_t token = 0;
  HttpRequest request;
  TargetUrl url;  // where it goes now
  Clock::time_point deadline{};
  unsigned redirects = 0;
  Easy easy;
  HeaderLines headers;
  std::string body;
  bool too_long = false;  // the answer
  std::string refused;    // an address
  bool tried = false;     // another one
  char reason[CURL_ERROR_SIZE] = {};
};

std::size_t keep_beginning(char* data, std::size_t size, std::size_t count, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  const std::size_t room = HttpSender::kMostAnswer - transfer.body.size();
  transfer.body.append(data, std::min(size * count, room));
  // Whoever answers without end is not listened to further: the status is known.
  transfer.too_long = size * count > room;
  return transfer.too_long ? 0 : size * count;
}

bool may_connect(Transfer& transfer, const sockaddr& address) {
  // Through a proxy it is the proxy that connects, and the proxy's own address was configured.
  if (!transfer.request.proxy.empty() || transfer.request.addresses->allows(address)) {
    transfer.tried = true;
    return true;
  }
  const auto number = address_in(address);
  transfer.refused = number ? number->text() : "an address of an unknown kind";
  return false;
}

// A child would keep the server's end of the connection waiting.
curl_socket_t open_socket(void* of, curlsocktype, curl_sockaddr* address) {
  if (!may_connect(*static_cast<Transfer*>(of), address->addr)) return CURL_SOCKET_BAD;
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  register_fork_fd(fd);
  return fd;
}
int close_socket(void*, curl_socket_t fd) {
  return unregister_fork_fd(fd) ? ::close(fd) : 0;
}

/// Before each request, also over a connection that is there already: it may be older than the
/// rules.
int check_connection(void* of, char* address, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(of);
  if (!transfer.request.proxy.empty()) return CURL_PREREQFUNC_OK;
  const auto number = IpAddress::parse(address);
  if (number && transfer.request.addresses->allows(*number)) return CURL_PREREQFUNC_OK;
  transfer.refused = address;
  transfer.tried = false;
  return CURL_PREREQFUNC_ABORT;
}

void set_connection(CURL* easy, Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer.deadline - Clock::now());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, std::max<long>(1, static_cast<long>(left.count())));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_PROXY, request.proxy.c_str());  // "": none, not the environment's
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  // The folder of the system's certificates stays beside it.
  if (!request.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // no waiting for a name that is looked up
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &close_socket);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &check_connection);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
}

void set_request(CURL* easy, Transfer& transfer) {
  const std::string& body = transfer.request.body;
  curl_easy_setopt(easy, CURLOPT_URL, transfer.url.request_url().c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  if (!transfer.url.user.empty() || !transfer.url.password.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_USERNAME, transfer.url.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, transfer.url.password.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &keep_beginning);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.reason);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
}

Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::timed_out;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PROXY:
      return Kind::unreachable;
    default:
      return Kind::broken;
  }
}

HttpAnswer failure(const Transfer& transfer, CURLcode code) {
  HttpAnswer answer;
  if (!transfer.refused.empty() && !transfer.tried) {
    answer.kind = Kind::refused;
    answer.problem = refusal_of(transfer.refused);
    return answer;
  }
  answer.kind = kind_of(code);
  answer.problem = transfer.reason[0] != '\0' ? transfer.reason : curl_easy_strerror(code);
  return answer;
}

HttpAnswer read_answer(Transfer& transfer) {
  HttpAnswer answer;
  answer.kind = Kind::answered;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(transfer.easy.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK &&
      seconds > 0) {
    answer.retry_after = std::chrono::seconds(seconds);
  }
  answer.body = std::move(transfer.body);
  return answer;
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 307 || status == 308;
}

/// Where the answer points to; nothing when that is no URL.
std::optional<TargetUrl> place_after(const Transfer& transfer) {
  const char* url = nullptr;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_REDIRECT_URL, &url);
  if (url == nullptr) return std::nullopt;
  auto parsed = parse_target_url(url);
  if (!parsed) return std::nullopt;
  return std::move(parsed).value();
}

}  // namespace

struct HttpSender::Impl {
  Impl() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi = curl_multi_init();
    if (multi == nullptr) throw std::runtime_error("libcurl cannot be started");
  }
  ~Impl() {
    for (const auto& [address, transfer] : transfers) {
      curl_multi_remove_handle(multi, transfer->easy.get());
    }
    transfers.clear();
    idle.clear();
    curl_multi_cleanup(multi);
  }

  void begin(std::unique_ptr<Transfer> owned) {
    Transfer& transfer = *owned;
    if (transfer.easy == nullptr && !idle.empty()) {
      transfer.easy = std::move(idle.back());
      idle.pop_back();
    }
    if (transfer.easy == nullptr) transfer.easy.reset(curl_easy_init());
    if (transfer.easy == nullptr) throw std::bad_alloc();
    curl_easy_reset(transfer.easy.get());
    transfer.body.clear();
    set_connection(transfer.easy.get(), transfer);
    set_request(transfer.easy.get(), transfer);
    curl_multi_add_handle(multi, transfer.easy.get());
    transfers.emplace(&transfer, std::move(owned));
  }

  /// Follows a redirect, if it may be. @return the answer, when there is nothing to follow
  std::optional<HttpAnswer> finish(std::unique_ptr<Transfer>& transfer, CURLcode code) {
    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && transfer->too_long)) {
      return failure(*transfer, code);
    }
    HttpAnswer answer = read_answer(*transfer);
    if (!is_redirect(answer.status)) return answer;
    auto place = place_after(*transfer);
    answer.kind = Kind::redirect;
    if (!place) {
      answer.problem = "redirects to what is no URL";
    } else if (!place->same_origin(transfer->url)) {
      answer.problem = fmt::format("redirects to {}, which is not followed", place->shown);
    } else if (++transfer->redirects > kMostRedirects) {
      answer.problem = fmt::format("redirects more than {} times", kMostRedirects);
    } else {
      place->user = transfer->url.user;
      place->password = transfer->url.password;
      transfer->url = std::move(*place);
      begin(std::move(transfer));
      return std::nullopt;
    }
    return answer;
  }

  void collect(std::vector<Done>& done) {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* key = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &key);
      curl_multi_remove_handle(multi, message->easy_handle);
      auto transfer = std::move(transfers.extract(key).mapped());
      auto answer = finish(transfer, code);
      if (!answer) continue;
      done.push_back({transfer->token, std::move(*answer)});
      if (idle.size() < kMostIdle) idle.push_back(std::move(transfer->easy));
    }
  }

  static constexpr std::size_t kMostIdle = 64;

  CURLM* multi = nullptr;
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers;
  std::vector<Easy> idle;
  std::vector<Done> failed;  // before they began
};

HttpSender::HttpSender() : impl_(std::make_unique<Impl>()) {}
HttpSender::~HttpSender() = default;

void HttpSender::start(std::uint64_t token, HttpRequest request) {
  HttpAnswer answer;
  auto url = parse_target_url(request.url);
  if (!url) {
    answer.kind = Kind::refused;
    answer.problem = url.error().message;
  } else if (auto refusal = request.addresses->refusal_of_host(url->host)) {
    answer.kind = Kind::refused;
    answer.problem = std::move(*refusal);
  } else {
    auto transfer = std::make_unique<Transfer>();
    transfer->token = token;
    transfer->request = std::move(request);
    transfer->url = std::move(url).value();
    transfer->deadline = Clock::now() + transfer->request.total_timeout;
    for (const std::string& header : transfer->request.headers) transfer->headers.append(header);
    transfer->headers.append("Expect:");
    impl_->begin(std::move(transfer));
    return;
  }
  impl_->failed.push_back({token, std::move(answer)});
}

std::size_t HttpSender::running() const noexcept {
  return impl_->transfers.size() + impl_->failed.size();
}

std::vector<HttpSender::Done> HttpSender::wait(std::chrono::milliseconds timeout) {
  std::vector<Done> done = std::exchange(impl_->failed, {});
  int running = 0;
  curl_multi_perform(impl_->multi, &running);
  impl_->collect(done);
  if (!done.empty()) return done;
  curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(timeout.count()), nullptr);
  curl_multi_perform(impl_->multi, &running);
  impl_->collect(done);
  return done;
}

void HttpSender::wake() noexcept {
  curl_multi_wakeup(impl_->multi);
}

}  // namespace tapedeck::alert
