// What tests of engines share: moments in India, files of a moment, a bus whose events can be
// looked at, and the way to the shared data.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/bus.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::test {

/// A moment on Tuesday 2025-11-18, an ordinary session, by the clock of India.
inline Timestamp at_ist(int hour, int minute, int second = 0, int millisecond = 0) {
  return market::ist_moment(market::make_date(2025, 11, 18),
                            std::chrono::hours{hour} + std::chrono::minutes{minute} +
                                std::chrono::seconds{second} +
                                std::chrono::milliseconds{millisecond});
}

/// A bus that keeps everything a test publishes.
class TestBus {
 public:
  /// @param log_bytes what the log holds at most; older events are gone then
  explicit TestBus(std::size_t log_bytes = std::size_t{64} << 20)
      : bus_([log_bytes] {
          BusOptions options;
          options.buffer_size = 2'000'000;
          options.log_bytes = log_bytes;
          options.epoch = "test";
          return options;
        }()) {}

  TelemetryBus& bus() { return bus_; }
  market::EnginePublisher publisher(const char* engine_id = "engine") {
    Source source;
    source.engine_id = engine_id;
    source.mode = "paper";
    return {bus_, source, true};
  }
  /// Events of a type, oldest first; empty: of all types.
  std::vector<Event> events(std::string_view type = {}) {
    bus_.flush();
    return bus_.get_recent_events(type, 2'000'000);
  }
  std::vector<std::string> payloads(std::string_view type) {
    std::vector<std::string> all;
    for (const Event& event : events(type)) all.push_back(event.payload);
    return all;
  }

 private:
  TelemetryBus bus_;
};

/// A file that exists as long as the object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, std::string_view text) {
    std::string folder = (std::filesystem::temp_directory_path() / "tapedeck-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
    path_ = folder_ / name;
    write(name, text);
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

/// $TAPEDECK_DATA, else ../shared/data beside the project; nothing when there is none.
inline std::optional<std::filesystem::path> shared_data() {
#ifdef TAPEDECK_SOURCE_DIR
  const std::filesystem::path root = TAPEDECK_SOURCE_DIR;
#else
  const std::filesystem::path root =
      std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
#endif
  const char* set = std::getenv("TAPEDECK_DATA");
  const std::filesystem::path data =
      set != nullptr ? std::filesystem::path(set) : root.parent_path() / "shared" / "data";
  if (!std::filesystem::is_directory(data)) return std::nullopt;
  return data;
}

}  // namespace tapedeck::test

/// Skips a test that needs the shared data where there is none.
#define TAPEDECK_NEEDS_SHARED_DATA(name_)             \
  const auto name_ = ::tapedeck::test::shared_data(); \
  if (!name_) GTEST_SKIP() << "no shared data; set TAPEDECK_DATA to the folder that has it"
