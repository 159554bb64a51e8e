#include "server/process_figures.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "base/tick_clock.hpp"

namespace tapedeck {
namespace {

std::uint64_t count_open_fds() {
  struct stat folder {};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
    return static_cast<std::uint64_t>(folder.st_size);
  }
  DIR* const listing = opendir("/proc/self/fd");
  if (listing == nullptr) return 0;
  std::uint64_t count = 0;
  while (readdir(listing) != nullptr) ++count;
  closedir(listing);
  return count - 3;  // . and .. and the listing's own
}

std::uint64_t most_open_fds() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

double seconds_since_boot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// The fields of /proc/self/stat from the third on: the second, the name, may hold anything.
std::istringstream stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = line.rfind(')');
  return std::istringstream(name_end == std::string::npos ? "" : line.substr(name_end + 1));
}

}  // namespace

std::optional<ProcessFigures> read_process_figures() {
  std::istringstream fields = stat_fields();
  const auto skip = [&fields](int count) {
    for (std::string ignored; count > 0; --count) fields >> ignored;
  };
  // proc(5): 14 utime, 15 stime, 22 starttime, 23 vsize, 24 rss
  double user_ticks = 0, system_ticks = 0, start_ticks = 0;
  std::uint64_t virtual_bytes = 0, resident_pages = 0;
  skip(11);
  fields >> user_ticks >> system_ticks;
  skip(6);
  fields >> start_ticks >> virtual_bytes >> resident_pages;
  if (!fields) return std::nullopt;
  const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessFigures figures;
  figures.cpu_seconds = (user_ticks + system_ticks) / tick;
  figures.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  figures.virtual_bytes = virtual_bytes;
  figures.open_fds = count_open_fds();
  figures.max_fds = most_open_fds();
  // The same at every scrape, to the ms: not the two clocks' difference of this moment.
  static const double boot_seconds = static_cast<double>(utc_now_ns()) / 1e9 - seconds_since_boot();
  figures.start_time_seconds = boot_seconds + start_ticks / tick;
  return figures;
}

}  // namespace tapedeck
