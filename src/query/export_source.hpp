// ExportSource: a range of the tape as text, oldest event first, a piece at a time, so that an
// export of any length takes the memory of a piece.
//
// One thread at a time. next() may touch the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "query/export_csv.hpp"
#include "query/tape.hpp"

namespace tapedeck {

class ExportSource {
 public:
  static constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
  /// Events that one piece may look at: what is rare takes several pieces, some of them empty, so
  /// that one export never holds a reader thread for long.
  static constexpr std::size_t kPieceLooks = 50'000;

  /// @param bounds fixed: what is published later is not in it.
  /// @param csv nothing: NDJSON, one event a line, as REST answers them.
  ExportSource(const Tape& tape, CompiledFilter filter, SeqBounds bounds,
               std::optional<ExportCsv> csv)
      : tape_(tape),
        filter_(std::move(filter)),
        bounds_(bounds),
        csv_(std::move(csv)),
        header_due_(csv_.has_value()) {}

  /// Appends the next piece. Numbers that are gone are left out. @return false when that was all.
  /// @throws HistoryError
  bool next(std::string& out);

 private:
  const Tape tape_;
  const CompiledFilter filter_;
  SeqBounds bounds_;  // what is left
  const std::optional<ExportCsv> csv_;
  bool header_due_;
};

}  // namespace tapedeck
