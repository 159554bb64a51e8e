#include "tapedeck/universe/universe_builder.hpp"

#include <algorithm>

namespace tapedeck::universe {
namespace {

constexpr std::size_t kListedChanges = 50;

/// What is in `now` but not in `before`, at most kListedChanges names.
List new_names(const std::set<std::string>& before, const std::set<std::string>& now) {
  List names;
  std::size_t listed = 0;
  for (const std::string& name : now) {
    if (listed == kListedChanges) break;
    if (before.contains(name)) continue;
    names.add(name);
    ++listed;
  }
  return names;
}

}  // namespace

UniverseBuilder::UniverseBuilder(market::EnginePublisher publisher,
                                 const market::TradingCalendar& calendar,
                                 const market::InstrumentTable& instruments,
                                 std::chrono::nanoseconds health_every)
    : publisher_(publisher),
      calendar_(calendar),
      instruments_(instruments),
      heartbeat_(health_every) {}

void UniverseBuilder::refresh(Timestamp now) {
  now_ = std::max(now_, now);
  std::map<std::string, Scan> scans{{"NFO", {}}, {"NSE", {}}};
  for (const auto& [key, info] : instruments_.all()) {
    Scan& scan = scans[info.exchange];
    ++scan.counts[info.type];
    scan.symbols.insert(info.symbol);
  }
  for (const auto& [exchange, scan] : scans) publish_scan(exchange, scan, now_);
  last_ = std::move(scans);
  ++refreshes_;
  publish_summary(now_);
}

void UniverseBuilder::publish_scan(const std::string& exchange, const Scan& scan, Timestamp at) {
  // The first scan has nothing to be compared with.
  const bool first = refreshes_ == 0;
  const Scan& before = first ? scan : last_[exchange];
  UniverseScan event;
  event.scan_type = exchange == "NSE" ? "equity" : "fno";
  event.universe_size = static_cast<std::int64_t>(scan.symbols.size());
  List types;
  Map counts;
  for (const auto& [type, count] : scan.counts) {
    types.add(type);
    counts.set(type, count);
  }
  event.summary.set("exchange", exchange)
      .set("instrument_types", types)
      .set("counts", counts)
      .set("added", new_names(before.symbols, scan.symbols))
      .set("removed", new_names(scan.symbols, before.symbols))
      .set("session_date", market::format_date(market::ist_date(at)));
  publisher_.publish(event, at);
}

void UniverseBuilder::publish_summary(Timestamp at) {
  UniverseSummary event;
  event.universe_type = "all";
  Map by_exchange;
  std::size_t total = 0;
  for (const auto& [exchange, scan] : last_) {
    by_exchange.set(exchange, scan.symbols.size());
    total += scan.symbols.size();
  }
  event.summary.set("total", total).set("by_exchange", by_exchange);
  publisher_.publish(event, at);
}

void UniverseBuilder::start(Timestamp now) {
  now_ = now;
  heartbeat_.start(now);
  publish_health(now);
  refresh(now);
  next_refresh_ = calendar_.next_open(now);
  heartbeat_.change(market::EngineState::active);
  publish_health(now);
}

Timestamp UniverseBuilder::next_due() const {
  return std::min(heartbeat_.next_due(), next_refresh_);
}

void UniverseBuilder::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    now_ = std::max(now_, due);
    if (next_refresh_ <= due) {
      refresh(due);
      next_refresh_ = calendar_.next_open(due);
    }
    if (heartbeat_.next_due() <= due) {
      publish_health(due);
      heartbeat_.beat();
    }
  }
  now_ = std::max(now_, now);
}

void UniverseBuilder::skip_to(Timestamp now) {
  now_ = std::max(now_, now);
  heartbeat_.skip_to(now);
  if (next_refresh_ > now) return;
  refresh(now);
  next_refresh_ = calendar_.next_open(now);
}

void UniverseBuilder::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(market::EngineState::error)) publish_health(now_, reason);
}

void UniverseBuilder::stop(Timestamp now) {
  now_ = std::max(now_, now);
  next_refresh_ = Timestamp::max();
  if (heartbeat_.change(market::EngineState::stopped)) publish_health(now_);
}

void UniverseBuilder::publish_health(Timestamp at, std::string_view error) {
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics.set("instruments", instruments_.size()).set("refreshes", refreshes_);
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, at);
}

}  // namespace tapedeck::universe
