#include "alert/delivery_entry.hpp"

#include <fmt/format.h>

#include "alert/json_text.hpp"
#include "auth/strict_json.hpp"

namespace tapedeck::alert {
namespace {

using auth::StrictJson;

Error malformed(std::string_view what) {
  return {"malformed_json", fmt::format("a kept delivery {}", what), ""};
}

template <typename Number>
bool read_number(StrictJson::Object object, std::string_view name, Number& to) {
  const auto element = auth::member_of(object, name);
  std::uint64_t number = 0;
  if (!element || element->get(number) != simdjson::SUCCESS) return false;
  to = static_cast<Number>(number);
  return static_cast<std::uint64_t>(to) == number;
}

bool read_tally(StrictJson::Object object, std::string_view name, Tally& to) {
  const auto element = auth::member_of(object, name);
  StrictJson::Object members;
  if (!element || element->get(members) != simdjson::SUCCESS) return false;
  for (const auto member : members) {
    std::uint64_t count = 0;
    if (member.value.get(count) != simdjson::SUCCESS) return false;
    to.emplace(member.key, count);
  }
  return !to.empty();
}

bool read_notification(StrictJson::Element element, Notification& to) {
  if (!element.is_object()) return false;
  // Texts, whole numbers and the value: nothing that writing it again would change.
  auto parsed = parse_notification(simdjson::to_string(element));
  if (parsed) to = std::move(parsed).value();
  return parsed.ok();
}

bool read_parts(StrictJson::Object object, Message& to) {
  if (!auth::member_of(object, "parts")) return to.messages == 1;
  simdjson::dom::array parts, ids;
  if (auth::member_of(object, "parts")->get(parts) != simdjson::SUCCESS) return false;
  const auto id_list = auth::member_of(object, "part_ids");
  if (!id_list || id_list->get(ids) != simdjson::SUCCESS) return false;
  for (const StrictJson::Element part : parts) {
    if (!read_notification(part, to.parts.emplace_back())) return false;
  }
  for (const StrictJson::Element id : ids) {
    const auto text = auth::text_of(id);
    if (!text) return false;
    to.part_ids.emplace_back(*text);
  }
  return to.messages >= to.parts.size() && read_tally(object, "rules", to.rules) &&
         read_tally(object, "severities", to.severities) && read_tally(object, "states", to.states);
}

}  // namespace

std::string DeliveryEntry::stored_name() const {
  return fmt::format("{:020}-{}", number, id());
}

bool DeliveryEntry::is_about(std::string_view rule) const {
  if (message.several()) return message.rules.contains(std::string(rule));
  return message.notification.rule == rule;
}

std::string entry_json(const DeliveryEntry& entry) {
  std::string out;
  JsonObject object(out);
  object.raw("number", fmt::to_string(entry.number));
  object.raw("attempts", fmt::to_string(entry.attempts));
  object.raw("queued_ns", fmt::to_string(entry.queued_ns));
  object.text("last_error", entry.last_error);
  object.raw("messages", fmt::to_string(entry.message.messages));
  object.raw("notification", notification_json(entry.message.notification));
  if (entry.message.several()) {
    std::string parts, ids;
    for (const Notification& part : entry.message.parts) {
      parts += (parts.empty() ? "" : ",") + notification_json(part);
    }
    for (const std::string& id : entry.message.part_ids) {
      ids += (ids.empty() ? "" : ",") + json::quoted(id);
    }
    object.raw("parts", fmt::format("[{}]", parts)).raw("part_ids", fmt::format("[{}]", ids));
    object.raw("rules", tally_json(entry.message.rules));
    object.raw("severities", tally_json(entry.message.severities));
    object.raw("states", tally_json(entry.message.states));
  }
  object.end();
  return out;
}

Result<DeliveryEntry> parse_entry(std::string_view json) {
  StrictJson parser;
  const auto object = parser.parse_object(json);
  if (!object) return malformed(object.error().message);
  DeliveryEntry entry;
  const auto notification = auth::member_of(object.value(), "notification");
  const auto error = auth::member_of(object.value(), "last_error");
  if (const auto text = error ? auth::text_of(*error) : std::nullopt) entry.last_error = *text;
  if (!notification || !read_notification(*notification, entry.message.notification) ||
      !read_number(object.value(), "number", entry.number) ||
      !read_number(object.value(), "attempts", entry.attempts) ||
      !read_number(object.value(), "queued_ns", entry.queued_ns) ||
      !read_number(object.value(), "messages", entry.message.messages) ||
      !read_parts(object.value(), entry.message)) {
    return malformed("lacks something, or has something of the wrong kind");
  }
  return entry;
}

}  // namespace tapedeck::alert
