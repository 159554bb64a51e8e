// keys.json as somebody may have edited it. Must never crash; what is understood must come back
// equal from what is written of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/key_file_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::auth;
  const auto keys = parse_key_file({reinterpret_cast<const char*>(data), size});
  if (!keys) {
    if (keys.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = parse_key_file(write_key_file(*keys));
  if (!again || again.value() != keys.value()) std::abort();
  return 0;
}
