// Socket activation: the server takes over a socket that was opened for it.
#include "server/listen_socket.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

/// A socket bound to `address`, and listening when told to.
int make_socket(int type, const char* address, bool listens) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &name.sin_addr);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  if (listens) {
    EXPECT_EQ(::listen(fd, 8), 0);
  }
  return fd;
}

class ListenSocketTest : public ServerTest {
 protected:
  /// Not through start(), which chooses a port of its own.
  void start_on(int fd) {
    ServerOptions options;
    options.io_threads = 1;
    adopt_listening_socket(options, fd);
    expected_port_ = options.listen_port;
    bus_ = std::make_unique<TelemetryBus>();
    server_ = std::make_unique<Server>(*bus_, options);
    server_->start();
  }
  unsigned short expected_port_ = 0;
};

TEST_F(ListenSocketTest, APassedSocketIsServedOnItsOwnPort) {
  start_on(make_socket(SOCK_STREAM, "127.0.0.1", true));
  EXPECT_NE(expected_port_, 0);
  EXPECT_EQ(server_->port(), expected_port_);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(ListenSocketTest, AClientThatCameBeforeTheServerIsServed) {
  const int fd = make_socket(SOCK_STREAM, "127.0.0.1", true);
  HttpTestClient early(listening_endpoint(fd).port());
  start_on(fd);
  EXPECT_EQ(early.get("/healthz").status, 200);
}

TEST_F(ListenSocketTest, ASocketThatOtherMachinesReachIsRefusedLikeAnAddress) {
  EXPECT_THROW(start_on(make_socket(SOCK_STREAM, "0.0.0.0", true)), std::invalid_argument);
  // What the options say of the address does not count.
  ServerOptions options;
  options.listen_fd = make_socket(SOCK_STREAM, "0.0.0.0", true);
  bus_ = std::make_unique<TelemetryBus>();
  Server server(*bus_, options);
  EXPECT_THROW(server.start(), std::invalid_argument);
  ::close(options.listen_fd);
}

TEST_F(ListenSocketTest, WhatIsNoListeningTcpSocketIsRefused) {
  ServerOptions options;
  const int silent = make_socket(SOCK_STREAM, "127.0.0.1", false);
  EXPECT_THROW(adopt_listening_socket(options, silent), std::invalid_argument);
  const int datagrams = make_socket(SOCK_DGRAM, "127.0.0.1", false);
  EXPECT_THROW(adopt_listening_socket(options, datagrams), std::invalid_argument);
  const int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;  // no path: the kernel gives it an abstract name
  EXPECT_EQ(::bind(local, reinterpret_cast<sockaddr*>(&name), sizeof name.sun_family), 0);
  EXPECT_EQ(::listen(local, 8), 0);
  EXPECT_THROW(adopt_listening_socket(options, local), std::invalid_argument);
  EXPECT_THROW(adopt_listening_socket(options, 9999), std::invalid_argument);
  EXPECT_EQ(options.listen_fd, -1);
  for (const int fd : {silent, datagrams, local}) ::close(fd);
}

TEST_F(ListenSocketTest, ATrustedProxyThatIsNoAddressIsRefused) {
  ServerOptions options;
  options.trusted_proxies = {"10.0.0.1/8"};
  bus_ = std::make_unique<TelemetryBus>();
  EXPECT_THROW(Server(*bus_, options), std::invalid_argument);
}

}  // namespace
}  // namespace tapedeck::testing
