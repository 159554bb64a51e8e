#include "alert/notification.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alert/json_text.hpp"
#include "auth/strict_json.hpp"

namespace tapedeck::alert {
namespace {

using auth::StrictJson;

constexpr std::size_t kMostIdBytes = 100;

Error malformed(std::string_view what) {
  return {"malformed_json", fmt::format("a notification {}", what), ""};
}

/// Reads members; remembers whether one was of the wrong kind.
class Reader {
 public:
  explicit Reader(StrictJson::Object object) : object_(object) {}

  void text(std::string_view name, std::string& to) {
    const auto element = auth::member_of(object_, name);
    if (!element) return;
    const auto value = auth::text_of(*element);
    bad_ |= !value;
    if (value) to = *value;
  }
  template <typename Number>
  void number(std::string_view name, Number& to) {
    const auto element = auth::member_of(object_, name);
    if (element) bad_ |= element->get(to) != simdjson::SUCCESS;
  }
  void value(std::optional<double>& to) {
    double number = 0;
    const auto element = auth::member_of(object_, "value");
    if (!element || element->is_null()) return;
    bad_ |= element->get(number) != simdjson::SUCCESS;
    to = number;
  }
  void severity(Severity& to) {
    std::string name;
    text("severity", name);
    for (const Severity one : {Severity::info, Severity::warning, Severity::critical}) {
      if (to_string(one) != name) continue;
      to = one;
      return;
    }
    bad_ |= !name.empty();
  }
  void group(Group& to) {
    const auto element = auth::member_of(object_, "group");
    if (!element) return;
    StrictJson::Object members;
    bad_ |= element->get(members) != simdjson::SUCCESS;
    if (bad_) return;
    for (const auto member : members) {
      const auto text = auth::text_of(member.value);
      bad_ |= !text;
      if (text) to.emplace_back(member.key, *text);
    }
  }
  bool bad() const { return bad_; }

 private:
  StrictJson::Object object_;
  bool bad_ = false;
};

}  // namespace

std::string notification_json(const Notification& n) {
  std::string out;
  JsonObject object(out);
  object.text("id", n.id).text("target", n.target).text("rule", n.rule);
  object.text("alert_id", n.alert_id).text("state", n.state);
  object.text("severity", to_string(n.severity));
  object.text("summary", n.summary).text("description", n.description);
  object.raw("group", group_json(n.group)).raw("value", number_json(n.value));
  object.text("event_id", n.event_id);
  // As a text, so that it comes back byte by byte, its numbers' spelling too.
  object.text("event", n.event_json);
  object.integer("at_ns", n.at_ns).integer("started_ns", n.started_ns);
  object.integer("resolved_ns", n.resolved_ns);
  object.raw("suppressed", fmt::to_string(n.suppressed));
  object.end();
  return out;
}

Result<Notification> parse_notification(std::string_view json) {
  StrictJson parser;
  const auto object = parser.parse_object(json);
  if (!object) return malformed(object.error().message);
  Notification n;
  Reader reader(object.value());
  reader.text("id", n.id);
  reader.text("target", n.target);
  reader.text("rule", n.rule);
  reader.text("alert_id", n.alert_id);
  reader.text("state", n.state);
  reader.severity(n.severity);
  reader.text("summary", n.summary);
  reader.text("description", n.description);
  reader.group(n.group);
  reader.value(n.value);
  reader.text("event_id", n.event_id);
  reader.text("event", n.event_json);
  reader.number("at_ns", n.at_ns);
  reader.number("started_ns", n.started_ns);
  reader.number("resolved_ns", n.resolved_ns);
  reader.number("suppressed", n.suppressed);
  if (reader.bad()) return malformed("has a member of the wrong kind");
  if (n.id.empty() || n.id.size() > kMostIdBytes || !auth::is_printable(n.id)) {
    return malformed(fmt::format("needs an id of 1 to {} printable bytes", kMostIdBytes));
  }
  if (n.target.empty()) return malformed("needs a target");
  return n;
}

}  // namespace tapedeck::alert
