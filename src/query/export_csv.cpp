#include "query/export_csv.hpp"

#include <algorithm>
#include <charconv>

#include "event/json_writer.hpp"
#include "filter/canonical_json.hpp"

namespace tapedeck {
namespace {

Error invalid(std::string_view column, std::string_view why) {
  return {"invalid_parameter",
          "columns=" + std::string(column.substr(0, 80)) + ": " + std::string(why), "columns"};
}

/// A name the way it is spelled inside canonical JSON.
std::string spelled(std::string_view name) {
  const std::string quoted = json::quoted(name);
  return quoted.substr(1, quoted.size() - 2);
}

bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end;
}

/// A JSON value as a cell.
void append_cell(std::string& out, std::string_view value) {
  if (value.empty() || value == "null") return;
  if (value.front() != '"') {
    const bool nested = value.front() == '{' || value.front() == '[';
    if (nested) {
      append_csv_text(out, value);
    } else {
      out += value;
    }
    return;
  }
  if (value.size() < 2) return;
  value = value.substr(1, value.size() - 2);
  if (value.find('\\') == std::string_view::npos) {
    append_csv_text(out, value);
  } else {
    append_csv_text(out, json::unescaped(value));
  }
}

/// The value at the rest of a path; empty when there is none.
std::string_view descend(std::string_view value, const std::vector<std::string>& path) {
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (!value.starts_with('{')) return {};
    const auto member = json::find_member(value, path[i]);
    if (!member) return {};
    value = *member;
  }
  return value;
}

std::string_view id_of(const ScannedEvent& event) {
  const std::string_view head(event.frame, event.index->data_offset);  // "id: ...\n"
  return head.size() > 5 ? head.substr(4, head.size() - 5) : std::string_view{};
}

/// `{...}` of `source`; empty when the event names none.
std::string_view source_of(const ScannedEvent& event) {
  const std::string_view json = event.json();
  const std::size_t payload_end =
      event.index->payload_offset() + event.index->payload_length - event.index->json_offset();
  constexpr std::string_view kSource = R"(,"source":)";
  const std::size_t at = json.find(kSource, std::min(payload_end, json.size()));
  if (at == std::string_view::npos || json.size() < at + kSource.size() + 1) return {};
  return json.substr(at + kSource.size(), json.size() - 1 - at - kSource.size());
}

}  // namespace

void append_csv_text(std::string& out, std::string_view text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  const bool formula =
      !text.empty() && kFormula.find(text.front()) != std::string_view::npos && !is_number(text);
  const bool quoted = text.find_first_of(",\"\r\n") != std::string_view::npos ||
                      text.starts_with(' ') || text.ends_with(' ');
  if (quoted) out += '"';
  if (formula) out += '\'';
  if (quoted) {
    for (const char c : text) out.append(c == '"' ? 2 : 1, c);
    out += '"';
  } else {
    out += text;
  }
}

Result<ExportCsv::Column> ExportCsv::parse_column(std::string_view title) {
  if (title.empty()) return invalid(title, "an empty name is no column.");
  if (title.size() > kMaxColumnBytes) {
    return invalid(title, "a column has at most " + std::to_string(kMaxColumnBytes) + " bytes.");
  }
  Column column{std::string(title), Part::payload, {}};
  if (title == "id" || title == "type" || title == "timestamp") {
    column.part = title == "id" ? Part::id : title == "type" ? Part::type : Part::timestamp;
    return column;
  }
  std::string_view rest = title;
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    if (name.empty()) return invalid(title, "a path needs a name on both sides of each dot.");
    column.path.push_back(spelled(name));
    more = dot != std::string_view::npos;
    if (more) rest.remove_prefix(dot + 1);
  }
  if (column.path.size() > kMaxDepth) {
    return invalid(title, "a path has at most " + std::to_string(kMaxDepth) + " names.");
  }
  const bool whole = column.path.front() == "payload" || column.path.front() == "source";
  if (whole) {
    if (column.path.front() == "source") column.part = Part::source;
    column.path.erase(column.path.begin());
  }
  return column;
}

Result<ExportCsv> ExportCsv::with_columns(std::string_view columns) {
  ExportCsv out;
  for (bool more = true; more;) {
    const std::size_t comma = columns.find(',');
    auto column = parse_column(columns.substr(0, comma));
    if (!column) return std::move(column).error();
    const bool twice =
        std::any_of(out.columns_.begin(), out.columns_.end(),
                    [&](const Column& other) { return other.title == column->title; });
    if (twice) return invalid(column->title, "named twice.");
    out.from_source_ |= column->part == Part::source;
    out.columns_.push_back(std::move(column).value());
    if (out.columns_.size() > kMaxColumns) {
      return invalid("...", "at most " + std::to_string(kMaxColumns) + " columns.");
    }
    more = comma != std::string_view::npos;
    if (more) columns.remove_prefix(comma + 1);
  }
  return out;
}

void ExportCsv::append_header(std::string& out) const {
  for (const Column& column : columns_) {
    if (&column != &columns_.front()) out += ',';
    append_csv_text(out, column.title);
  }
  out += "\r\n";
}

/// Puts the members that columns ask for into their cells.
void ExportCsv::take_members(std::string_view object, Part part,
                             std::vector<std::string_view>& cells) const {
  json::Walker walker(object);
  std::string_view name, value;
  while (walker.next(name, value)) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      if (column.part != part || column.path.empty()) continue;
      if (column.path.front() == name) {
        cells[i] = descend(value, column.path);
      } else if (name == "strategy_name" && column.title == "strategy" && cells[i].empty()) {
        cells[i] = value;
      }
    }
  }
}

void ExportCsv::append_row(std::string& out, const ScannedEvent& event) const {
  const FrameIndex& index = *event.index;
  const std::string_view payload(event.frame + index.payload_offset(), index.payload_length);
  const std::string_view source = from_source_ ? source_of(event) : std::string_view{};
  std::vector<std::string_view> cells(columns_.size());
  take_members(payload, Part::payload, cells);
  if (from_source_) take_members(source, Part::source, cells);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (i > 0) out += ',';
    switch (column.part) {
      case Part::id:
        out += id_of(event);
        break;
      case Part::type:
        out.append(event.frame + index.type_offset(), index.type_length);
        break;
      case Part::timestamp:
        out.append(event.frame + index.payload_offset() - 12 - kTimestampLength, kTimestampLength);
        break;
      case Part::source:
        append_cell(out, column.path.empty() ? source : cells[i]);
        break;
      case Part::payload:
        append_cell(out, column.path.empty() ? payload : cells[i]);
        break;
    }
  }
  out += "\r\n";
}

}  // namespace tapedeck
