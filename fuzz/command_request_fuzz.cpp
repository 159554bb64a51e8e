// The body of a command. Must never crash, and what is taken must be an event the log takes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "event/event_decoder.hpp"
#include "query/command_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  const auto text = command_event_of({reinterpret_cast<const char*>(data), size});
  if (!text) {
    if (text.error().message.empty()) std::abort();
    return 0;
  }
  EventDecoder decoder;
  if (!decoder.decode_copy(*text, BatchFormat::json)) std::abort();
  return 0;
}
