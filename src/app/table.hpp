// Table: columns of text for a terminal, as wide as what is in them.
// One thread. Cost: all rows are held until they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::app {

enum class Align : std::uint8_t { left, right };

class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Cells beyond the columns are left out, missing ones are empty. Control characters become
  /// spaces: a terminal must not obey what an event says.
  void add_row(std::vector<std::string> cells);
  std::size_t rows() const noexcept { return rows_.size(); }

  /// The titles and the rows, a line each, without spaces at the ends of lines.
  /// @param width columns of the terminal, to which lines are cut; 0: everything.
  /// @param colour sides and states in ANSI colours, titles dim.
  std::string text(std::size_t width, bool colour) const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                   std::size_t width, bool colour) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tapedeck::app
