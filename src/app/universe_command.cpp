#include "app/universe_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "app/file_download.hpp"
#include "event/json_writer.hpp"
#include "universe/dump_file.hpp"
#include "universe/universe_difference.hpp"
#include "universe/universe_loader.hpp"

namespace tapedeck::app {
namespace {

using universe::DumpReport;
using universe::ExchangeScan;
using universe::InstrumentDump;
using universe::Names;
using universe::Scans;
using universe::Universe;

constexpr int kDone = 0, kFailed = 1;

int fail(std::string_view sentence) {
  fmt::print(stderr, "tapedeck: {}\n", sentence);
  return kFailed;
}

market::IstDate date_of(const UniverseRefreshOptions& options) {
  if (options.date.empty()) return market::ist_date(now());
  if (const auto date = market::parse_date(options.date)) return *date;
  throw std::invalid_argument(fmt::format("--date {}: must be YYYY-MM-DD", options.date));
}

/// A download on its way to being read; deleted afterwards.
class DownloadedFile {
 public:
  DownloadedFile(const std::filesystem::path& beside, std::string_view bytes)
      : path_(fmt::format("{}.download-{}", beside.string(), getpid())) {
    universe::replace_file(path_, bytes);
  }
  ~DownloadedFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  DownloadedFile(const DownloadedFile&) = delete;
  DownloadedFile& operator=(const DownloadedFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

InstrumentDump fetch(const UniverseRefreshOptions& options, const std::filesystem::path& out) {
  if (options.url.empty()) return universe::read_dump(options.dump, options.limits);
  auto bytes = download(options.url, {options.limits.max_file_bytes, options.timeout_s});
  if (!bytes) {
    InstrumentDump refused;
    refused.problem = bytes.error().message;
    return refused;
  }
  const DownloadedFile file(out, *bytes);
  return universe::read_dump(file.path(), options.limits);
}

/// What was kept so far; null when there is nothing, or nothing that can be used (told).
std::shared_ptr<const InstrumentDump> read_kept(const std::filesystem::path& out,
                                                const universe::DumpLimits& limits) {
  if (!universe::version_of(out)) return nullptr;
  auto kept = std::make_shared<InstrumentDump>(universe::read_dump(out, limits));
  if (kept->problem.empty()) return kept;
  fmt::print(stderr, "tapedeck: what was kept so far cannot be compared with: {}\n", kept->problem);
  return nullptr;
}

Scans compare(const UniverseRefreshOptions& options,
              const std::shared_ptr<const InstrumentDump>& before,
              const std::shared_ptr<const InstrumentDump>& now, market::IstDate date) {
  universe::UniverseRules rules;
  rules.filter = options.filter;
  const Universe fresh(now, date, rules);
  if (!before) return universe::compare(nullptr, fresh, options.listed_changes).scans;
  const Universe old(before, market::make_date(1900, 1, 1), rules);  // what has expired, too
  return universe::compare(&old, fresh, options.listed_changes).scans;
}

// --- printing ---

void print_bad_rows(std::FILE* to, const DumpReport& report) {
  const std::uint64_t bad = report.bad_rows + report.repeated_rows;
  if (bad == 0) return;
  fmt::print(to, "{} bad or repeated {}\n", bad, bad == 1 ? "row" : "rows");
  for (const universe::BadDumpRow& row : report.first_bad_rows) {
    fmt::print(to, "  line {}: {}\n", row.line, row.reason);
  }
  const std::uint64_t more = bad - report.first_bad_rows.size();
  if (more > 0) fmt::print(to, "  and {} more\n", more);
}

void print_names(const char* what, const Names& names) {
  if (names.total == 0) return;
  fmt::print("  {} {}: {}{}\n", names.total, what, fmt::join(names.listed, ", "),
             names.total > names.listed.size() ? ", ..." : "");
}

void print_text(const Scans& scans, const DumpReport& report, const std::filesystem::path& out) {
  for (const auto& [exchange, scan] : scans) {
    std::string types;
    for (const auto& [type, count] : scan.counts) {
      types += fmt::format("{}{} {}", types.empty() ? "" : ", ", count, type);
    }
    fmt::print("{:<6}{:>7}  {}\n", exchange, scan.size, types);
    print_names("added", scan.added);
    print_names("removed", scan.removed);
    print_names("changed", scan.changed);
  }
  print_bad_rows(stdout, report);
  fmt::print("kept in {}\n", out.string());
}

std::string json_names(const Names& names) {
  std::string list;
  for (const std::string& name : names.listed) {
    list += (list.empty() ? "" : ",") + json::quoted(name);
  }
  return fmt::format("[{}]", list);
}

std::string json_scan(const ExchangeScan& scan) {
  std::string counts;
  for (const auto& [type, count] : scan.counts) {
    counts += fmt::format("{}{}:{}", counts.empty() ? "" : ",", json::quoted(type), count);
  }
  return fmt::format(
      R"({{"size":{},"counts":{{{}}},"added":{},"removed":{},"changed":{},"added_count":{},)"
      R"("removed_count":{},"changed_count":{}}})",
      scan.size, counts, json_names(scan.added), json_names(scan.removed), json_names(scan.changed),
      scan.added.total, scan.removed.total, scan.changed.total);
}

void print_json(const Scans& scans, const DumpReport& report, const std::filesystem::path& out) {
  std::string exchanges, bad;
  for (const auto& [exchange, scan] : scans) {
    exchanges += fmt::format("{}{}:{}", exchanges.empty() ? "" : ",", json::quoted(exchange),
                             json_scan(scan));
  }
  for (const universe::BadDumpRow& row : report.first_bad_rows) {
    bad += fmt::format(R"({}{{"line":{},"reason":{}}})", bad.empty() ? "" : ",", row.line,
                       json::quoted(row.reason));
  }
  fmt::print(
      R"({{"ok":true,"out":{},"rows":{},"bad_rows":{},"first_bad_rows":[{}],"exchanges":{{{}}}}})"
      "\n",
      json::quoted(out.string()), report.rows, report.bad_rows + report.repeated_rows, bad,
      exchanges);
}

}  // namespace

std::filesystem::path default_instruments_file() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return std::filesystem::path(data) / "tapedeck" / "instruments.csv.gz";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    throw std::invalid_argument("HOME is not set: say with --out where to keep the instruments");
  }
  return std::filesystem::path(home) / ".local/share/tapedeck/instruments.csv.gz";
}

void add_universe_options(CLI::App& command, UniverseRefreshOptions& options) {
  auto* dump = command.add_option("--dump", options.dump, "Kite's instrument dump, plain or .gz")
                   ->type_name("FILE");
  command.add_option("--url", options.url, "download it, e.g. https://api.kite.trade/instruments")
      ->excludes(dump);
  command.add_option("--out", options.out,
                     "where the good dump is kept; default: instruments.csv.gz in "
                     "$XDG_DATA_HOME/tapedeck or ~/.local/share/tapedeck");
  command.add_option("--date", options.date,
                     "expired before: not listed; YYYY-MM-DD, default today");
  auto& filter = options.filter;
  command.add_option("--exchange", filter.exchanges, "print only these: NSE,NFO,...")
      ->delimiter(',');
  command.add_option("--segment", filter.segments, "print only these: INDICES,NFO-OPT,...")
      ->delimiter(',');
  command.add_option("--type", filter.types, "print only these: EQ,INDEX,FUT,CE,PE")
      ->delimiter(',');
  command.add_option("--underlying", filter.underlyings, "print only these: NIFTY,INFY,...")
      ->delimiter(',');
  command
      .add_option("--max-bad-share", options.limits.max_bad_share,
                  "refuse a dump with more bad rows than this share")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--max-shrink-share", options.max_shrink_share,
                  "refuse a dump in which an exchange has lost more than this share; 1: allow all")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--timeout", options.timeout_s, "seconds a download may take")
      ->check(CLI::Range(1L, 3600L))
      ->capture_default_str();
  command.add_flag("--json", options.json, "for programs");
}

int run_universe_refresh(const UniverseRefreshOptions& options) {
  if (options.dump.empty() == options.url.empty()) {
    throw std::invalid_argument("universe refresh needs --dump FILE or --url URL");
  }
  const market::IstDate date = date_of(options);
  const std::filesystem::path out =
      options.out.empty() ? default_instruments_file() : std::filesystem::path(options.out);
  try {
    const auto fresh = std::make_shared<const InstrumentDump>(fetch(options, out));
    std::string problem = fresh->problem;
    const auto kept = problem.empty() ? read_kept(out, options.limits) : nullptr;
    if (kept) {
      problem = universe::shrink_problem(*kept, *fresh, date, options.max_shrink_share,
                                         options.shrink_slack);
    }
    if (!problem.empty()) {
      print_bad_rows(stderr, fresh->report);
      return fail(problem + "; the instruments kept so far stay");
    }
    const Scans scans = compare(options, kept, fresh, date);
    universe::write_dump(out, fresh->rows);
    options.json ? print_json(scans, fresh->report, out) : print_text(scans, fresh->report, out);
  } catch (const std::runtime_error& failed) {
    return fail(failed.what());
  }
  return kDone;
}

}  // namespace tapedeck::app
