#include "query/aggregate_fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "event/json_writer.hpp"
#include "filter/canonical_json.hpp"
#include "query/aggregate_index.hpp"

namespace tapedeck {
namespace {

constexpr std::array<std::string_view, kDimensionCount> kNames = {
    "type", "symbol", "strategy", "engine", "engine_id", "host", "account", "mode", "status"};

constexpr std::array<Key, kDimensionCount> kKeys = {Key{},        Key::symbol,    Key::strategy,
                                                    Key::engine,  Key::engine_id, Key::host,
                                                    Key::account, Key::mode,      Key{}};

std::size_t hash_of(std::string_view name) noexcept {
  if (name.empty()) return 0;
  return (name.size() * 5 + static_cast<unsigned char>(name.front()) * 3U +
          static_cast<unsigned char>(name.back())) %
         64;
}

bool begins_number(char c) noexcept {
  return c == '-' || (c >= '0' && c <= '9');
}

std::optional<double> number_of(std::string_view json) noexcept {
  if (!begins_number(json.front())) return std::nullopt;
  double value = 0;
  const char* end = json.data() + json.size();
  const auto [stop, problem] = std::from_chars(json.data(), end, value);
  if (problem != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// A string or a number as a key's text, as the encoder indexes keys.
std::optional<std::string_view> text_of(std::string_view json) noexcept {
  if (json.front() == '"') {
    if (json.size() < 2) return std::nullopt;
    json = json.substr(1, json.size() - 2);
  } else if (!begins_number(json.front())) {
    return std::nullopt;
  }
  return json.size() <= KeySpan::kMaxLength ? std::optional(json) : std::nullopt;
}

}  // namespace

std::string_view name_of(Dimension dimension) noexcept {
  return kNames[static_cast<std::size_t>(dimension)];
}

std::optional<Dimension> dimension_named(std::string_view name) noexcept {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<Dimension>(at - kNames.begin());
}

const std::vector<std::string>& default_value_fields() {
  static const std::vector<std::string> fields = {"confidence",
                                                  "trace_data.confidence",
                                                  "qty",
                                                  "price",
                                                  "fill_qty",
                                                  "fill_price",
                                                  "avg_price",
                                                  "realized_pnl",
                                                  "unrealized_pnl",
                                                  "day_pnl",
                                                  "charges",
                                                  "metrics.total_pnl",
                                                  "metrics.realized_pnl",
                                                  "metrics.unrealized_pnl",
                                                  "metrics.net_pnl",
                                                  "metrics.charges",
                                                  "metrics.ack_latency_ms",
                                                  "metrics.decision_to_fill_ms",
                                                  "metrics.last_tick_age_ms"};
  return fields;
}

std::string spelled(std::string_view text) {
  const std::string quoted = json::quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

AggregateFields::Member& AggregateFields::Table::at(std::string_view name) {
  for (Member& member : members) {
    if (member.name == name) return member;
  }
  std::int32_t& head = first[hash_of(name)];
  Member member;
  member.name = name;
  member.next = head;
  head = static_cast<std::int32_t>(members.size());
  return members.emplace_back(std::move(member));
}

inline const AggregateFields::Member* AggregateFields::Table::find(
    std::string_view name) const noexcept {
  for (std::int32_t at = first[hash_of(name)]; at != kNone;) {
    const Member& member = members[static_cast<std::size_t>(at)];
    if (same_text(member.name, name)) return &member;
    at = member.next;
  }
  return nullptr;
}

AggregateFields::AggregateFields(std::vector<std::string> paths)
    : paths_(std::move(paths)), tables_(1) {
  if (paths_.size() > kMaxFields) {
    throw std::invalid_argument("at most 64 value fields can be aggregated, not " +
                                std::to_string(paths_.size()));
  }
  tables_.reserve(paths_.size() + 1);  // references to tables stay good
  tables_[0].at("status").is_status = true;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    const std::string_view path = paths_[i];
    const std::size_t dot = path.find('.');
    Member* member = &tables_[0].at(spelled(path.substr(0, dot)));
    if (dot != std::string_view::npos) {
      if (member->inside == kNone) {
        member->inside = static_cast<std::int32_t>(tables_.size());
        tables_.emplace_back();
      }
      member = &tables_[static_cast<std::size_t>(member->inside)].at(spelled(path.substr(dot + 1)));
    }
    if (path.empty() || dot == 0 || dot + 1 == path.size() || member->field != kNone) {
      throw std::invalid_argument("the value field \"" + paths_[i] +
                                  "\" must be a name or name.name, given once");
    }
    member->field = static_cast<std::int32_t>(i);
  }
}

struct AggregateFields::Reading {
  Found& found;
  std::uint64_t seen = 0;  // a bit a field: the first of a name counts
  bool status_seen = false;
};

void AggregateFields::read(const Table& table, std::string_view object, Reading& reading) const {
  json::Walker walker(object);
  std::string_view name, value;
  while (walker.next(name, value)) {
    const Member* member = table.find(name);
    if (member == nullptr || value.empty()) continue;
    if (member->is_status && !reading.status_seen) {
      reading.status_seen = true;
      reading.found.status = text_of(value);
    }
    if (member->field != kNone && (reading.seen >> member->field & 1) == 0) {
      if (const auto number = number_of(value)) {
        reading.seen |= std::uint64_t{1} << member->field;
        reading.found.values[reading.found.count++] = {static_cast<std::uint32_t>(member->field),
                                                       *number};
      }
    }
    if (member->inside != kNone && value.front() == '{') {
      read(tables_[static_cast<std::size_t>(member->inside)], value, reading);
    }
  }
}

void AggregateFields::read(std::string_view payload, Found& found) const {
  found.count = 0;
  found.status.reset();
  Reading reading{found};
  read(tables_[0], payload, reading);
}

std::optional<std::string_view> dimension_value(Dimension dimension, const char* frame,
                                                const FrameIndex& index,
                                                const std::optional<std::string_view>& status) {
  if (dimension == Dimension::type) {
    return std::string_view(frame + index.type_offset(), index.type_length);
  }
  if (dimension == Dimension::status) return status;
  KeySpan span = index.keys[static_cast<std::size_t>(kKeys[static_cast<std::size_t>(dimension)])];
  if (dimension == Dimension::strategy && span.packed == 0) {
    span = index.keys[static_cast<std::size_t>(Key::strategy_name)];
  }
  if (span.packed == 0) return std::nullopt;
  return std::string_view(frame + span.offset(), span.length());
}

}  // namespace tapedeck
