#include "tapedeck/universe/reference_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>
#include <tuple>

#include "market/csv_row.hpp"
#include "market/line_reader.hpp"

namespace tapedeck::universe {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxSymbol = 64;

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// The lines of a small file that say something, with their numbers.
std::vector<std::pair<std::size_t, std::vector<std::string>>> read_rows(
    const std::filesystem::path& path) {
  const std::string text = market::read_whole_file(path, kMaxFileBytes);
  std::string_view rest(text);
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  std::vector<std::pair<std::size_t, std::vector<std::string>>> rows;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto cells = market::split_cells(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (cells.empty() || (cells.size() == 1 && cells[0].empty())) continue;
    if (cells[0].starts_with('#')) continue;
    rows.emplace_back(number, std::vector<std::string>(cells.begin(), cells.end()));
  }
  return rows;
}

/// @return the column's index; npos when the row does not name it
std::size_t column_of(const std::vector<std::string>& header, std::string_view lower_name) {
  const auto at = std::find_if(header.begin(), header.end(), [&](const std::string& cell) {
    return equals_ignoring_case(cell, lower_name);
  });
  return at == header.end() ? std::string::npos : static_cast<std::size_t>(at - header.begin());
}

}  // namespace

SymbolList load_symbol_list(const SymbolListFile& file) {
  const auto rows = read_rows(file.path);
  SymbolList list{file.name, {}};
  std::size_t column = rows.empty() ? 0 : column_of(rows[0].second, "symbol");
  const bool headed = !rows.empty() && column != std::string::npos;
  if (!headed) column = 0;
  for (std::size_t i = headed ? 1 : 0; i < rows.size(); ++i) {
    const auto& [line, cells] = rows[i];
    if (!headed && cells.size() > 1) {
      throw std::runtime_error(
          fmt::format("'{}' has commas but no column Symbol", file.path.string()));
    }
    if (cells.size() <= column || cells[column].empty() || cells[column].size() > kMaxSymbol) {
      throw std::runtime_error(fmt::format("'{}' line {}: no symbol", file.path.string(), line));
    }
    list.symbols.insert(cells[column]);
  }
  if (list.symbols.empty()) {
    throw std::runtime_error(fmt::format("'{}' holds no symbols", file.path.string()));
  }
  return list;
}

std::vector<SymbolList> load_symbol_lists(const std::vector<SymbolListFile>& files,
                                          market::IstDate date) {
  std::map<std::string, const SymbolListFile*> valid;
  for (const SymbolListFile& file : files) {
    const SymbolListFile*& newest = valid[file.name];
    if (file.effective_from > date) continue;
    if (newest == nullptr || newest->effective_from <= file.effective_from) newest = &file;
  }
  std::vector<SymbolList> lists;
  for (const auto& [name, file] : valid) {
    if (file == nullptr) {
      throw std::runtime_error(
          fmt::format("no file of the list '{}' is valid on {}", name, market::format_date(date)));
    }
    lists.push_back(load_symbol_list(*file));
  }
  return lists;
}

FreezeTable FreezeTable::published() {
  // NSE circulars "Quantity freeze limits for indices", as brokers repeated them. Quarters that are
  // not listed were not confirmed.
  FreezeTable table;
  const auto add = [&](int year, unsigned month, unsigned day, std::int64_t nifty,
                       std::int64_t bank, std::int64_t fin, std::int64_t midcap) {
    const auto from = market::make_date(year, month, day);
    table.add("NIFTY", from, nifty);
    table.add("BANKNIFTY", from, bank);
    table.add("FINNIFTY", from, fin);
    table.add("MIDCPNIFTY", from, midcap);
  };
  add(2023, 4, 3, 1800, 900, 1800, 5500);
  add(2024, 8, 1, 1800, 900, 1800, 2800);
  add(2025, 3, 3, 1800, 900, 1800, 4200);
  add(2025, 7, 1, 1800, 600, 1800, 2800);
  add(2025, 9, 1, 1800, 900, 1800, 2800);
  add(2025, 11, 3, 1800, 600, 1800, 2800);
  table.add("NIFTYNXT50", market::make_date(2024, 8, 1), 600);
  return table;
}

FreezeTable FreezeTable::load(const std::filesystem::path& path) {
  const auto rows = read_rows(path);
  const auto column = [&](std::string_view name) {
    const std::size_t at = rows.empty() ? std::string::npos : column_of(rows[0].second, name);
    if (at != std::string::npos) return at;
    throw std::runtime_error(fmt::format("'{}' has no column {}", path.string(), name));
  };
  const std::size_t underlying = column("underlying");
  const std::size_t quantity = column("freeze_qty");
  const std::size_t from = column("effective_from");
  FreezeTable table;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& [line, cells] = rows[i];
    const auto bad = [&, number = line](std::string_view what) {
      return std::runtime_error(fmt::format("'{}' line {}: {}", path.string(), number, what));
    };
    if (cells.size() != rows[0].second.size()) throw bad("the number of cells is not the header's");
    if (cells[underlying].empty() || cells[underlying].size() > kMaxSymbol) {
      throw bad("no underlying");
    }
    std::int64_t units = 0;
    const std::string& text = cells[quantity];
    const auto read = std::from_chars(text.data(), text.data() + text.size(), units);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || units <= 0) {
      throw bad("freeze_qty is no whole number above zero");
    }
    const auto date = market::parse_date(cells[from]);
    if (!date) throw bad("effective_from is no date (YYYY-MM-DD)");
    table.add(cells[underlying], *date, units);
  }
  return table;
}

void FreezeTable::add(const FreezeTable& other) {
  for (const Row& row : other.rows_) add(row.underlying, row.effective_from, row.freeze_qty);
}

void FreezeTable::add(std::string underlying, market::IstDate effective_from,
                      std::int64_t freeze_qty) {
  const auto before = [](const Row& a, const Row& b) {
    return std::tie(a.underlying, a.effective_from) < std::tie(b.underlying, b.effective_from);
  };
  Row row{std::move(underlying), effective_from, freeze_qty};
  const auto at = std::lower_bound(rows_.begin(), rows_.end(), row, before);
  if (at != rows_.end() && !before(row, *at)) {
    *at = std::move(row);
  } else {
    rows_.insert(at, std::move(row));
  }
}

std::int64_t FreezeTable::at(std::string_view underlying, market::IstDate date) const {
  const auto after = std::partition_point(rows_.begin(), rows_.end(), [&](const Row& row) {
    const int order = std::string_view(row.underlying).compare(underlying);
    return order < 0 || (order == 0 && row.effective_from <= date);
  });
  if (after == rows_.begin()) return 0;
  const Row& row = *std::prev(after);
  return row.underlying == underlying ? row.freeze_qty : 0;
}

}  // namespace tapedeck::universe
