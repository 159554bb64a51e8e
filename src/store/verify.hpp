// Verify: reads a whole history and says whether it is sound: what SQLite thinks of each file,
// every block's checksum and whether its columns, its frames and what is noted of it agree, whether
// the series are known and the postings lead to every event; and which numbers are missing.
//
// A free function; any thread. Reads only, also beside a server that writes. About 1 us an event.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/backup.hpp"
#include "store/event_file.hpp"

namespace tapedeck::store {

/// Something that is not as it was written.
struct Damage {
  std::string file;
  std::optional<BlockOrdinal> block{};  ///< none: the file as a whole, or what finds its events
  std::uint64_t events = 0;             ///< that cannot be read because of it
  std::string what{};
};

struct FileFacts {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t blocks = 0;
  std::uint64_t events = 0;
  std::uint64_t first_seq = 0;  ///< 0: it holds nothing
  std::uint64_t end_seq = 0;
};

struct VerifyReport {
  /// Of damages and of holes so many are listed; all are counted.
  static constexpr std::size_t kMaxListed = 1000;

  std::vector<FileFacts> files;
  std::vector<EpochRow> epochs;
  std::vector<EventFile::Hole> holes;  ///< numbers that were lost before they could be written
  std::uint64_t holes_total = 0;
  std::uint64_t missing_total = 0;  ///< numbers in them
  std::vector<Damage> damages;
  std::uint64_t damages_total = 0;
  std::uint64_t damaged_events = 0;
  std::vector<std::string> set_aside;  ///< files that a start found damaged; not looked at
  std::uint64_t events = 0;
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;

  bool sound() const noexcept { return damages_total == 0; }
  void add(Damage damage);
  void add(const EventFile::Hole& hole);
};

/// @param progress in bytes of files @return Error no_history, verify_failed (the folder cannot be
/// read)
Result<VerifyReport> verify(const std::filesystem::path& folder, const CopyProgress& progress = {});

}  // namespace tapedeck::store
