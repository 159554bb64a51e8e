// What the instrument dump does not say and a file has to: members of an index, freeze quantities.
// Both are dated: a run of an earlier day gets what was valid then.
//
// Immutable after loading, any thread. Loading reads a small file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::universe {

/// Where the members of an index are written down.
struct SymbolListFile {
  std::string name;  ///< what filters call it: NIFTY 50
  std::filesystem::path path;
  market::IstDate effective_from{};  ///< of several files with one name the newest valid one counts
};

/// A named set of symbols.
struct SymbolList {
  std::string name;
  std::set<std::string, std::less<>> symbols;
};

/// Reads one symbol a line (`#` begins a comment), or a CSV file with a column `Symbol` as NSE
/// publishes its indices (ind_nifty50list.csv).
/// @throws std::runtime_error when it cannot be read or holds no symbol; the sentence names the
/// file
SymbolList load_symbol_list(const SymbolListFile& file);

/// The lists valid on a date, one a name.
/// @throws as load_symbol_list
std::vector<SymbolList> load_symbol_lists(const std::vector<SymbolListFile>& files,
                                          market::IstDate date);

/// The most units of a derivative one order may have (quantity freeze), by underlying and date.
class FreezeTable {
 public:
  /// The index values NSE has published up to November 2025. They change every few months: give a
  /// file for what came after.
  static FreezeTable published();
  /// Reads a CSV file with the columns underlying, freeze_qty, effective_from (YYYY-MM-DD).
  /// @throws std::runtime_error with the first bad line
  static FreezeTable load(const std::filesystem::path& path);

  /// Rows of `other` win over rows of the same underlying and date.
  void add(const FreezeTable& other);
  void add(std::string underlying, market::IstDate effective_from, std::int64_t freeze_qty);
  /// 0: not known.
  std::int64_t at(std::string_view underlying, market::IstDate date) const;

 private:
  struct Row {
    std::string underlying;
    market::IstDate effective_from{};
    std::int64_t freeze_qty = 0;
  };
  std::vector<Row> rows_;  // by underlying and date
};

}  // namespace tapedeck::universe
