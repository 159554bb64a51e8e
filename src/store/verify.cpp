#include "store/verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/file_set.hpp"
#include "store/file_verifier.hpp"

namespace tapedeck::store {
namespace {

std::uint64_t size_of(const std::filesystem::path& path) noexcept {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

/// Numbers between the files, and totals.
void add_up(VerifyReport& report) {
  std::uint64_t end = 0;
  for (const FileFacts& file : report.files) {
    report.events += file.events;
    report.blocks += file.blocks;
    report.bytes += file.bytes;
    if (file.end_seq == 0) continue;
    if (end != 0 && file.first_seq > end) report.add(EventFile::Hole{end, file.first_seq});
    if (file.first_seq < end) {
      report.add(Damage{file.name,
                        {},
                        0,
                        fmt::format("it begins with {}, but the file before it ends with {}",
                                    file.first_seq, end - 1)});
    }
    end = file.end_seq;
  }
}

void verify_file(const std::filesystem::path& path, VerifyReport& report,
                 const std::function<void(double)>& step) {
  try {
    FileVerifier(path, report).run(step);
  } catch (const SqliteError& error) {
    if (!std::filesystem::exists(path)) return;  // aged meanwhile
    report.add(Damage{path.filename().string(), {}, 0, error.what()});
  }
}

}  // namespace

void VerifyReport::add(Damage damage) {
  ++damages_total;
  damaged_events += damage.events;
  if (damages.size() < kMaxListed) damages.push_back(std::move(damage));
}

void VerifyReport::add(const EventFile::Hole& hole) {
  ++holes_total;
  missing_total += hole.end - hole.begin;
  if (holes.size() < kMaxListed) holes.push_back(hole);
}

Result<VerifyReport> verify(const std::filesystem::path& folder, const CopyProgress& progress) {
  try {
    std::vector<FileName> names;
    if (std::filesystem::is_directory(folder)) names = list_files(folder);
    if (names.empty()) return no_history(folder, "data_dir");
    VerifyReport report;
    std::uint64_t done = 0, total = 0;
    for (const FileName& name : names) total += size_of(folder / name.text());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::filesystem::path path = folder / names[i].text();
      const std::uint64_t size = size_of(path);
      const bool superseded = i + 1 < names.size() && names[i + 1].number == names[i].number;
      if (!superseded) {
        verify_file(path, report, [&](double share) {
          const auto bytes = static_cast<std::uint64_t>(share * static_cast<double>(size));
          if (progress) progress(done + bytes, total);
        });
      }
      done += size;
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::string name = entry.path().filename().string();
      const bool is_side_file = name.ends_with("-wal") || name.ends_with("-shm");
      if (name.find(".db.damaged-") != std::string::npos && !is_side_file) {
        report.set_aside.push_back(std::move(name));
      }
    }
    std::sort(report.set_aside.begin(), report.set_aside.end());
    add_up(report);
    return report;
  } catch (const std::filesystem::filesystem_error& error) {
    return Error{"verify_failed", fmt::format("The history cannot be read: {}.", error.what()),
                 "data_dir"};
  }
}

}  // namespace tapedeck::store
