// HttpSender: many POST requests at once over libcurl, moved along by one thread that never waits
// for one of them alone. Each connection's address is checked before anything is sent; redirects
// are followed within the same scheme, host and port. Thread contract: everything belongs to one
// thread but wake(), which any may call. Names are looked up by libcurl's own threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/address_rules.hpp"

namespace tapedeck::alert {

struct HttpRequest {
  std::string url;  ///< http or https, may have credentials
  std::vector<std::string> headers;
  std::string body;
  std::string ca_file;  ///< trusted beside the system's; empty: those alone
  std::string proxy;    ///< empty: none
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds total_timeout{};  ///< redirects included
  std::shared_ptr<const AddressFilter> addresses;
};

struct HttpAnswer {
  enum class Kind : std::uint8_t {
    answered,     ///< there is a status
    unreachable,  ///< no connection: name, network, TLS
    timed_out,
    broken,    ///< the connection ended before the answer did
    refused,   ///< its address may not be connected to
    redirect,  ///< to another place, or too often
  };
  Kind kind = Kind::broken;
  long status = 0;
  std::string body;     ///< its first kMostAnswer bytes
  std::string problem;  ///< of what was not answered: why, without anything secret
  std::optional<std::chrono::seconds> retry_after;
};

class HttpSender {
 public:
  static constexpr std::size_t kMostAnswer = std::size_t{64} << 10;
  static constexpr unsigned kMostRedirects = 3;

  struct Done {
    std::uint64_t token = 0;
    HttpAnswer answer;
  };

  /// @throws std::runtime_error when libcurl cannot be had.
  HttpSender();
  ~HttpSender();
  HttpSender(const HttpSender&) = delete;
  HttpSender& operator=(const HttpSender&) = delete;

  /// Begins a request. @param token of the caller's; comes back with the answer
  void start(std::uint64_t token, HttpRequest request);
  std::size_t running() const noexcept;
  /// Moves requests along, waiting for the network, wake() or `timeout`, whatever comes first.
  /// @return those that have ended
  std::vector<Done> wait(std::chrono::milliseconds timeout);
  /// Ends a wait() that is running, or the next one.
  void wake() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::alert
