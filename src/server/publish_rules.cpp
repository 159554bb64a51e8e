#include "server/publish_rules.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "event/json_writer.hpp"
#include "filter/canonical_json.hpp"

namespace tapedeck {
namespace {

constexpr std::string_view kCommandType = "command_event";

/// As strings are spelled in events, without their quotes; sorted.
std::vector<std::string> spelled(const std::vector<std::string>& values) {
  std::vector<std::string> out;
  for (const std::string& value : values) {
    const std::string quoted = json::quoted(value);
    out.push_back(quoted.substr(1, quoted.size() - 2));
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool contains(const std::vector<std::string>& sorted, std::string_view value) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  return at != sorted.end() && *at == value;
}

/// The text of a string member's value; a value of another kind as it is written, quotes and all.
std::string_view text_of(std::string_view value) {
  const bool string = value.size() >= 2 && value.front() == '"';
  return string ? value.substr(1, value.size() - 2) : value;
}

Error forbidden(std::string message, std::string field) {
  return {"forbidden", std::move(message), std::move(field)};
}

/// What is not allowed of one batch by one grant.
class Rules {
 public:
  explicit Rules(const auth::Grant& grant)
      : grant_(grant),
        types_(grant.narrowing.event_type),
        symbols_(spelled(grant.narrowing.symbol)),
        strategies_(spelled(grant.narrowing.strategy)) {
    std::sort(types_.begin(), types_.end());
    bind("engine_id", Key::engine_id, grant.engine_id);
    bind("account", Key::account, grant.account);
  }

  bool allow_everything() const {
    return grant_.has(auth::Scope::admin) && grant_.narrowing.empty() && bindings_.empty();
  }
  bool stamps() const { return !bindings_.empty(); }

  std::optional<Error> refuse(const DecodedEvent& event) const {
    if (event.type == kCommandType && !grant_.has(auth::Scope::admin)) {
      return forbidden("A command_event needs the scope admin.", "/type");
    }
    if (!types_.empty() && !contains(types_, event.type)) {
      return forbidden("These credentials may not publish the type " + std::string(event.type) +
                           "; they are narrowed to others.",
                       "/type");
    }
    if (auto error = refuse_payload(event)) return error;
    for (const Binding& binding : bindings_) {
      if (auto error = refuse_source(event, binding)) return error;
    }
    return std::nullopt;
  }

  /// Gives the event the source members that it is bound to and has not.
  void stamp(DecodedEvent& event, StampedEvents& stamped) {
    if (event.source == last_source_ && !stamped.sources.empty()) {
      event.source = stamped.sources.back();
      event.source_keys = last_keys_;
      return;
    }
    const std::string_view given = event.source;
    std::string source = given.empty() ? "{}" : std::string(given);
    bool changed = false;
    for (const Binding& binding : bindings_) changed |= add(binding, source, event.source_keys);
    if (!changed) return;
    last_source_ = given;
    last_keys_ = event.source_keys;
    stamped.sources.push_back(std::move(source));
    event.source = stamped.sources.back();
  }

 private:
  struct Binding {
    std::string_view name;
    Key key;
    std::string value;  // as spelled
  };

  void bind(std::string_view name, Key key, const std::string& value) {
    if (!value.empty()) bindings_.push_back({name, key, spelled({value}).front()});
  }

  /// Every symbol and strategy that it names must be allowed, and it must name one: readers differ
  /// in which of two members of a name they take.
  std::optional<Error> refuse_payload(const DecodedEvent& event) const {
    if (symbols_.empty() && strategies_.empty()) return std::nullopt;
    bool has_symbol = symbols_.empty(), has_strategy = strategies_.empty();
    json::Walker walker(event.payload);
    std::string_view name, value;
    while (walker.next(name, value)) {
      if (name == "symbol" && !symbols_.empty()) {
        if (!contains(symbols_, text_of(value))) return outside("symbol", name);
        has_symbol = true;
      } else if ((name == "strategy" || name == "strategy_name") && !strategies_.empty()) {
        if (!contains(strategies_, text_of(value))) return outside("strategy", name);
        has_strategy = true;
      }
    }
    if (!has_symbol) return outside("symbol", "symbol");
    if (!has_strategy) return outside("strategy", "strategy");
    return std::nullopt;
  }

  static Error outside(std::string_view what, std::string_view member) {
    return forbidden("These credentials are narrowed: payload." + std::string(member) +
                         " must be a " + std::string(what) + " they are for.",
                     "/payload/" + std::string(member));
  }

  static std::optional<Error> refuse_source(const DecodedEvent& event, const Binding& binding) {
    json::Walker walker(event.source);
    std::string_view name, value;
    while (walker.next(name, value)) {
      if (name != binding.name) continue;
      if (value.front() == '"' && text_of(value) == binding.value) continue;
      return forbidden("These credentials publish for one " + std::string(binding.name) +
                           " only; leave source." + std::string(binding.name) +
                           " out, and it is filled in.",
                       "/source/" + std::string(binding.name));
    }
    return std::nullopt;
  }

  static bool add(const Binding& binding, std::string& source, KeySpans& keys) {
    KeySpan& span = keys[static_cast<std::size_t>(binding.key)];
    if (span.packed != 0) return false;  // it has it: refuse_source() has looked
    source.pop_back();
    source += source.size() > 1 ? ",\"" : "\"";
    source += binding.name;
    source += "\":\"";
    span.set(source.size(), binding.value.size());
    source += binding.value;
    source += "\"}";
    return true;
  }

  const auth::Grant& grant_;
  std::vector<std::string> types_, symbols_, strategies_;
  std::vector<Binding> bindings_;
  std::string_view last_source_;  // of the last event that was stamped, as given
  KeySpans last_keys_{};
};

}  // namespace

Result<std::span<const DecodedEvent>> apply_publish_rules(const auth::Grant& grant,
                                                          std::span<const DecodedEvent> events,
                                                          StampedEvents& stamped) {
  Rules rules(grant);
  if (rules.allow_everything()) return events;
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto error = rules.refuse(events[i]);
    if (!error) continue;
    if (events.size() > 1) {
      const std::string index = std::to_string(i);
      error->message = "Event " + index + ": " + error->message;
      error->field = "/" + index + error->field;
    }
    return std::move(*error);
  }
  if (!rules.stamps()) return events;
  stamped.sources.clear();
  stamped.events.assign(events.begin(), events.end());
  for (DecodedEvent& event : stamped.events) rules.stamp(event, stamped);
  return std::span<const DecodedEvent>(stamped.events);
}

}  // namespace tapedeck
