#include "app/trade_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "app/answer_fields.hpp"
#include "app/command_support.hpp"
#include "app/event_line.hpp"
#include "app/table.hpp"
#include "app/terminal_text.hpp"
#include "app/time_words.hpp"

namespace tapedeck::app {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kOffsetWidth = 11;

std::string or_dash(const std::optional<double>& value) {
  return value ? decimal(*value) : "-";
}
/// With its sign: `+1.50`.
std::string signed_text(const std::optional<double>& value) {
  if (!value) return "-";
  return (*value > 0 ? "+" : "") + decimal(*value);
}
std::string duration_at(dom::element object, std::string_view name) {
  const auto us = whole_at(object, name);
  return us ? duration_text(*us) : "-";
}

/// `a: b`, or the one there is.
std::string joined(std::string_view a, std::string_view b, std::string_view between) {
  std::string out(a);
  if (!a.empty() && !b.empty()) out += between;
  return out.append(b);
}

/// Why nothing, or not all, came of it; empty when all went well.
std::string why(dom::element trade) {
  if (const auto veto = object_at(trade, "veto")) {
    return joined(text_at(*veto, "by"),
                  joined(text_at(*veto, "code"), text_at(*veto, "reason"), ", "), ": ");
  }
  if (const auto reject = object_at(trade, "reject")) {
    return joined(text_at(*reject, "code"), text_at(*reject, "reason"), ", ");
  }
  return std::string(text_at(trade, "end_reason"));
}

std::string side_of(dom::element trade) {
  if (const std::string_view side = text_at(trade, "side"); !side.empty()) return std::string(side);
  const auto veto = object_at(trade, "veto");
  return std::string(veto ? text_at(*veto, "wanted") : text_at(trade, "decision"));
}

std::string symbol_of(dom::element trade) {
  const std::string_view traded = text_at(trade, "symbol");
  return std::string(traded.empty() ? text_at(trade, "signal_symbol") : traded);
}

std::string quantity_of(dom::element trade) {
  const auto wanted = whole_at(trade, "qty"), filled = whole_at(trade, "filled_qty");
  if (!wanted && !filled) return "-";
  if (!wanted || wanted == filled) return fmt::format("{}", *filled);
  return fmt::format("{}/{}", filled.value_or(0), *wanted);
}

std::string decision_to_fill(dom::element trade) {
  const auto hops = object_at(trade, "hops");
  return hops ? duration_at(*hops, "decision_to_fill_us") : "-";
}

std::string money_at(dom::element trade, std::string_view name) {
  const auto value = number_at(trade, name);
  return value ? fmt::format("{:+.2f}", *value) : "-";
}

std::vector<std::string> row_of(dom::element trade) {
  return {ist_date_and_time(text_at(trade, "decided_at")),
          std::string(text_at(trade, "correlation_id")),
          std::string(text_at(trade, "strategy")),
          symbol_of(trade),
          side_of(trade),
          std::string(text_at(trade, "outcome")),
          quantity_of(trade),
          or_dash(number_at(trade, "avg_price")),
          signed_text(number_at(trade, "slippage")),
          money_at(trade, "net_pnl"),
          decision_to_fill(trade),
          why(trade)};
}

// --- one trade ---

/// `vetoed by risk: max_positions, 4 positions are open (wanted BUY)`
std::string outcome_sentence(dom::element trade) {
  const std::string_view outcome = text_at(trade, "outcome");
  if (const auto veto = object_at(trade, "veto")) {
    std::string out = "vetoed by " + std::string(text_at(*veto, "by").empty()
                                                     ? std::string_view("an unnamed rule")
                                                     : text_at(*veto, "by"));
    const std::string reason = joined(text_at(*veto, "code"), text_at(*veto, "reason"), ", ");
    if (!reason.empty()) out += ": " + reason;
    if (const std::string_view wanted = text_at(*veto, "wanted"); !wanted.empty()) {
      out += fmt::format(" (wanted {})", wanted);
    }
    return out;
  }
  return joined(outcome, why(trade), ": ") + (flag_at(trade, "complete") ? "" : " (not over yet)");
}

std::string head_of(dom::element trade) {
  std::string out = fmt::format("{} IST", ist_date_and_time(text_at(trade, "decided_at")));
  for (const std::string& word :
       {std::string(text_at(trade, "correlation_id")), side_of(trade), symbol_of(trade),
        std::string(text_at(trade, "strategy")), std::string(text_at(trade, "mode"))}) {
    if (!word.empty()) out += "  " + word;
  }
  return out;
}

std::string hops_sentence(dom::element trade) {
  const auto hops = object_at(trade, "hops");
  if (!hops) return {};
  std::string out;
  const auto add = [&](std::string_view label, std::string_view name) {
    if (!whole_at(*hops, name)) return;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", label, duration_at(*hops, name));
  };
  add("decision to sent", "decision_to_sent_us");
  add("to acknowledged", "sent_to_ack_us");
  add("to first fill", "ack_to_first_fill_us");
  add("to last fill", "first_to_last_fill_us");
  if (whole_at(*hops, "decision_to_fill_us")) {
    out += "; in all " + duration_at(*hops, "decision_to_fill_us");
  }
  return out;
}

std::string orders_of(dom::element trade) {
  std::string out;
  for (const dom::element order : list_at(trade, "order_ids")) {
    std::string_view id;
    if (order.get(id) == simdjson::SUCCESS) out += (out.empty() ? "" : ", ") + std::string(id);
  }
  return out;
}

/// The figures there are, a line each.
std::string summary_of(dom::element trade) {
  std::string out;
  const auto line = [&](std::string_view label, const std::string& text) {
    if (!text.empty()) out += fmt::format("{:<11} {}\n", label, printable(text));
  };
  line("outcome", outcome_sentence(trade));
  line("reason", std::string(text_at(trade, "reason")));
  if (number_at(trade, "avg_price")) {
    line("filled",
         fmt::format("{} at {}", quantity_of(trade), or_dash(number_at(trade, "avg_price"))));
  } else if (whole_at(trade, "qty")) {
    line("quantity", quantity_of(trade));
  }
  if (number_at(trade, "slippage")) {
    line("slippage",
         fmt::format("{} a unit, {} bps, {} in all", signed_text(number_at(trade, "slippage")),
                     signed_text(number_at(trade, "slippage_bps")),
                     signed_text(number_at(trade, "slippage_total"))));
  }
  if (number_at(trade, "realized_pnl") || number_at(trade, "charges")) {
    line("profit", fmt::format("realized {}, charges {}, net {}", money_at(trade, "realized_pnl"),
                               or_dash(number_at(trade, "charges")), money_at(trade, "net_pnl")));
  }
  line("latency", hops_sentence(trade));
  line("orders", orders_of(trade));
  line("round trip", std::string(text_at(trade, "round_trip_id")));
  return out;
}

/// The moment the offsets count from: the decision, else the first event.
std::optional<Timestamp> beginning_of(dom::element trade, dom::array events) {
  if (const auto decided = parse_rfc3339(text_at(trade, "decided_at"))) return decided;
  if (events.size() == 0) return std::nullopt;
  return parse_rfc3339(text_at(*events.begin(), "timestamp"));
}

std::string offset_of(dom::element event, const std::optional<Timestamp>& beginning) {
  const auto at = parse_rfc3339(text_at(event, "timestamp"));
  if (!at || !beginning) return {};
  const std::int64_t us = (to_ns(*at) - to_ns(*beginning)) / 1000;
  return (us < 0 ? "" : "+") + duration_text(us);
}

}  // namespace

Result<std::string> trades_table(const std::string& answer, std::size_t width, bool colour) {
  dom::parser parser;
  dom::element root;
  dom::array trades;
  if (parser.parse(answer).get(root) != simdjson::SUCCESS ||
      root["trades"].get(trades) != simdjson::SUCCESS) {
    return not_tapedeck();
  }
  if (trades.size() == 0) return std::string();
  std::vector<std::vector<std::string>> rows;
  for (const dom::element trade : trades) rows.push_back(row_of(trade));
  Table table({{"decided (IST)"},
               {"id"},
               {"strategy"},
               {"symbol"},
               {"side"},
               {"outcome"},
               {"qty", Align::right},
               {"price", Align::right},
               {"slippage", Align::right},
               {"net P&L", Align::right},
               {"to fill", Align::right},
               {"why"}});
  std::for_each(rows.rbegin(), rows.rend(), [&](auto& row) { table.add_row(std::move(row)); });
  return table.text(width, colour);
}

Result<std::string> trade_chain(const std::string& answer, std::size_t width, bool colour) {
  dom::parser parser;
  dom::element root, trade;
  dom::array events;
  if (parser.parse(answer).get(root) != simdjson::SUCCESS ||
      root["trade"].get(trade) != simdjson::SUCCESS ||
      root["events"].get(events) != simdjson::SUCCESS) {
    return not_tapedeck();
  }
  std::string out = printable(head_of(trade)) + "\n\n";
  const auto beginning = beginning_of(trade, events);
  const std::size_t room = width > kOffsetWidth + 2 ? width - kOffsetWidth - 2 : width;
  for (const dom::element event : events) {
    const std::string line = event_line(simdjson::minify(event), colour, room);
    out += fmt::format("{:>{}}  {}\n", offset_of(event, beginning), kOffsetWidth, line);
  }
  return out + '\n' + summary_of(trade);
}

}  // namespace tapedeck::app
