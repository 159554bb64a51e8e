#include "app/alert_tables.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <vector>

#include "app/answer_fields.hpp"
#include "app/command_support.hpp"
#include "app/table.hpp"
#include "app/terminal_text.hpp"
#include "app/time_words.hpp"

namespace tapedeck::app {
namespace {

namespace dom = simdjson::dom;

/// Calls `use` with the answer when it is one of Tapedeck's.
template <typename Use>
Result<std::string> with_answer(const std::string& answer, const char* member, Use use) {
  dom::parser parser;
  dom::element root, wanted;
  if (parser.parse(answer).get(root) != simdjson::SUCCESS ||
      root[member].get(wanted) != simdjson::SUCCESS) {
    return not_tapedeck();
  }
  return use(root);
}

std::string text(dom::element object, const char* name) {
  return std::string(text_at(object, name));
}

/// Empty for null.
std::string moment(dom::element object, const char* name) {
  return ist_date_and_time(text_at(object, name));
}

std::uint64_t count_at(dom::element object, const char* name) {
  return static_cast<std::uint64_t>(whole_at(object, name).value_or(0));
}

std::string count_text(dom::element object, const char* name) {
  return with_commas(count_at(object, name));
}

/// `symbol=NIFTY strategy=momentum`
std::string group_text(dom::element object) {
  dom::object group;
  if (object["group"].get(group) != simdjson::SUCCESS) return {};
  std::string out;
  for (const auto [name, value] : group) {
    std::string_view shown;
    if (value.get(shown) != simdjson::SUCCESS) continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, shown);
  }
  return out;
}

/// Who has it in hand, and how long nothing is told of it.
std::string note_of(dom::element alert) {
  std::string note;
  if (const auto by = text_at(alert, "acknowledged_by"); !by.empty()) {
    note = fmt::format("acknowledged by {}", by);
  }
  if (const std::string until = moment(alert, "silenced_until"); !until.empty()) {
    note += fmt::format("{}silent until {}", note.empty() ? "" : ", ", until);
  }
  return note;
}

/// `2 firing, 1 pending`, or what keeps it from that.
std::string state_of_rule(dom::element rule) {
  if (!flag_at(rule, "enabled")) return "disabled";
  std::string out;
  for (const char* state : {"firing", "pending"}) {
    const std::uint64_t groups = count_at(rule, state);
    if (groups > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", groups, state);
  }
  return out.empty() ? "quiet" : out;
}

std::string table_of(const Table& table, TextStyle style) {
  return table.rows() == 0 ? std::string() : table.text(style.width, style.colour);
}

std::string table_of_alerts(dom::element root, TextStyle style) {
  Table table({{"state"}, {"severity"}, {"rule"}, {"group"}, {"since"}, {"summary"}, {"note"}});
  for (const dom::element alert : list_at(root, "alerts")) {
    table.add_row({text(alert, "state"), text(alert, "severity"), text(alert, "rule"),
                   group_text(alert), moment(alert, "since"), text(alert, "summary"),
                   note_of(alert)});
  }
  return table_of(table, style);
}

/// A member a line, as `put` takes it.
std::string definition_text(dom::element rule) {
  dom::object definition;
  if (rule["definition"].get(definition) != simdjson::SUCCESS) return {};
  std::string out;
  for (const auto [name, value] : definition) {
    out += fmt::format("{}\n  \"{}\": {}", out.empty() ? "{" : ",", printable(name),
                       printable(simdjson::minify(value)));
  }
  return out + "\n}\n";
}

std::string totals_text(dom::element found) {
  return fmt::format("{} firings from {} matches in {} events, {} to {} IST; {} suppressed\n",
                     count_text(found, "firings"), count_text(found, "matches"),
                     count_text(found, "events"), moment(found, "since"), moment(found, "until"),
                     count_text(found, "suppressed"));
}

}  // namespace

Result<std::string> alerts_table(const std::string& answer, TextStyle style) {
  return with_answer(answer, "alerts",
                     [&](dom::element root) { return table_of_alerts(root, style); });
}

Result<std::string> alert_rules_table(const std::string& answer, TextStyle style) {
  return with_answer(answer, "rules", [&](dom::element root) {
    Table table({{"rule"},
                 {"state"},
                 {"severity"},
                 {"origin"},
                 {"fired", Align::right},
                 {"last fired"},
                 {"silent until"},
                 {"description"}});
    for (const dom::element rule : list_at(root, "rules")) {
      const auto definition = object_at(rule, "definition");
      table.add_row({text(rule, "name"), state_of_rule(rule), text(rule, "severity"),
                     text(rule, "origin"), count_text(rule, "firings_total"),
                     moment(rule, "last_fired_at"), moment(rule, "silenced_until"),
                     definition ? text(*definition, "description") : std::string()});
    }
    return table_of(table, style);
  });
}

Result<std::string> alert_rule_text(const std::string& answer, TextStyle style) {
  return with_answer(answer, "rule", [&](dom::element root) {
    const dom::element rule = root["rule"].value_unsafe();
    const std::string silent = moment(rule, "silenced_until");
    std::string out = fmt::format(
        "{}: {}, of the {}; {} matches, fired {} times, {} suppressed{}{}\n\n",
        printable(text(rule, "name")), state_of_rule(rule),
        text(rule, "origin") == "config" ? "configuration" : "API",
        count_text(rule, "matches_total"), count_text(rule, "firings_total"),
        count_text(rule, "suppressed_total"), silent.empty() ? "" : "; silent until ", silent);
    out += definition_text(rule);
    const std::string alerts = table_of_alerts(root, style);
    return alerts.empty() ? out : out + "\n" + alerts;
  });
}

Result<std::string> backtest_text(const std::string& answer, TextStyle style) {
  return with_answer(answer, "backtest", [&](dom::element root) {
    const dom::element found = root["backtest"].value_unsafe();
    Table table({{"fired"}, {"resolved"}, {"group"}, {"suppressed", Align::right}, {"summary"}});
    for (const dom::element episode : list_at(found, "episodes")) {
      const std::string resolved = moment(episode, "resolved_at");
      table.add_row({moment(episode, "fired_at"), resolved.empty() ? "still firing" : resolved,
                     group_text(episode), count_text(episode, "suppressed"),
                     text(episode, "summary")});
    }
    const std::string rows = table_of(table, style);
    return rows + (rows.empty() ? "" : "\n") + totals_text(found);
  });
}

Result<std::string> deliveries_table(const std::string& answer, TextStyle style) {
  return with_answer(answer, "deliveries", [&](dom::element root) {
    Table table({{"id"},
                 {"state"},
                 {"target"},
                 {"rule"},
                 {"alert"},
                 {"decided"},
                 {"attempts", Align::right},
                 {"next try"},
                 {"last error"},
                 {"summary"}});
    for (const dom::element delivery : list_at(root, "deliveries")) {
      table.add_row({text(delivery, "id"), text(delivery, "state"), text(delivery, "target"),
                     text(delivery, "rule"), text(delivery, "alert_state"),
                     moment(delivery, "decided_at"), count_text(delivery, "attempts"),
                     moment(delivery, "next_try_at"), text(delivery, "last_error"),
                     text(delivery, "summary")});
    }
    return table_of(table, style);
  });
}

}  // namespace tapedeck::app
