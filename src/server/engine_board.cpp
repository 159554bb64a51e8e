#include "server/engine_board.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "bus/backward_scan.hpp"

namespace tapedeck {
namespace {

using Type = MetricsText::Type;

constexpr std::size_t kMaxLabelBytes = 64;
constexpr std::array<std::string_view, 5> kStatuses = {"starting", "active", "degraded", "error",
                                                       "stopped"};

/// What of an engine's metrics becomes one of ours (contract §10).
struct Wanted {
  std::string_view member;
  std::string_view name;
  Type type;
  double factor;
  std::string_view help;
};
constexpr std::array kWanted = {
    Wanted{"last_tick_age_ms", "tapedeck_engine_feed_age_seconds", Type::gauge, 1e-3,
           "Time since the feed's last tick, as the engine said last."},
    Wanted{"ticks_total", "tapedeck_engine_ticks_total", Type::counter, 1, "Ticks the feed gave."},
    Wanted{"bad_ticks", "tapedeck_engine_bad_ticks_total", Type::counter, 1,
           "Ticks that were refused."},
    Wanted{"late_ticks", "tapedeck_engine_late_ticks_total", Type::counter, 1,
           "Ticks that came after their candle had closed."},
    Wanted{"gaps", "tapedeck_engine_feed_gaps_total", Type::counter, 1, "Holes in the feed."},
    Wanted{"lookup_failures", "tapedeck_engine_lookup_failures_total", Type::counter, 1,
           "Symbols that were not found."},
    Wanted{"stale_symbols_count", "tapedeck_engine_stale_symbols", Type::gauge, 1,
           "Symbols silent for more than an hour of market time."},
    Wanted{"open_orders", "tapedeck_engine_open_orders", Type::gauge, 1,
           "Orders at work with the broker."},
    Wanted{"orders_total", "tapedeck_engine_orders_total", Type::counter, 1, "Orders sent."},
    Wanted{"fills_total", "tapedeck_engine_fills_total", Type::counter, 1, "Fills."},
    Wanted{"rejects_total", "tapedeck_engine_rejects_total", Type::counter, 1, "Orders rejected."},
    Wanted{"unknown_outcomes", "tapedeck_engine_unknown_outcomes", Type::gauge, 1,
           "Orders whose outcome the broker has not told."},
    Wanted{"kill_switch", "tapedeck_engine_kill_switch", Type::gauge, 1,
           "1 while the kill switch is on."},
    Wanted{"total_strategies", "tapedeck_engine_strategies", Type::gauge, 1, "Strategies at work."},
    Wanted{"avg_win_rate", "tapedeck_engine_win_rate_ratio", Type::gauge, 1,
           "Mean win rate of the strategies, 0 to 1."},
    Wanted{"max_loss_streak", "tapedeck_engine_loss_streak", Type::gauge, 1,
           "Longest present run of losing trades."},
    Wanted{"events_lost", "tapedeck_engine_events_lost_total", Type::counter, 1,
           "Events the engine could not publish."},
};

CompiledFilter health_filter() {
  Filter filter;
  filter.event_type.emplace_back("engine_health");
  return CompiledFilter(filter);
}

/// At most kMaxLabelBytes of UTF-8, no character cut in two: halves would all look the same.
std::string cut(std::string_view text) {
  if (text.size() <= kMaxLabelBytes) return std::string(text);
  std::size_t end = kMaxLabelBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

/// A key's value as it stands in the frame: JSON's escapes stay as they are, which keeps it unique.
std::string key_of(const ScannedEvent& event, Key key) {
  const KeySpan span = event.index->keys[static_cast<std::size_t>(key)];
  return cut({event.frame + span.offset(), span.length()});
}

bool read_number(simdjson::dom::element element, double& out) {
  bool flag = false;
  if (element.get(flag) == simdjson::SUCCESS) {
    out = flag ? 1 : 0;
    return true;
  }
  return element.get(out) == simdjson::SUCCESS;
}

}  // namespace

EngineBoard::EngineBoard(const EventLog& log)
    : log_(log), filter_(health_filter()), next_seq_(log.begin_seq()) {}

void EngineBoard::look(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  look_with_lock(now);
}

void EngineBoard::look_with_lock(Clock::time_point now) {
  const std::uint64_t end = log_.last_seq() + 1;
  if (end <= next_seq_) return forget(now);
  std::set<Name> seen;
  scan_backwards(
      log_, filter_, std::max(next_seq_, log_.first_seq()), end, nullptr,
      [&](const ScannedEvent& event) {
        const Name name{key_of(event, Key::engine), key_of(event, Key::engine_id)};
        if (seen.insert(name).second) {
          hear(name, {event.frame + event.index->payload_offset(), event.index->payload_length},
               event.seq, now);
        }
        return seen.size() < kMaxEngines;
      });
  next_seq_ = end;
  forget(now);
}

void EngineBoard::hear(const Name& name, std::string_view payload, std::uint64_t seq,
                       Clock::time_point now) {
  Engine engine;
  engine.seq = seq;
  engine.heard = now;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(payload.data(), payload.size(), true).get(document) != simdjson::SUCCESS) return;
  std::string_view status;
  if (document["status"].get(status) != simdjson::SUCCESS) return;
  engine.status = cut(status);
  for (const Wanted& wanted : kWanted) {
    simdjson::dom::element value;
    double number = 0;
    if (document["metrics"][wanted.member].get(value) == simdjson::SUCCESS &&
        read_number(value, number)) {
      engine.numbers.emplace(wanted.member, number * wanted.factor);
    }
  }
  engines_[name] = std::move(engine);
}

/// Engines that are gone, and, beyond the limit, those that have been silent for longest.
void EngineBoard::forget(Clock::time_point now) {
  std::erase_if(engines_, [now](const auto& entry) {
    const auto silent = now - entry.second.heard;
    return silent > (entry.second.status == "stopped" ? kStoppedFor : kSilentFor);
  });
  while (engines_.size() > kMaxEngines) {
    engines_.erase(
        std::min_element(engines_.begin(), engines_.end(),
                         [](const auto& a, const auto& b) { return a.second.seq < b.second.seq; }));
  }
}

void EngineBoard::write(MetricsText& out, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  look_with_lock(now);
  if (engines_.empty()) return;
  write_states(out, now);
  write_numbers(out);
}

void EngineBoard::write_states(MetricsText& out, Clock::time_point now) const {
  out.family("tapedeck_engine_status", Type::gauge, "1 for the status an engine is in.");
  for (const auto& [name, engine] : engines_) {
    const auto state = [&](std::string_view status) {
      out.value({{"engine_name", name.first}, {"engine_id", name.second}, {"status", status}},
                std::uint64_t{engine.status == status});
    };
    for (const std::string_view status : kStatuses) state(status);
    const bool is_known =
        std::find(kStatuses.begin(), kStatuses.end(), engine.status) != kStatuses.end();
    if (!is_known) state(engine.status);
  }
  out.family("tapedeck_engine_health_age_seconds", Type::gauge,
             "Time since an engine's last engine_health, to the second.");
  for (const auto& [name, engine] : engines_) {
    out.value({{"engine_name", name.first}, {"engine_id", name.second}},
              std::chrono::duration<double>(now - engine.heard).count());
  }
}

void EngineBoard::write_numbers(MetricsText& out) const {
  for (const Wanted& wanted : kWanted) {
    bool begun = false;
    for (const auto& [name, engine] : engines_) {
      const auto number = engine.numbers.find(wanted.member);
      if (number == engine.numbers.end()) continue;
      if (!begun) out.family(wanted.name, wanted.type, wanted.help);
      begun = true;
      out.value({{"engine_name", name.first}, {"engine_id", name.second}}, number->second);
    }
  }
}

}  // namespace tapedeck
