// A listening socket that somebody else opened for the server (socket activation). Any thread;
// set-up only.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "server/options.hpp"

namespace tapedeck {

/// Where the socket listens. @throws std::invalid_argument when it is no TCP socket that listens.
boost::asio::ip::tcp::endpoint listening_endpoint(int fd);

/// Lets the server take the socket over: listen_fd, and listen_address and listen_port as they are
/// in truth. @throws std::invalid_argument as above
void adopt_listening_socket(ServerOptions& options, int fd);

}  // namespace tapedeck
