// ExportCsv: events as rows of a table, for spreadsheets and data frames (RFC 4180: comma, CRLF,
// cells quoted where they need it). A column is a path into the event:
//   id, type, timestamp, source.NAME, payload (all of it, as JSON), or a field of the payload:
//   NAME, or NAME.NAME for what is nested. `strategy` stands for strategy_name too, as in filters.
// A missing field and null are empty cells, texts are unescaped, objects and lists stay JSON. A
// text that a spreadsheet would run as a formula (it begins with = + - @ and is no number) gets a
// leading apostrophe.
//
// Immutable after construction; any thread. Cost: one walk over the payload an event.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "bus/backward_scan.hpp"

namespace tapedeck {

class ExportCsv {
 public:
  static constexpr std::size_t kMaxColumns = 200;
  static constexpr std::size_t kMaxColumnBytes = 256;
  static constexpr std::size_t kMaxDepth = 8;
  /// What a trader looks for first, then the whole payload for the rest.
  static constexpr std::string_view kDefaultColumns =
      "id,type,timestamp,symbol,exchange,strategy,timeframe,signal,decision,confidence,order_id,"
      "correlation_id,side,status,order_type,product,qty,price,filled_qty,avg_price,position_size,"
      "entry_price,last_price,realized_pnl,unrealized_pnl,reason,source.engine_id,source.account,"
      "source.mode,payload";

  /// @param columns a comma list. Error: invalid_parameter with the field `columns`.
  static Result<ExportCsv> with_columns(std::string_view columns);

  void append_header(std::string& out) const;
  void append_row(std::string& out, const ScannedEvent& event) const;

 private:
  enum class Part : std::uint8_t { id, type, timestamp, source, payload };
  struct Column {
    std::string title;
    Part part = Part::payload;
    std::vector<std::string> path;  // as spelled in canonical JSON; empty: the whole part
  };
  static Result<Column> parse_column(std::string_view title);
  void take_members(std::string_view object, Part part, std::vector<std::string_view>& cells) const;

  std::vector<Column> columns_;
  bool from_source_ = false;  // whether any column is
};

/// Appends one cell: `text` as it is to be read, quoted where it must be, never a formula.
void append_csv_text(std::string& out, std::string_view text);

}  // namespace tapedeck
