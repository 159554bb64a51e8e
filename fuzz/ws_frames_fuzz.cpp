// Bytes of a WebSocket client. Must never crash; what comes of them must not depend on how they are
// cut into pieces; text that is handed out is UTF-8 and within the limit. The first byte says what
// has been agreed on and where to cut.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/ws_frame.hpp"

namespace {

using namespace tapedeck;
using Got = WsMessageReader::Got;
constexpr std::size_t kLimit = 4096;

/// What comes of the bytes, given in pieces of `step`.
std::vector<std::string> read(std::string_view bytes, std::size_t step, bool deflate) {
  WsMessageReader reader({kLimit, deflate, true});
  WsInflater inflater;
  std::vector<std::string> out;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    for (Got got; (got = reader.next(piece, inflater)) != Got::nothing;) {
      std::string said(1, static_cast<char>('a' + static_cast<int>(got)));
      if (got == Got::text || got == Got::binary) said += reader.message();
      if (got == Got::ping || got == Got::pong || got == Got::close) said += reader.control();
      if (said.size() > kLimit + 1) std::abort();
      if (got == Got::text && !simdjson::validate_utf8(reader.message())) std::abort();
      if (got == Got::close || got == Got::violation) {
        out.push_back(said + std::to_string(static_cast<int>(reader.close_code())));
        return out;
      }
      out.push_back(std::move(said));
    }
    reader.release();
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool deflate = (data[0] & 1) != 0;
  if (read(bytes, SIZE_MAX, deflate) != read(bytes, 1 + (data[0] >> 1) % 16, deflate)) std::abort();
  return 0;
}
