// The headers of a WebSocket handshake: the first line of the input is the extensions, the second
// the protocols, the third the key. Must never crash, and the answer is a head of header lines.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/ws_deflate.hpp"
#include "server/ws_handshake.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&rest] {
    const std::size_t end = rest.find('\n');
    const std::string_view found = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return found;
  };
  WsUpgradeFields fields{
      "GET", "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "13", "", "", true};
  fields.extensions = line();
  fields.protocols = line();
  if (!rest.empty()) fields.key = rest;
  const auto agreement = agree_on_ws(fields, true);
  if (!agreement) {
    if (agreement.error().message.empty()) std::abort();
    return 0;
  }
  if (agreement->deflate_window &&
      (*agreement->deflate_window < kMinWsWindow || *agreement->deflate_window > kMaxWsWindow)) {
    std::abort();
  }
  const std::string head = ws_response_head(*agreement);
  if (!head.ends_with("\r\n\r\n") || head.find("\r\n\r\n") != head.size() - 4) std::abort();
  return 0;
}
