#include "base/service_manager.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tapedeck {
namespace {

constexpr int kFirstPassedFd = 3;      // SD_LISTEN_FDS_START
constexpr timeval kSendTimeout{2, 0};  // a manager that reads nothing must not hold us for ever

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value != nullptr ? value : "";
  ::unsetenv(name);
  return text;
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The messages are lines, so a line break in a text would begin another.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return line;
}

std::int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

std::optional<std::chrono::microseconds> take_watchdog() {
  const std::string interval = take_variable("WATCHDOG_USEC");
  const std::string pid = take_variable("WATCHDOG_PID");
  if (interval.empty() || (!pid.empty() && number_in(pid) != ::getpid())) return std::nullopt;
  const auto usec = number_in(interval);
  if (!usec || *usec <= 0) {
    throw std::invalid_argument("WATCHDOG_USEC=" + interval +
                                ": must be a positive number of microseconds");
  }
  return std::chrono::microseconds(*usec);
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  const auto watchdog = take_watchdog();
  return ServiceManager(take_variable("NOTIFY_SOCKET"), watchdog);
}

ServiceManager::ServiceManager(std::string_view address,
                               std::optional<std::chrono::microseconds> watchdog) {
  if (address.empty()) return;
  const bool known = address.size() > 1 && (address[0] == '/' || address[0] == '@');
  if (!known || address.size() >= sizeof address_.sun_path) {
    throw std::invalid_argument("NOTIFY_SOCKET=" + std::string(address) +
                                ": must be an absolute path or @name, of at most 107 bytes");
  }
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path, address.data(), address.size());
  if (address[0] == '@') address_.sun_path[0] = '\0';
  // The length says where an abstract name ends.
  address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    throw std::system_error(errno, std::system_category(), "cannot reach the service manager");
  }
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  watchdog_ = watchdog;
}

ServiceManager::~ServiceManager() {
  if (fd_ >= 0) ::close(fd_);
}

ServiceManager::ServiceManager(ServiceManager&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(other.address_),
      address_size_(other.address_size_),
      watchdog_(std::exchange(other.watchdog_, std::nullopt)) {}

ServiceManager& ServiceManager::operator=(ServiceManager&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  std::swap(address_size_, other.address_size_);
  std::swap(watchdog_, other.watchdog_);
  return *this;
}

bool ServiceManager::send(std::string_view message) const {
  if (fd_ < 0) return true;
  const auto sent = ::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address_), address_size_);
  return sent == static_cast<ssize_t>(message.size());
}

bool ServiceManager::ready(std::string_view status) {
  return send("READY=1\nSTATUS=" + on_one_line(status));
}
bool ServiceManager::reloading() {
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_us()) +
              "\nSTATUS=reading the configuration again");
}
bool ServiceManager::stopping() {
  return send("STOPPING=1\nSTATUS=stopping");
}
bool ServiceManager::status(std::string_view status) {
  return send("STATUS=" + on_one_line(status));
}
bool ServiceManager::ping() {
  return send("WATCHDOG=1");
}

Result<std::optional<int>> passed_socket() {
  const std::string pid = take_variable("LISTEN_PID");
  const std::string count = take_variable("LISTEN_FDS");
  take_variable("LISTEN_FDNAMES");
  if (pid.empty() || count.empty() || number_in(pid) != ::getpid()) return std::optional<int>{};
  if (number_in(count) != 1) {
    return Error{"too_many_sockets",
                 "LISTEN_FDS=" + count +
                     ": Tapedeck takes exactly one socket; leave one ListenStream= in the unit",
                 "LISTEN_FDS"};
  }
  if (::fcntl(kFirstPassedFd, F_SETFD, FD_CLOEXEC) != 0) {
    return Error{"no_socket", "LISTEN_FDS=1, but descriptor 3 is not open", "LISTEN_FDS"};
  }
  return std::optional<int>{kFirstPassedFd};
}

}  // namespace tapedeck
