#include "universe/universe_events.hpp"

namespace tapedeck::universe {
namespace {

List list_of(const std::vector<std::string>& symbols) {
  List list;
  for (const std::string& symbol : symbols) list.add(symbol);
  return list;
}

}  // namespace

UniverseScan scan_event(const std::string& exchange, const ExchangeScan& scan, market::IstDate date,
                        const DumpReport* report) {
  UniverseScan event;
  event.scan_type = exchange == "NSE" || exchange == "BSE" ? "equity" : "fno";
  event.universe_size = static_cast<std::int64_t>(scan.size);
  List types;
  Map counts;
  for (const auto& [type, count] : scan.counts) {
    types.add(type);
    counts.set(type, count);
  }
  event.summary.set("exchange", exchange).set("instrument_types", types).set("counts", counts);
  event.summary.set("added", list_of(scan.added.listed))
      .set("removed", list_of(scan.removed.listed))
      .set("changed", list_of(scan.changed.listed))
      .set("added_count", scan.added.total)
      .set("removed_count", scan.removed.total)
      .set("changed_count", scan.changed.total);
  if (report != nullptr) event.summary.set("bad_rows", report->bad_rows + report->repeated_rows);
  event.summary.set("session_date", market::format_date(date));
  return event;
}

UniverseSummary summary_event(const Scans& scans, market::IstDate date, const DumpReport* report) {
  UniverseSummary event;
  event.universe_type = "all";
  Map by_exchange;
  std::uint64_t total = 0;
  std::uint64_t added = 0, removed = 0, changed = 0;
  for (const auto& [exchange, scan] : scans) {
    by_exchange.set(exchange, scan.size);
    total += scan.size;
    added += scan.added.total;
    removed += scan.removed.total;
    changed += scan.changed.total;
  }
  event.summary.set("total", total)
      .set("by_exchange", by_exchange)
      .set("added_count", added)
      .set("removed_count", removed)
      .set("changed_count", changed);
  if (report != nullptr) {
    event.summary.set("dump_rows", report->rows)
        .set("bad_rows", report->bad_rows + report->repeated_rows);
    List examples;
    for (const BadDumpRow& row : report->first_bad_rows) {
      Map example;
      example.set("line", row.line).set("reason", row.reason);
      examples.add(example);
    }
    event.summary.set("first_bad_rows", examples);
  }
  event.summary.set("session_date", market::format_date(date));
  return event;
}

UniverseSummary strikes_event(const StrikeQuery& query, const StrikeWindow& window,
                              const WindowChange& change) {
  UniverseSummary event;
  event.universe_type = "strikes";
  event.summary.set("underlying", query.underlying).set("expiry_rank", query.expiry_rank);
  if (!window.problem.empty()) {
    event.summary.set("problem", window.problem);
  } else {
    event.summary.set("exchange", window.exchange)
        .set("expiry", window.expiry)
        .set("spot", window.spot)
        .set("at_the_money", window.at_the_money)
        .set("step", window.step)
        .set("futures", window.futures.size())
        .set("calls", window.calls.size())
        .set("puts", window.puts.size());
  }
  event.summary.set("added", list_of(change.added)).set("removed", list_of(change.removed));
  return event;
}

}  // namespace tapedeck::universe
