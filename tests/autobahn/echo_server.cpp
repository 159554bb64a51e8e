// An echo server for the Autobahn test suite: the WebSocket plumbing of Tapedeck (handshake,
// frames, compression, close) with nothing behind it but an echo. Prints its port, runs until it is
// killed.
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "server/ws_connection.hpp"
#include "server/ws_handshake.hpp"

namespace {

using namespace tapedeck;
namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t kMessageBytes = std::size_t{64} << 20;  // cases 9.* send 16 MiB

class Echo final : public WsConnection {
 public:
  using WsConnection::WsConnection;

 private:
  void on_message(WsOpcode opcode, std::string& message) override { send_message(opcode, message); }
  void on_ready() override {}
  void on_closing() override {}
  void on_closed() override {}
  void on_bytes_sent(std::size_t) override {}
  void on_blocked() override {}
};

std::string text_of(const http::request<http::empty_body>& request, http::field name) {
  return std::string(request[name]);
}

/// The handshake, read while the server waits: the suite opens one connection at a time.
void serve(TcpSocket socket, WsCodec& codec) {
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> request;
  boost::system::error_code error;
  http::read(socket, buffer, request, error);
  if (error) return;
  const std::string upgrade = text_of(request, http::field::upgrade);
  const std::string connection = text_of(request, http::field::connection);
  const std::string key = text_of(request, http::field::sec_websocket_key);
  const std::string version = text_of(request, http::field::sec_websocket_version);
  const WsUpgradeFields fields{"GET",
                               upgrade,
                               connection,
                               key,
                               version,
                               text_of(request, http::field::sec_websocket_protocol),
                               text_of(request, http::field::sec_websocket_extensions),
                               request.version() == 11};
  const auto agreement = agree_on_ws(fields, true);
  if (!agreement) return;
  WsConnection::Settings settings;
  settings.limits = {kMessageBytes, agreement->deflate_window.has_value(), true};
  settings.deflate_window = agreement->deflate_window;
  socket.non_blocking(true);
  const auto rest = buffer.cdata();
  std::make_shared<Echo>(Connection(std::move(socket)), codec, settings)
      ->start(ws_response_head(*agreement), {static_cast<const char*>(rest.data()), rest.size()});
}

}  // namespace

int main() {
  asio::io_context context(1);
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
  Acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  std::printf("%d\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  WsCodec codec;
  std::function<void()> accept_next = [&] {
    acceptor.async_accept([&](boost::system::error_code error, TcpSocket socket) {
      if (!error) serve(std::move(socket), codec);
      accept_next();
    });
  };
  accept_next();
  context.run();
  return EXIT_SUCCESS;
}
