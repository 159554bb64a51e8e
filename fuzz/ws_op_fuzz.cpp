// A message of a WebSocket client. Must never crash or read beyond its padding; what is wrong has a
// sentence and a code, and every answer is JSON.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "server/ws_message.hpp"

namespace {

void check(const std::string& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(answer).get(object) != simdjson::SUCCESS) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  // What comes over a WebSocket has been found to be UTF-8.
  if (!simdjson::validate_utf8(message.data(), message.size())) return 0;
  const auto padded = std::make_unique<char[]>(size + WsOpParser::kPadding);
  std::memcpy(padded.get(), data, size);
  static WsOpParser parser;
  WsOp op;
  if (const auto error = parser.parse({padded.get(), size}, {}, op)) {
    if (error->message.empty() || error->code.empty()) std::abort();
    check(ws_error(op.id, *error));
    return 0;
  }
  check(ws_ack(op.kind, op.id));
  check(ws_pong(op.id));
  if (op.kind == WsOp::Kind::publish && op.events.empty()) std::abort();
  return 0;
}
