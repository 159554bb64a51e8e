// The headers that proxies, and whoever pretends to be one, send: lines of which the first byte
// says which header they are. Never a crash; the answer is always an address, and one that is not
// in the headers' favour when the peer is no proxy.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/forwarded.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  static const TrustedProxies trusted =
      TrustedProxies::parse({"127.0.0.1", "10.0.0.0/8", "fc00::/7"}).value();
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  std::vector<std::string_view> lines[3];
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    lines[static_cast<unsigned char>(line[0]) % 3].push_back(line.substr(1));
    static_cast<void>(TrustedProxies::parse({std::string(line.substr(1))}));
  }
  const ForwardingHeaders headers{lines[0], lines[1], lines[2]};
  const ClientAddress client = client_address("127.0.0.1", false, headers, trusted);
  const auto address = IpAddress::parse(client.address);
  if (!address || address->text() != client.address) std::abort();
  if (client_address("203.0.113.1", true, headers, trusted) != ClientAddress{"203.0.113.1", true}) {
    std::abort();
  }
  return 0;
}
