// What a filter expression costs per event: three comparisons, with fields the log has extracted
// and with fields that must be found in the payload.
#include "bench_support.hpp"
#include "bus/access.hpp"
#include "bus/backward_scan.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::bench {
namespace {

constexpr std::size_t kEvents = 100'000;

double ns_per_event(const EventLog& log, const char* expression) {
  Filter filter;
  filter.expression = expression;
  const CompiledFilter compiled(filter);
  double best = 1e9;
  std::size_t matches = 0;
  for (int round = 0; round < 7; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    scan_backwards(log, compiled, log.first_seq(), log.last_seq() + 1, nullptr,
                   [&](const ScannedEvent&) { return ++matches > 0; });
    const double ns =
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
    best = std::min(best, ns / kEvents);
  }
  return best;
}

void publish(TelemetryBus& bus) {
  const char* names[] = {"NIFTY", "BANKNIFTY", "RELIANCE", "SBIN", "M&M", "TATAMOTORS"};
  for (std::size_t i = 0; i < kEvents; ++i) {
    OrderEvent order;
    order.order_id = "PAPER-20251118-0001";
    order.symbol = names[i % 6];
    order.side = i % 2 == 0 ? "BUY" : "SELL";
    order.status = "filled";
    order.qty = static_cast<std::int64_t>(i % 1000);
    order.price = 100.0 + static_cast<double>(i % 77);
    order.strategy = "momentum";
    order.order_type = "MARKET";
    order.product = "MIS";
    bus.publish(order);
    if (i % 1024 == 0) bus.flush();
  }
  bus.flush();
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck;
  bench::Report report(argc, argv);
  BusOptions options;
  options.buffer_size = 2 * bench::kEvents;
  options.log_bytes = std::size_t{256} << 20;
  TelemetryBus bus(options);
  bench::publish(bus);
  const EventLog& log = BusAccess::log(bus);
  report.begin("three comparisons, none decides before the last", {"ns an event"});
  report.row("extracted fields",
             {bench::ns_per_event(log,
                                  "payload.symbol != 'X' && payload.strategy == 'momentum' "
                                  "&& payload.order_id == 'Y'")});
  report.row("type, extracted, number",
             {bench::ns_per_event(log,
                                  "type == 'order_event' && payload.symbol != 'X' "
                                  "&& payload.qty > 2000")});
  report.row("fields found in the payload",
             {bench::ns_per_event(log,
                                  "payload.qty >= 0 && payload.price > 1.5 "
                                  "&& payload.product == 'Y'")});
}
