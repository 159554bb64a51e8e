// Events from outside, an event a line, folded into trades: whatever a publisher sends in a chain
// must end in a summary that can be stored, read again and shown.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"
#include "query/trade_json.hpp"
#include "query/trade_tracker.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  EventDecoder decoder;
  const auto events = decoder.decode_copy(std::string(reinterpret_cast<const char*>(data), size),
                                          BatchFormat::ndjson);
  if (!events) return 0;
  FrameEncoder encoder("9f3c21");
  TradeTracker tracker({.max_trades = 3, .max_positions = 2});
  std::uint64_t seq = 0;
  for (const DecodedEvent& event : *events) {
    std::vector<char> frame(FrameEncoder::frame_bound(event));
    FrameIndex index;
    encoder.encode(frame.data(), event, ++seq, event.timestamp_ns, index);
    tracker.add(frame.data(), index, seq);
  }
  for (const TradeSummary& trade : tracker.drain_changed()) {
    const auto again = decode_trade(encode(trade));
    if (!again || to_json(*again) != to_json(trade)) std::abort();
  }
  return 0;
}
