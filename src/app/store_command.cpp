#include "app/store_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "event/json_writer.hpp"
#include "store/backup.hpp"
#include "store/verify.hpp"

namespace tapedeck::app {
namespace {

using store::CopyReport;
using store::VerifyReport;

constexpr int kDone = 0, kFailed = 1;
constexpr std::size_t kPrinted = 20;  // of damages and holes, for people; --json has them all

int fail(std::string_view sentence) {
  fmt::print(stderr, "tapedeck: {}\n", sentence);
  return kFailed;
}

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

/// One line on standard error that is written over, when that is a terminal; a few times a second.
class ProgressLine {
 public:
  explicit ProgressLine(std::string_view what)
      : what_(what), is_terminal_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  store::CopyProgress callback() {
    if (!is_terminal_) return {};
    return [this](std::uint64_t done, std::uint64_t total) { show(done, total); };
  }

 private:
  void show(std::uint64_t done, std::uint64_t total) {
    constexpr auto kEvery = std::chrono::milliseconds(100);
    constexpr std::size_t kWidth = 30;
    const auto now = std::chrono::steady_clock::now();
    if (shown_ && now - last_ < kEvery) return;
    last_ = now;
    shown_ = true;
    const double share = total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
    const auto full = static_cast<std::size_t>(share * kWidth);
    fmt::print(stderr, "\r\x1b[K{} [{:<{}}] {:3.0f} %  {} of {}", what_, std::string(full, '#'),
               kWidth, share * 100, mebibytes(done), mebibytes(total));
    std::fflush(stderr);
  }

  const std::string what_;
  const bool is_terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_{};
};

Result<CopyReport> copied(const char* what,
                          Result<CopyReport> (&copy)(const std::filesystem::path&,
                                                     const std::filesystem::path&,
                                                     const store::CopyProgress&),
                          const std::filesystem::path& from, const std::filesystem::path& to) {
  ProgressLine line(what);
  return copy(from, to, line.callback());
}

Result<VerifyReport> verified(const std::filesystem::path& folder) {
  ProgressLine line("verifying");
  return store::verify(folder, line.callback());
}

// --- printing ---

std::string sentence_of(const store::Damage& damage) {
  std::string out = damage.file;
  if (damage.block) out += fmt::format(", block {}", *damage.block);
  out += ": " + damage.what;
  if (damage.events > 0) out += fmt::format(" ({} events)", damage.events);
  return out;
}

void print_text(const VerifyReport& report) {
  for (const store::FileFacts& file : report.files) {
    fmt::print("{:<34}{:>12}{:>12} events  {}\n", file.name, mebibytes(file.bytes), file.events,
               file.end_seq == 0 ? "" : fmt::format("{}..{}", file.first_seq, file.end_seq - 1));
  }
  for (const store::EpochRow& epoch : report.epochs) {
    fmt::print("epoch {} from {}\n", epoch.name, epoch.first_seq);
  }
  for (std::size_t i = 0; i < report.holes.size() && i < kPrinted; ++i) {
    fmt::print("missing: {}..{}\n", report.holes[i].begin, report.holes[i].end - 1);
  }
  for (const std::string& name : report.set_aside) {
    fmt::print("set aside as damaged at a start, not looked at: {}\n", name);
  }
  for (std::size_t i = 0; i < report.damages.size() && i < kPrinted; ++i) {
    fmt::print("DAMAGED {}\n", sentence_of(report.damages[i]));
  }
  fmt::print(
      "{} events in {} blocks, {}; {} missing in {} {}; {}\n", report.events, report.blocks,
      mebibytes(report.bytes), report.missing_total, report.holes_total,
      report.holes_total == 1 ? "hole" : "holes",
      report.sound()
          ? "sound"
          : fmt::format("damaged in {} {}, {} events cannot be read", report.damages_total,
                        report.damages_total == 1 ? "place" : "places", report.damaged_events));
}

template <typename Items, typename Print>
std::string json_list(const Items& items, Print&& print) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ",") + print(item);
  return "[" + out + "]";
}

std::string json_of(const VerifyReport& report) {
  const auto files = json_list(report.files, [](const store::FileFacts& file) {
    return fmt::format(
        R"({{"name":{},"bytes":{},"blocks":{},"events":{},"first_seq":{},"end_seq":{}}})",
        json::quoted(file.name), file.bytes, file.blocks, file.events, file.first_seq,
        file.end_seq);
  });
  const auto epochs = json_list(report.epochs, [](const store::EpochRow& epoch) {
    return fmt::format(R"({{"name":{},"first_seq":{}}})", json::quoted(epoch.name),
                       epoch.first_seq);
  });
  const auto holes = json_list(report.holes, [](const store::EventFile::Hole& hole) {
    return fmt::format(R"({{"begin":{},"end":{}}})", hole.begin, hole.end);
  });
  const auto damages = json_list(report.damages, [](const store::Damage& damage) {
    return fmt::format(R"({{"file":{},"block":{},"events":{},"what":{}}})",
                       json::quoted(damage.file),
                       damage.block ? std::to_string(*damage.block) : "null", damage.events,
                       json::quoted(damage.what));
  });
  return fmt::format(
      R"({{"ok":{},"events":{},"blocks":{},"bytes":{},"missing_total":{},"holes_total":{},)"
      R"("damages_total":{},"damaged_events":{},"files":{},"epochs":{},"holes":{},"damages":{},)"
      R"("set_aside":{}}})",
      report.sound(), report.events, report.blocks, report.bytes, report.missing_total,
      report.holes_total, report.damages_total, report.damaged_events, files, epochs, holes,
      damages, json_list(report.set_aside, [](const auto& name) { return json::quoted(name); }));
}

void add_data_dir(CLI::App& command, std::filesystem::path& data_dir, const char* what) {
  auto* option = command.add_option("--data-dir", data_dir, what)
                     ->envname("TAPEDECK_DATA_DIR")
                     ->type_name("DIR");
  data_dir.empty() ? option->required() : option->capture_default_str();
}

}  // namespace

void add_backup_options(CLI::App& command, BackupOptions& options) {
  command.add_option("target", options.target, "folder for the copy, empty or not there yet")
      ->type_name("DIR")
      ->required();
  add_data_dir(command, options.data_dir, "the history; a server may be running");
  command.add_flag("--json", options.json, "for programs");
}

void add_restore_options(CLI::App& command, RestoreOptions& options) {
  command.add_option("source", options.source, "what tapedeck backup made")
      ->type_name("DIR")
      ->required();
  add_data_dir(command, options.data_dir, "folder for the history, empty or not there yet");
  command.add_flag("--json", options.json, "for programs");
}

void add_verify_options(CLI::App& command, VerifyOptions& options) {
  add_data_dir(command, options.data_dir, "the history; a server may be running");
  command.add_flag("--json", options.json, "for programs");
}

int run_backup(const BackupOptions& options) {
  const auto report = copied("copying", store::back_up, options.data_dir, options.target);
  if (!report) return fail(report.error().message);
  if (options.json) {
    fmt::print(R"({{"ok":true,"target":{},"files":{},"bytes":{}}})"
               "\n",
               json::quoted(options.target.string()), report->files, report->bytes);
  } else {
    fmt::print("{} files, {} in {}\n", report->files, mebibytes(report->bytes),
               options.target.string());
  }
  return kDone;
}

int run_restore(const RestoreOptions& options) {
  const auto report = copied("copying", store::restore, options.source, options.data_dir);
  if (!report) return fail(report.error().message);
  const auto check = verified(options.data_dir);
  if (!check) return fail(check.error().message);
  options.json ? fmt::print("{}\n", json_of(*check)) : print_text(*check);
  if (check->sound()) return kDone;
  return fail(fmt::format("{} is restored, with the damage that {} has", options.data_dir.string(),
                          options.source.string()));
}

int run_verify(const VerifyOptions& options) {
  const auto report = verified(options.data_dir);
  if (!report) return fail(report.error().message);
  options.json ? fmt::print("{}\n", json_of(*report)) : print_text(*report);
  if (report->sound()) return kDone;
  return fail(
      fmt::format("{} is damaged; what is not named above can be read", options.data_dir.string()));
}

}  // namespace tapedeck::app
