// A delivery as the store may have it after somebody edited it. Must never crash; what is
// understood must come back equal from what is written of it, and have a body in every format.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alert/delivery_entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::alert;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static_cast<void>(parse_notification(text));
  const auto entry = parse_entry(text);
  if (!entry) {
    if (entry.error().message.empty()) std::abort();
    return 0;
  }
  const std::string written = entry_json(*entry);
  const auto again = parse_entry(written);
  if (!again || entry_json(*again) != written) std::abort();
  Target target;
  for (const Format format :
       {Format::json, Format::slack, Format::telegram, Format::alertmanager}) {
    target.format = format;
    if (webhook_body(entry->message, target, 1).empty()) std::abort();
  }
  return 0;
}
