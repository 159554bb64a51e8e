// Adding rows to the tables, checked: by value, and as text (calendar.hpp tells the format).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <variant>

#include "market/calendar_data.hpp"
#include "market/calendar_tables.hpp"

namespace tapedeck::market {
namespace {

constexpr std::chrono::nanoseconds kDay = std::chrono::hours{24};
constexpr std::size_t kMostPhases = 6;
constexpr std::size_t kMostFileBytes = 1 << 20;
constexpr std::array kPhaseNames{Phase::pre_open, Phase::continuous, Phase::closing_auction,
                                 Phase::post_close};

[[noreturn]] void refuse(const std::string& sentence) {
  throw std::invalid_argument(sentence);
}

void check_date(IstDate date) {
  if (date < make_date(1990, 1, 1) || date > make_date(2200, 12, 31)) {
    refuse("a calendar date must lie in 1990 to 2200");
  }
}

void check_times(std::chrono::nanoseconds start, std::chrono::nanoseconds end) {
  if (start.count() < 0 || end > kDay || start >= end) {
    refuse("a phase must start before it ends, within one day");
  }
}

void check_exchange(std::string_view exchange) {
  const bool plain = std::all_of(exchange.begin(), exchange.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain || exchange.size() > 16) {
    refuse(fmt::format("'{}' is no exchange; write it like NSE", exchange));
  }
}

bool overlap(const SpecialSession& a, const SpecialSession& b) {
  const bool same_exchange = a.exchange.empty() || b.exchange.empty() || a.exchange == b.exchange;
  const bool same_group = !a.group || !b.group || *a.group == *b.group;
  if (!same_exchange || !same_group) return false;
  return a.full_day || b.full_day || (a.start < b.end && b.start < a.end);
}

// --- text ---

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t comma = line.find(',');
    std::string_view cell = line.substr(0, comma);
    while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\r')) cell.remove_suffix(1);
    cells.push_back(cell);
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

IstDate date_in(std::string_view cell) {
  const auto date = parse_date(cell);
  if (!date) refuse(fmt::format("'{}' is no date; write YYYY-MM-DD", cell));
  return *date;
}

std::chrono::nanoseconds time_in(std::string_view cell) {
  int hour = -1;
  int minute = -1;
  if (cell.size() == 5 && cell[2] == ':') {
    const char* text = cell.data();
    if (std::from_chars(text, text + 2, hour).ptr != text + 2) hour = -1;
    if (std::from_chars(text + 3, text + 5, minute).ptr != text + 5) minute = -1;
  }
  if (hour < 0 || hour > 24 || minute < 0 || minute > 59) {
    refuse(fmt::format("'{}' is no time of day; write HH:MM", cell));
  }
  return std::chrono::hours{hour} + std::chrono::minutes{minute};
}

SessionGroup group_in(std::string_view cell) {
  for (const tables::GroupRow& row : tables::kGroups) {
    if (row.name == cell) return row.group;
  }
  refuse(fmt::format("'{}' is no group; use cash, cash_fno, index or derivatives", cell));
}

Phase phase_in(std::string_view cell) {
  for (const Phase phase : kPhaseNames) {
    if (to_string(phase) == cell) return phase;
  }
  refuse(fmt::format("'{}' is no phase; use pre_open, continuous, closing_auction or post_close",
                     cell));
}

std::string_view cell_at(const std::vector<std::string_view>& cells, std::size_t at) {
  return at < cells.size() ? cells[at] : std::string_view{};
}

void need(bool holds, std::string_view form) {
  if (!holds) refuse(fmt::format("the row is not of the form {}", form));
}

SpecialSession session_in(const std::vector<std::string_view>& cells) {
  need(cells.size() >= 3 && cells.size() <= 6, "session,DATE,full or session,DATE,HH:MM,HH:MM");
  SpecialSession session;
  session.date = date_in(cells[1]);
  session.full_day = cells[2] == "full";
  const std::size_t next = session.full_day ? 3 : 4;
  if (!session.full_day) {
    session.start = time_in(cells[2]);
    session.end = time_in(cell_at(cells, 3));
  }
  session.exchange = cell_at(cells, next);
  const std::string_view group = cell_at(cells, next + 1);
  if (!group.empty()) session.group = group_in(group);
  return session;
}

/// Rows `phase,...` of one date, group and exchange, which only count together.
struct PhaseRows {
  IstDate from{};
  SessionGroup group{};
  std::string exchange;
  std::vector<PhaseTimes> phases;
};

PhaseRows phase_row_in(const std::vector<std::string_view>& cells) {
  need(cells.size() == 6 || cells.size() == 7, "phase,DATE,GROUP,PHASE,HH:MM,HH:MM[,EXCHANGE]");
  return {date_in(cells[1]),
          group_in(cells[2]),
          std::string(cell_at(cells, 6)),
          {{phase_in(cells[3]), time_in(cells[4]), time_in(cells[5])}}};
}

struct TextRow {
  std::size_t line = 0;
  std::variant<Holiday, SpecialSession, PhaseRows> what;
};

void parse_row(std::vector<TextRow>& rows, std::size_t line,
               const std::vector<std::string_view>& cells) {
  if (cells[0] == "holiday") {
    need(cells.size() == 2 || cells.size() == 3, "holiday,DATE[,EXCHANGE]");
    rows.push_back({line, Holiday{date_in(cells[1]), std::string(cell_at(cells, 2))}});
  } else if (cells[0] == "session") {
    rows.push_back({line, session_in(cells)});
  } else if (cells[0] == "phase") {
    PhaseRows row = phase_row_in(cells);
    auto* before = rows.empty() ? nullptr : std::get_if<PhaseRows>(&rows.back().what);
    if (before != nullptr && before->from == row.from && before->group == row.group &&
        before->exchange == row.exchange) {
      before->phases.push_back(row.phases.front());
    } else {
      rows.push_back({line, std::move(row)});
    }
  } else {
    refuse(fmt::format("'{}' is no kind of row; use holiday, session or phase", cells[0]));
  }
}

/// Does `what`, and says at which line it failed.
template <typename F>
void at_line(std::size_t line, F what) {
  try {
    what();
  } catch (const std::invalid_argument& wrong) {
    refuse(fmt::format("calendar line {}: {}", line, wrong.what()));
  }
}

std::vector<TextRow> parse_rows(std::string_view text) {
  std::vector<TextRow> rows;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto cells = cells_of(line.substr(0, line.find('#')));
    if (cells.size() == 1 && cells[0].empty()) continue;
    at_line(number, [&] { parse_row(rows, number, cells); });
  }
  return rows;
}

}  // namespace

// --- rows ---

void TradingCalendar::Tables::add(const Holiday& holiday) {
  check_date(holiday.date);
  check_exchange(holiday.exchange);
  const auto at =
      std::upper_bound(holidays.begin(), holidays.end(), holiday,
                       [](const Holiday& a, const Holiday& b) { return a.date < b.date; });
  holidays.insert(at, holiday);
}

void TradingCalendar::Tables::add(const SpecialSession& session, bool is_built_in) {
  check_date(session.date);
  check_exchange(session.exchange);
  if (!session.full_day) check_times(session.start, session.end);
  std::vector<Special> kept;
  std::size_t same_date = 1;
  for (const Special& special : specials) {
    const bool same = special.session.date == session.date;
    if (same && special.built_in && !is_built_in) continue;
    if (same && overlap(special.session, session)) {
      refuse(fmt::format("two sessions of {} overlap", format_date(session.date)));
    }
    if (same) ++same_date;
    kept.push_back(special);
  }
  if (same_date > kMostPhases) {
    refuse(fmt::format("{} has more than {} sessions", format_date(session.date), kMostPhases));
  }
  const auto at = std::upper_bound(
      kept.begin(), kept.end(), session, [](const SpecialSession& a, const Special& b) {
        return a.date != b.session.date ? a.date < b.session.date : a.start < b.session.start;
      });
  kept.insert(at, {session, is_built_in});
  specials = std::move(kept);
}

void TradingCalendar::Tables::add(SessionGroup group, IstDate from,
                                  std::span<const PhaseTimes> phases, std::string_view exchange) {
  check_date(from);
  check_exchange(exchange);
  if (phases.size() > kMostPhases) refuse(fmt::format("more than {} phases", kMostPhases));
  std::chrono::nanoseconds before{0};
  for (const PhaseTimes& times : phases) {
    check_times(times.start, times.end);
    if (times.start < before) refuse("phases overlap or are not in order of time");
    before = times.end;
  }
  auto table = std::find_if(timetables.begin(), timetables.end(), [&](const Timetable& each) {
    return each.group == group && each.exchange == exchange;
  });
  if (table == timetables.end()) {
    timetables.push_back({std::string(exchange), group, {}});
    table = std::prev(timetables.end());
  }
  auto& regimes = table->regimes;
  const auto at = std::lower_bound(regimes.begin(), regimes.end(), from,
                                   [](const Regime& a, IstDate b) { return a.from < b; });
  if (at != regimes.end() && at->from == from) {
    at->phases.assign(phases.begin(), phases.end());
  } else {
    regimes.insert(at, {from, {phases.begin(), phases.end()}});
  }
}

// --- the public doors ---

TradingCalendar::Tables& TradingCalendar::own_tables() {
  auto copy = std::make_shared<Tables>(*tables_);
  Tables& tables = *copy;
  tables_ = std::move(copy);
  return tables;
}

void TradingCalendar::add_holiday(const Holiday& holiday) {
  own_tables().add(holiday);
}

void TradingCalendar::add_session(const SpecialSession& session) {
  own_tables().add(session, false);
}

void TradingCalendar::add_timetable(SessionGroup group, IstDate from,
                                    std::span<const PhaseTimes> phases, std::string_view exchange) {
  own_tables().add(group, from, phases, exchange);
}

void TradingCalendar::add_rows(std::string_view text) {
  auto copy = std::make_shared<Tables>(*tables_);
  for (const TextRow& row : parse_rows(text)) {
    at_line(row.line, [&] {
      if (const auto* holiday = std::get_if<Holiday>(&row.what)) {
        copy->add(*holiday);
      } else if (const auto* session = std::get_if<SpecialSession>(&row.what)) {
        copy->add(*session, false);
      } else {
        const auto& table = std::get<PhaseRows>(row.what);
        copy->add(table.group, table.from, table.phases, table.exchange);
      }
    });
  }
  tables_ = std::move(copy);
}

void TradingCalendar::add_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > kMostFileBytes) {
    refuse(fmt::format("the calendar file '{}' is larger than 1 MiB", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  if (error || !file) refuse(fmt::format("cannot read the calendar file '{}'", path.string()));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    add_rows(text);
  } catch (const std::invalid_argument& wrong) {
    refuse(fmt::format("{}: {}", path.string(), wrong.what()));
  }
}

}  // namespace tapedeck::market
