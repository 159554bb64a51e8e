// ServiceManager: what the program tells whoever started it as a service (systemd, or anything else
// that speaks its two protocols: datagrams to $NOTIFY_SOCKET, sockets passed from descriptor 3 on),
// and what it was given by it. Without one, every call does nothing.
//
// Thread contract: one thread at a time. passed_socket() and from_environment() change the
// environment, so call them before the first thread is made. Cost: a system call a message.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck {

class ServiceManager {
 public:
  /// There is none.
  ServiceManager() = default;
  /// Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that children
  /// do not speak for this process. @throws std::invalid_argument when they cannot be understood: a
  /// manager that hears nothing would wait for us for ever.
  static ServiceManager from_environment();
  /// @param address an absolute path, or `@name` of an abstract socket; empty: there is none.
  explicit ServiceManager(std::string_view address,
                          std::optional<std::chrono::microseconds> watchdog = std::nullopt);
  ~ServiceManager();
  ServiceManager(ServiceManager&& other) noexcept;
  ServiceManager& operator=(ServiceManager&& other) noexcept;

  bool is_there() const noexcept { return fd_ >= 0; }
  /// How often it wants to hear that we live; nothing: it does not want to.
  std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

  // Each: @return false when the manager could not be told.
  /// It serves, after its start or after a reload. `status` is a line for people.
  bool ready(std::string_view status);
  /// The configuration is being read again; ready() ends that.
  bool reloading();
  bool stopping();
  bool status(std::string_view status);
  /// We live. Within every watchdog().
  bool ping();

 private:
  bool send(std::string_view message) const;

  int fd_ = -1;
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::optional<std::chrono::microseconds> watchdog_;
};

/// The socket that the manager opened for this process (LISTEN_PID, LISTEN_FDS), no longer
/// inherited by children; nothing: it opened none. More than one is an error. Takes the variables
/// out of the environment.
Result<std::optional<int>> passed_socket();

}  // namespace tapedeck
