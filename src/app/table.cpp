#include "app/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/terminal_text.hpp"

namespace tapedeck::app {
namespace {

constexpr std::string_view kGap = "  ";

}  // namespace

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t width, bool colour) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(printable(columns_[i].title));
    std::size_t widest = shown_width(titles.back());
    for (const auto& row : rows_) widest = std::max(widest, shown_width(row[i]));
    widths.push_back(widest);
  }
  const std::string head = line(titles, widths, width, false);
  std::string out = colour ? fmt::format("{}{}{}", ansi::kDim, head, ansi::kPlain) : head;
  out += '\n';
  for (const auto& row : rows_) out += line(row, widths, width, colour) + '\n';
  return out;
}

std::string Table::line(const std::vector<std::string>& cells,
                        const std::vector<std::size_t>& widths, std::size_t width,
                        bool colour) const {
  std::string out;
  std::size_t at = 0, owed = 0;  // spaces are written before what follows them
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t padding = widths[i] - shown_width(cells[i]);
    if (i > 0) owed += kGap.size();
    if (columns_[i].align == Align::right) owed += padding;
    if (!cells[i].empty()) {
      if (width > 0 && at + owed >= width) break;
      const std::string cell = width > 0 ? shortened(cells[i], width - at - owed) : cells[i];
      const std::string_view paint = colour ? ansi::colour_of(cell) : std::string_view{};
      out.append(owed, ' ');
      out += paint;
      out += cell;
      if (!paint.empty()) out += ansi::kPlain;
      at += owed + shown_width(cell);
      owed = 0;
    }
    if (columns_[i].align == Align::left) owed += padding;
  }
  return out;
}

}  // namespace tapedeck::app
