// HttpPost: one request at a time to one address, over libcurl, without blocking its thread.
// Everything belongs to one thread but wake(), which any may call. The connection is kept; a
// forked child has no copy of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace tapedeck::remote {

struct PostOptions {
  std::string api_key;
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds request_timeout{};
  std::filesystem::path ca_file;
};

struct PostResult {
  std::string problem;  ///< why there was no whole answer; empty: there was
  long status = 0;
  std::string body;  ///< its first kMostAnswer bytes
  std::optional<std::chrono::seconds> retry_after{};
  bool new_connection = false;  ///< it may be another server than the last time
};

class HttpPost {
 public:
  static constexpr std::size_t kMostAnswer = std::size_t{64} << 10;

  /// @throws std::runtime_error when libcurl cannot be had.
  explicit HttpPost(PostOptions options);
  ~HttpPost();
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  bool busy() const noexcept;
  /// Begins a request; there must be none under way. `body` must stay as it is until the result.
  void start(const std::string& url, const std::string& idempotency_key, const std::string& body);
  /// Moves the request along, waiting for the network, wake() or `timeout`, whatever comes first.
  /// @return how the request ended, once it has.
  std::optional<PostResult> wait(std::chrono::milliseconds timeout);
  /// Ends a wait() that is running, or the next one.
  void wake() noexcept;
  /// Drops the request under way; its outcome will not be known.
  void abort() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::remote
