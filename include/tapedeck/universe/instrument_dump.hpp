// Kite's instrument dump (https://kite.trade/docs/connect/v3/market-quotes/#instruments): a CSV
// file, plain or gzip, one instrument a row. It is read as a whole or refused as a whole: a dump
// that is empty, cut off or full of bad rows must not replace a good one.
//
// Pure functions over bytes and files, any thread. 100 000 rows take about a tenth of a second and
// the memory of their text plus 150 bytes a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::universe {

struct DumpLimits {
  std::size_t max_file_bytes = std::size_t{64} << 20;   ///< as it lies on the disk
  std::size_t max_text_bytes = std::size_t{256} << 20;  ///< unpacked
  std::size_t max_rows = 1'000'000;
  std::size_t max_cell_bytes = 256;  ///< a row with a longer one is bad
  double max_bad_share = 0.05;       ///< more bad or repeated rows than this: the dump is refused
  std::size_t kept_bad_rows = 20;    ///< how many are kept with line and reason
};

/// A row of the dump. The text lives in the dump it came from.
struct DumpRow {
  std::int64_t token = 0;           ///< instrument_token
  std::int64_t exchange_token = 0;  ///< 0: the file has none
  std::string_view symbol;          ///< tradingsymbol
  /// The company, or of a derivative its underlying; where a derivative's cell is empty (dumps of
  /// 2017) what its symbol has before the expiry.
  std::string_view name;
  std::string_view expiry;  ///< YYYY-MM-DD, empty where there is none
  double strike = 0;
  double tick_size = 0;       ///< 0 for an index
  std::int64_t lot_size = 0;  ///< 0 for an index
  std::string_view type;      ///< EQ (indices too), FUT, CE, PE
  std::string_view segment;   ///< NSE, INDICES, NFO-FUT, ...
  std::string_view exchange;
  std::uint64_t line = 0;  ///< in the file, from 1

  bool is_derivative() const noexcept { return type != "EQ"; }
  bool is_option() const noexcept { return type == "CE" || type == "PE"; }
};

struct BadDumpRow {
  std::uint64_t line = 0;
  std::string reason;
};

struct DumpReport {
  std::uint64_t rows = 0;                  ///< below the header, good or bad
  std::uint64_t bad_rows = 0;              ///< not usable, repeated ones not counted
  std::uint64_t repeated_rows = 0;         ///< an exchange and symbol again: the first one counts
  std::vector<BadDumpRow> first_bad_rows;  ///< bad and repeated ones, by line
};

struct InstrumentDump {
  std::unique_ptr<const std::string> text;
  std::vector<DumpRow> rows;  ///< good ones, by exchange and symbol
  DumpReport report;
  /// Why the dump is refused, a sentence; empty when it is good. `rows` is empty then.
  std::string problem;
};

/// Reads the text of a dump. Columns are found by their names in the header, in any order; more
/// columns than needed are ignored.
/// @param name what messages call it
InstrumentDump parse_dump(std::string text, std::string_view name, const DumpLimits& limits = {});

/// Reads a file, gzip or not (its first bytes tell). Never throws for what the file is.
InstrumentDump read_dump(const std::filesystem::path& path, const DumpLimits& limits = {});

/// Writes rows as a dump, gzip when the path ends in .gz: beside the file first (mode 0600), then
/// renamed over it, so that a reader and a crash find the old file or the new one.
/// @throws std::runtime_error when it cannot be written; the old file is as it was then.
void write_dump(const std::filesystem::path& path, std::span<const DumpRow> rows);

}  // namespace tapedeck::universe
