// A server over a bare socket that does with each request what a test says, one after the other.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tapedeck::remote::testing {

struct RawRequest {
  std::string head, body, key;
  std::size_t events() const {
    return static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n'));
  }
};

struct RawReply {
  std::string bytes;
  enum class Then { keep, close, reset, hang } then = Then::keep;
};

inline std::string answer_text(const std::string& status, const std::string& body,
                               const std::string& headers = {}) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}
inline RawReply accept_all(const RawRequest& request) {
  return {
      answer_text("200 OK", R"({"ok":true,"accepted":)" + std::to_string(request.events()) + "}")};
}

class RawServer {
 public:
  using Act = std::function<RawReply(const RawRequest&)>;
  /// @param acts for the first requests; accept_all for those after.
  explicit RawServer(std::vector<Act> acts) : acts_(acts.begin(), acts.end()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 16);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~RawServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::vector<RawRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool readable(int fd) const {
    while (!stop_) {
      pollfd waiting{fd, POLLIN, 0};
      if (poll(&waiting, 1, 5) == 1) return true;
    }
    return false;
  }
  void run() {
    while (readable(listener_)) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      while (serve(fd)) {
      }
      close(fd);
    }
  }
  bool read_more(int fd, std::string& to) const {
    char chunk[65536];
    if (!readable(fd)) return false;
    const ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n > 0) to.append(chunk, static_cast<std::size_t>(n));
    return n > 0;
  }
  static std::string header(const std::string& head, const std::string& name) {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  bool serve(int fd) {
    std::string bytes;
    std::size_t end = 0;
    while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(fd, bytes)) return false;
    }
    RawRequest request;
    request.head = bytes.substr(0, end + 2);
    request.key = header(request.head, "Idempotency-Key");
    const std::size_t length = std::stoull(header(request.head, "Content-Length"));
    while (bytes.size() < end + 4 + length) {
      if (!read_more(fd, bytes)) return false;
    }
    request.body = bytes.substr(end + 4);
    const Act act = acts_.empty() ? Act(accept_all) : acts_.front();
    if (!acts_.empty()) acts_.pop_front();
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    return reply(fd, act(request));
  }
  bool reply(int fd, const RawReply& reply) const {
    if (!reply.bytes.empty()) send(fd, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
    std::string ignored;
    switch (reply.then) {
      case RawReply::Then::keep:
        return true;
      case RawReply::Then::close:
        return false;
      case RawReply::Then::reset: {
        const linger hard{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return false;
      }
      case RawReply::Then::hang:
        read_more(fd, ignored);  // until the client gives up
        return false;
    }
    return false;
  }

  std::deque<Act> acts_;  // the thread's
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;  // guards requests_
  std::vector<RawRequest> requests_;
  std::thread thread_;
};

}  // namespace tapedeck::remote::testing
