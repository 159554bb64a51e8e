// ExportMeter: what has come of an export, counted from its bytes: events, and the moment reached.
// One thread. Cost: a look for line ends in NDJSON, one at each byte in CSV.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::app {

enum class ExportFormat : std::uint8_t { ndjson, csv };

class ExportMeter {
 public:
  explicit ExportMeter(ExportFormat format) : format_(format) {}

  /// @param bytes cut anywhere
  void feed(std::string_view bytes);

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t events() const noexcept;
  /// When the last whole event happened. In CSV only if the export has the column `timestamp`.
  std::optional<Timestamp> reached() const;

 private:
  /// Of a line as much as holds the timestamp: it follows the type, which has at most 64 bytes.
  static constexpr std::size_t kHeadBytes = 160;
  static constexpr std::size_t kNoCell = static_cast<std::size_t>(-1);

  void feed_ndjson(std::string_view bytes);
  void feed_csv(std::string_view bytes);
  void end_csv_cell();
  void end_csv_row();

  const ExportFormat format_;
  std::uint64_t bytes_ = 0;
  std::uint64_t lines_ = 0;
  std::string head_;  // of the line that is coming
  std::string last_;  // the timestamp, or what holds it
  // CSV
  bool quoted_ = false;
  std::size_t cell_ = 0;
  std::size_t time_cell_ = kNoCell;  // which is the timestamp
};

}  // namespace tapedeck::app
