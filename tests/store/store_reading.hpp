// Days of history, and everything that is in it, for tests of what happens to files.
#pragma once

#include <fstream>
#include <functional>
#include <map>
#include <vector>

#include "base/sqlite.hpp"
#include "bus/frame_index.hpp"
#include "store/file_set.hpp"
#include "store/store_fixture.hpp"
#include "support/encode.hpp"

namespace tapedeck::store::testing {

inline constexpr std::int64_t kDay_ns = 86'400'000'000'000;
inline constexpr std::int64_t kFirstDay = 20'000;  // 2024-10-04

/// Small, and always on the first day: opening a folder begins no other file.
inline StoreOptions early_options(const std::filesystem::path& folder) {
  StoreOptions options = small_options(folder);
  options.now_ns = [] { return kFirstDay * kDay_ns; };
  return options;
}

/// The event files of a folder, by name.
inline std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const FileName& name : list_files(folder)) out.push_back(name.text());
  return out;
}

inline void publish_typed(TelemetryBus& bus, const std::string& type, int count) {
  for (int i = 0; i < count; ++i) bus.publish(GenericEvent{type, {{"n", i}}});
  bus.flush();
}

/// Frames by number. Fails when a hole is met.
inline std::map<std::uint64_t, std::string> read_all(const Store& store, const Filter& wanted = {},
                                                     std::uint64_t from = 0) {
  std::map<std::uint64_t, std::string> out;
  const CompiledFilter filter(wanted);
  for (std::uint64_t next = std::max(from, store.first_seq()); next < store.end_seq();) {
    const HistorySlice slice = store.read_forward(filter, next, store.end_seq(), {});
    EXPECT_EQ(slice.missing, 0U) << "at " << next;
    for (const StoredFrames& block : slice.blocks) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        out.emplace(block.seqs[i], std::string(block.frame(i), block.index[i].length));
      }
    }
    next = slice.next;
  }
  return out;
}

/// Those that a filter lets pass when it looks at each.
inline std::map<std::uint64_t, std::string> matching(
    const std::map<std::uint64_t, std::string>& events, const Filter& wanted) {
  const CompiledFilter filter(wanted);
  std::map<std::uint64_t, std::string> out;
  for (const auto& [seq, frame] : events) {
    const auto index = index_frame(frame, 0);
    if (index && filter.matches(frame.data(), *index)) out.emplace(seq, frame);
  }
  return out;
}

/// Runs of a store, a day each, from kFirstDay on.
struct Days {
  explicit Days(const std::filesystem::path& folder) : options(small_options(folder)) {}

  void run(const std::function<void(TelemetryBus&)>& work) {
    options.now_ns = [today = day] { return today * kDay_ns; };
    StoreRun a_day(options);
    work(*a_day.bus);
    a_day.settle();
    ++day;
  }
  /// So many events of all sorts on each day.
  void publish(const std::vector<int>& counts) {
    for (const int count : counts) {
      run([&](TelemetryBus& bus) { Traffic(bus, static_cast<unsigned>(day)).publish(count); });
    }
  }
  /// Copies what a kill -9 would leave behind.
  void crash_into(const std::filesystem::path& folder) {
    const StoreRun again(options);
    std::filesystem::copy(options.folder, folder, std::filesystem::copy_options::recursive);
  }

  StoreOptions options;
  std::int64_t day = kFirstDay;
};

/// A block of generic events `odd` and `even`, for EventFile::write().
inline EncodedBlock block_of_numbers(EventFile& file, std::uint64_t first_seq, int count,
                                     BlockOrdinal ordinal) {
  BlockBuilder builder;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t seq = first_seq + static_cast<std::uint64_t>(i);
    const auto event = tapedeck::testing::encode(GenericEvent{seq % 2 == 0 ? "even" : "odd", {}},
                                                 from_ns(kFirstDay * kDay_ns));
    const SeriesId series = file.series_to_write().number_of(event.frame.data(), event.index);
    builder.add(event.frame, event.index, seq, series);
    file.note(event.frame.data(), event.index, seq, series, ordinal);
  }
  return builder.encode(1, 0);
}

/// Flips a byte amid a block's compressed events.
inline void damage_block(const std::filesystem::path& file, BlockOrdinal ordinal) {
  SqliteDatabase database(file);
  SqliteStatement read(database, "SELECT data FROM block_data WHERE ordinal = ?");
  ASSERT_TRUE(read.bind(1, std::int64_t{ordinal}).step());
  std::string data(read.bytes(0));
  read.reset();
  data[data.size() / 2] = static_cast<char>(data[data.size() / 2] ^ 0x20);
  SqliteStatement(database, "UPDATE block_data SET data = ? WHERE ordinal = ?")
      .bind_bytes(1, data)
      .bind(2, std::int64_t{ordinal})
      .run();
}

}  // namespace tapedeck::store::testing
