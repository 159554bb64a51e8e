#include "server/listen_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <stdexcept>

namespace tapedeck {
namespace {

int socket_option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

boost::asio::ip::tcp::endpoint listening_endpoint(int fd) {
  boost::asio::ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  const bool good =
      socket_option(fd, SO_TYPE) == SOCK_STREAM && socket_option(fd, SO_ACCEPTCONN) == 1 &&
      ::getsockname(fd, endpoint.data(), &size) == 0 &&
      (endpoint.data()->sa_family == AF_INET || endpoint.data()->sa_family == AF_INET6);
  if (!good) {
    throw std::invalid_argument(fmt::format(
        "descriptor {} is no TCP socket that listens; use ListenStream=ADDRESS:PORT and Accept=no",
        fd));
  }
  endpoint.resize(size);
  return endpoint;
}

void adopt_listening_socket(ServerOptions& options, int fd) {
  const auto endpoint = listening_endpoint(fd);
  options.listen_fd = fd;
  options.listen_address = endpoint.address().to_string();
  options.listen_port = endpoint.port();
}

}  // namespace tapedeck
