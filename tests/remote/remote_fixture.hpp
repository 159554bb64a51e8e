// Both ends of a forwarding, in this process and in others, and what arrived.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "server/server.hpp"
#include "store/store_fixture.hpp"
#include "support/bus.hpp"
#include "support/http_test_client.hpp"
#include "support/wait.hpp"
#include "tapedeck/remote.hpp"

namespace tapedeck::remote::testing {

using store::testing::TempFolder;
using tapedeck::testing::HttpTestClient;
using tapedeck::testing::number_in;
using tapedeck::testing::wait_until;
using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

inline std::string url_of(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

/// The sentences a publisher logs.
class Sayings {
 public:
  std::function<void(std::string_view)> log() {
    return [this](std::string_view sentence) {
      const std::lock_guard lock(mutex_);
      all_.emplace_back(sentence);
    };
  }
  std::string all() const {
    const std::lock_guard lock(mutex_);
    return std::accumulate(all_.begin(), all_.end(), std::string(),
                           [](std::string text, const std::string& sentence) {
                             return std::move(text) + sentence + "\n";
                           });
  }
  std::size_t count(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    std::size_t found = 0;
    for (const auto& sentence : all_) found += sentence.find(part) != std::string::npos ? 1U : 0U;
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

/// Options that do not try a test's patience.
inline RemoteOptions quick_options(const std::string& url, const std::filesystem::path& spool) {
  RemoteOptions options;
  options.url = url;
  options.spool_folder = spool;
  options.linger = 2ms;
  options.backoff_min = 2ms;
  options.backoff_max = 40ms;
  return options;
}

/// A process that publishes.
struct Engine {
  explicit Engine(RemoteOptions options, BusOptions bus_options = {})
      : bus(std::move(bus_options)), remote(bus, std::move(options)) {}
  void publish(std::int64_t first, std::int64_t end, const std::string& text = {}) {
    for (std::int64_t n = first; n < end; ++n) {
      while (!bus.publish(GenericEvent{"n", {{"n", n}, {"text", text}}})) bus.flush();
      if (n % 64 == 0 && bus.backlog_bytes() > (std::uint64_t{4} << 20)) bus.flush();
    }
    bus.flush();
  }
  bool wait_for_spooled(std::uint64_t events) {
    return wait_until([&] {
      const RemoteStats stats = remote.stats();
      return stats.spooled >= events && stats.queued == 0;
    });
  }
  TelemetryBus bus;
  RemotePublisher remote;
};

/// A server without a history, in this process.
struct MemoryServer {
  explicit MemoryServer(std::uint16_t port = 0, ServerOptions options = {},
                        std::size_t buffer = 300'000)
      : bus({.buffer_size = buffer, .log_bytes = std::size_t{256} << 20}),
        server(bus, with(std::move(options), port)) {
    server.start();
  }
  static ServerOptions with(ServerOptions options, std::uint16_t port) {
    options.listen_port = port;
    options.io_threads = 1;
    return options;
  }
  std::string url() const { return url_of(server.port()); }
  TelemetryBus bus;
  Server server;
};

/// A port that nobody listens on: it was free a moment ago.
inline std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

/// A remote_peer, killed at the end if not before.
class Peer {
 public:
  explicit Peer(std::vector<std::string> arguments) {
    int in[2], out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    arguments.insert(arguments.begin(), TAPEDECK_REMOTE_PEER);
    std::vector<char*> given;
    for (auto& argument : arguments) given.push_back(argument.data());
    given.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    EXPECT_EQ(posix_spawn(&pid_, given[0], &actions, nullptr, given.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Peer() {
    kill();
    close(in_);
    close(out_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::string read_line() {
    std::string line;
    char c = 0;
    while (read(out_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int in_ = -1, out_ = -1;
};

/// A server with a history in a process of its own.
struct PeerServer {
  explicit PeerServer(const std::filesystem::path& folder, std::uint16_t port = 0)
      : peer({"serve", folder.string(), std::to_string(port)}),
        port_number(static_cast<std::uint16_t>(std::stoi(peer.read_line()))) {}
  std::string url() const { return url_of(port_number); }
  Peer peer;
  const std::uint16_t port_number;
};

/// Everything the server at this port has, oldest first, a line each.
inline std::vector<std::string> lines_at(std::uint16_t port, const std::string& filter = {}) {
  const auto response = HttpTestClient(port).get("/api/telemetry/export?format=ndjson" + filter);
  EXPECT_EQ(response.status, 200) << response.body;
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; (end = response.body.find('\n', at)) != std::string::npos;
       at = end + 1) {
    lines.push_back(response.body.substr(at, end - at));
  }
  return lines;
}

/// The numbers of the `n` events at this port, as they came.
inline std::vector<std::int64_t> numbers_at(std::uint16_t port) {
  std::vector<std::int64_t> numbers;
  for (const auto& line : lines_at(port, "&event_type=n")) numbers.push_back(number_in(line, "n"));
  return numbers;
}

inline std::vector<std::int64_t> numbers_from(std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(end - first));
  std::iota(out.begin(), out.end(), first);
  return out;
}

/// first, first + 1, ..., end - 1; or where it first is not.
inline ::testing::AssertionResult counts_up(const std::vector<std::int64_t>& numbers,
                                            std::int64_t first, std::int64_t end) {
  const auto expected = numbers_from(first, end);
  if (numbers == expected) return ::testing::AssertionSuccess();
  const auto at = std::mismatch(numbers.begin(), numbers.end(), expected.begin(), expected.end());
  const auto place = at.first - numbers.begin();
  return ::testing::AssertionFailure()
         << numbers.size() << " numbers instead of " << expected.size() << ", at " << place
         << " there is " << (at.first == numbers.end() ? -1 : *at.first) << " instead of "
         << (at.second == expected.end() ? -1 : *at.second);
}

/// Spool folders that are left.
inline std::vector<std::filesystem::path> spools_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    out.push_back(entry.path());
  }
  return out;
}

}  // namespace tapedeck::remote::testing
