#include "app/history_options.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace tapedeck::app {

std::filesystem::path default_data_dir() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return std::filesystem::path(data) / "tapedeck";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : "/var/lib") /
         ".local/share/tapedeck";
}

void add_history_options(CLI::App& command, HistoryArguments& arguments) {
  command.add_flag("--memory", arguments.memory, "keep no history: events live in memory only")
      ->envname("TAPEDECK_MEMORY");
  arguments.store.folder = default_data_dir();
  command.add_option("--data-dir", arguments.store.folder, "folder of the history")
      ->envname("TAPEDECK_DATA_DIR")
      ->type_name("DIR")
      ->capture_default_str();
  command
      .add_option("--retention", arguments.retention,
                  "how long events are kept, such as 30d,order_event=5y,indicator_event=7d; "
                  "default: for ever")
      ->envname("TAPEDECK_RETENTION");
  command
      .add_option("--max-store-bytes", arguments.max_bytes,
                  "size of the history, in bytes; the oldest files go beyond it; 0: no limit")
      ->capture_default_str();
  command
      .add_option("--commit-ms", arguments.commit_ms, "events are on disk after so long at most")
      ->check(CLI::Range(1U, 60'000U))
      ->capture_default_str();
  command
      .add_option("--max-file-bytes", arguments.store.max_file_bytes,
                  "the history begins another file a day, and beyond this size")
      ->check(CLI::Range(std::uint64_t{1} << 20, std::uint64_t{1} << 40))
      ->capture_default_str();
  command
      .add_option("--pending-bytes", arguments.store.pending_bytes,
                  "compressed events that may wait in memory while the disk refuses them")
      ->check(CLI::Range(std::size_t{1} << 20, std::size_t{1} << 40))
      ->capture_default_str();
  command
      .add_option("--max-series", arguments.store.max_series,
                  "combinations of type, symbol, strategy, source indexed in a file")
      ->check(CLI::Range(std::size_t{0}, std::size_t{10'000'000}))
      ->capture_default_str();
  command.add_option("--aggregate-field", arguments.aggregate_fields,
                     "payload field to sum up, such as price or metrics.net_pnl; these take the "
                     "place of the default ones");
}

std::optional<store::StoreOptions> history_options(const HistoryArguments& arguments) {
  if (arguments.memory) return std::nullopt;
  store::StoreOptions options = arguments.store;
  options.commit_interval = std::chrono::milliseconds(arguments.commit_ms);
  auto retention = store::parse_retention(arguments.retention);
  if (!retention) throw std::invalid_argument("--retention: " + retention.error().message);
  options.retention = std::move(retention).value();
  options.retention.max_bytes = arguments.max_bytes;
  if (!arguments.aggregate_fields.empty()) options.rollup.fields = arguments.aggregate_fields;
  static_cast<void>(AggregateFields(options.rollup.fields));  // says what is wrong with them
  return options;
}

}  // namespace tapedeck::app
