// Whatever bytes come: the decoder does not crash, and what it accepts is canonical, that is,
// decodes again to the same bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "event/event_decoder.hpp"

namespace {

using tapedeck::BatchFormat;
using tapedeck::DecodedEvent;
using tapedeck::EventDecoder;

[[noreturn]] void fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

/// From a buffer of exactly the promised size, so that a byte read too many is seen.
auto decode(EventDecoder& decoder, std::string_view text, BatchFormat format) {
  static std::unique_ptr<char[]> padded;
  padded.reset(new char[text.size() + EventDecoder::kPadding]());
  std::memcpy(padded.get(), text.data(), text.size());
  return decoder.decode({padded.get(), text.size()}, format);
}

std::string to_json(const DecodedEvent& event) {
  std::string out = "{\"type\":\"" + std::string(event.type) + "\",\"payload\":";
  out += event.payload;
  if (!event.source.empty()) out.append(",\"source\":").append(event.source);
  return out + "}";
}

void check_keys(const tapedeck::KeySpans& keys, std::string_view text) {
  for (const auto& span : keys) {
    if (span.packed != 0 && span.offset() + span.length() > text.size()) {
      fail("a key lies outside", std::string(text));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static EventDecoder decoder, again;
  if (size == 0) return 0;
  const auto format = (data[0] & 1) != 0 ? BatchFormat::ndjson : BatchFormat::json;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto events = decode(decoder, text, format);
  if (!events) {
    if (events.error().code.empty() || events.error().message.empty()) fail("no error", "");
    return 0;
  }
  std::vector<std::string> canonical;
  for (const DecodedEvent& event : *events) {
    check_keys(event.payload_keys, event.payload);
    check_keys(event.source_keys, event.source);
    canonical.push_back(to_json(event));
  }
  for (const std::string& json : canonical) {
    const auto second = decode(again, json, BatchFormat::json);
    if (!second) fail("refused its own output", json);
    if (second->size() != 1 || to_json(second->front()) != json) fail("not canonical", json);
  }
  return 0;
}
