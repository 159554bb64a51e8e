// A receiver of webhooks over bare sockets, which does with each request what a test says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tapedeck::alert::testing {

struct Received {
  std::string line;                            ///< POST /path HTTP/1.1
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  std::string path() const {
    const std::size_t begin = line.find(' ') + 1;
    return line.substr(begin, line.find(' ', begin) - begin);
  }
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
  std::string delivery() const { return header("x-tapedeck-delivery"); }
};

struct Reply {
  std::string bytes;
  enum class Then { keep, close, reset, hang, byte_by_byte, endless } then = Then::keep;
};

inline Reply status(const std::string& words, const std::string& headers = {},
                    const std::string& body = {}) {
  return {"HTTP/1.1 " + words + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          headers + "\r\n" + body};
}
inline Reply ok() {
  return status("200 OK");
}

/// One thread for each connection. Answers 200 unless told otherwise.
class WebhookReceiver {
 public:
  using Act = std::function<Reply(const Received&)>;

  explicit WebhookReceiver(Act act = {}, std::uint16_t port = 0, SSL_CTX* tls = nullptr)
      : act_(std::move(act)), tls_(tls) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 128) != 0) {
      std::abort();
    }
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_on(); });
  }
  ~WebhookReceiver() {
    stop_ = true;
    thread_.join();
    for (std::thread& one : connections_) one.join();
    ::close(listener_);
  }
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/hook") const {
    return (tls_ != nullptr ? "https" : "http") + ("://127.0.0.1:" + std::to_string(port_)) + path;
  }
  void set(Act act) {
    const std::lock_guard lock(mutex_);
    act_ = std::move(act);
  }
  std::vector<Received> all() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return received_.size();
  }
  std::vector<std::string> deliveries() const {
    std::vector<std::string> ids;
    for (const Received& one : all()) ids.push_back(one.delivery());
    return ids;
  }
  /// Connections that have been made so far.
  int connections() const { return accepted_; }
  /// Requests whose answer has not begun; the most there have been.
  int most_at_once() const { return most_at_once_; }

 private:
  class Connection {
   public:
    Connection(int fd, SSL_CTX* tls) : fd_(fd), ssl_(nullptr, SSL_free) {
      if (tls == nullptr) return;
      ssl_.reset(SSL_new(tls));
      SSL_set_fd(ssl_.get(), fd);
      secure_ = SSL_accept(ssl_.get()) == 1;
    }
    ~Connection() {
      if (fd_ >= 0) ::close(fd_);
    }
    bool good() const { return ssl_ == nullptr || secure_; }
    bool readable(int ms) {
      if (ssl_ != nullptr && SSL_pending(ssl_.get()) > 0) return true;
      pollfd entry{fd_, POLLIN, 0};
      return ::poll(&entry, 1, ms) > 0;
    }
    ssize_t read(char* to, std::size_t size) {
      return ssl_ != nullptr ? SSL_read(ssl_.get(), to, static_cast<int>(size))
                             : ::recv(fd_, to, size, 0);
    }
    bool write(const std::string& bytes) {
      if (bytes.empty()) return true;
      if (ssl_ != nullptr) {
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
      }
      return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(bytes.size());
    }
    void reset() {
      const linger now{1, 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }

   private:
    int fd_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    bool secure_ = false;
  };

  void accept_on() {
    while (!stop_) {
      pollfd entry{listener_, POLLIN, 0};
      if (::poll(&entry, 1, 5) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int one = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      ++accepted_;
      connections_.emplace_back([this, fd] {
        Connection connection(fd, tls_);
        if (connection.good()) serve(connection);
      });
    }
  }

  void serve(Connection& connection) {
    std::string buffer;
    while (!stop_) {
      Received request;
      if (!read_request(connection, buffer, request)) return;
      most_at_once_ = std::max(most_at_once_.load(), ++at_once_);
      Act act;
      {
        const std::lock_guard lock(mutex_);
        received_.push_back(request);
        act = act_;
      }
      const Reply reply = act ? act(request) : ok();
      --at_once_;
      if (!answer(connection, reply)) return;
    }
  }

  bool read_request(Connection& connection, std::string& buffer, Received& request) {
    char chunk[16384];
    std::size_t head = std::string::npos, length = 0;
    for (;;) {
      if (head == std::string::npos && (head = buffer.find("\r\n\r\n")) != std::string::npos) {
        read_head(buffer.substr(0, head + 2), request);
        length = static_cast<std::size_t>(std::atoll(request.header("content-length").c_str()));
      }
      if (head != std::string::npos && buffer.size() >= head + 4 + length) {
        request.body = buffer.substr(head + 4, length);
        buffer.erase(0, head + 4 + length);
        return true;
      }
      if (!connection.readable(5)) {
        if (stop_) return false;
        continue;
      }
      const ssize_t size = connection.read(chunk, sizeof chunk);
      if (size <= 0) return false;
      buffer.append(chunk, static_cast<std::size_t>(size));
    }
  }

  static void read_head(const std::string& head, Received& request) {
    std::size_t at = head.find("\r\n");
    request.line = head.substr(0, at);
    for (at += 2; at < head.size();) {
      const std::size_t end = head.find("\r\n", at), colon = head.find(": ", at);
      if (colon < end) {
        std::string name = head.substr(at, colon - at);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers[name] = head.substr(colon + 2, end - colon - 2);
      }
      at = end + 2;
    }
  }

  /// @return whether the connection goes on
  bool answer(Connection& connection, const Reply& reply) {
    using Then = Reply::Then;
    if (reply.then == Then::byte_by_byte) {
      for (const char c : reply.bytes) {
        if (!connection.write({c})) return false;
      }
      return true;
    }
    if (!connection.write(reply.bytes)) return false;
    if (reply.then == Then::endless) {
      while (!stop_ && connection.write(std::string(4096, 'x'))) {
      }
    }
    if (reply.then == Then::hang) {
      char ignored = 0;  // until the other side goes
      while (!stop_ && (!connection.readable(5) || connection.read(&ignored, 1) > 0)) {
      }
    }
    if (reply.then == Then::reset) connection.reset();
    return reply.then == Then::keep;
  }

  mutable std::mutex mutex_;  // of the next two
  Act act_;
  std::vector<Received> received_;
  SSL_CTX* const tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> accepted_{0};
  std::atomic<int> at_once_{0};
  std::atomic<int> most_at_once_{0};
  std::list<std::thread> connections_;  // the accepting thread's, until it has ended
  std::thread thread_;
};

}  // namespace tapedeck::alert::testing
