// What aggregates look at in an event: dimensions (what one groups by) and value fields (numbers in
// the payload that are summed). The rollups and the queries that are answered from events both read
// events with this, so that they agree.
//
// A dimension's value is what the filters compare: strings as spelled in canonical JSON, without
// their quotes. An event counts under payload.strategy, and under payload.strategy_name only when
// it has no strategy; its status is payload.status. Values longer than KeySpan::kMaxLength bytes
// are as good as absent, as for filters. A value field is a number at the first or second level of
// the payload (`price`, `metrics.net_pnl`); strings, null and numbers no double can hold are not
// counted. Of a name given twice the first number counts.
//
// Immutable after construction; any thread. One walk over the payload: about a ns for a byte.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/frame.hpp"

namespace tapedeck {

/// The numbers are stored with the rollups: they never change.
enum class Dimension : std::uint8_t {
  type = 0,
  symbol = 1,
  strategy = 2,
  engine = 3,
  engine_id = 4,
  host = 5,
  account = 6,
  mode = 7,
  status = 8,
};
inline constexpr std::size_t kDimensionCount = 9;

/// As in group_by=.
std::string_view name_of(Dimension dimension) noexcept;
std::optional<Dimension> dimension_named(std::string_view name) noexcept;

/// Confidence, quantities, prices, P&L and the latencies of Tapedeck's own engines.
const std::vector<std::string>& default_value_fields();

class AggregateFields {
 public:
  static constexpr std::size_t kMaxFields = 64;

  struct Value {
    std::uint32_t field;  // place in the list of paths
    double number;        // finite
  };
  /// What a payload holds. Views into it.
  struct Found {
    std::array<Value, kMaxFields> values;
    std::size_t count = 0;
    std::optional<std::string_view> status;
  };

  /// @param paths `name` or `name.name`; what follows the first dot is one name
  /// @throws std::invalid_argument for a path that is empty or given twice, or more than
  /// kMaxFields.
  explicit AggregateFields(std::vector<std::string> paths);

  const std::vector<std::string>& paths() const noexcept { return paths_; }
  /// @param payload as it lies in a frame
  void read(std::string_view payload, Found& found) const;

 private:
  static constexpr std::int32_t kNone = -1;
  struct Member {
    std::string name;             // as spelled in frames
    std::int32_t field = kNone;   // summed itself
    std::int32_t inside = kNone;  // the table of its own members
    std::int32_t next = kNone;    // with the same hash
    bool is_status = false;
  };
  /// The names looked for in an object, by a hash that few other names share.
  struct Table {
    std::array<std::int32_t, 64> first;
    std::vector<Member> members;
    Table() { first.fill(kNone); }
    Member& at(std::string_view name);
    const Member* find(std::string_view name) const noexcept;
  };

  struct Reading;
  void read(const Table& table, std::string_view object, Reading& reading) const;

  std::vector<std::string> paths_;
  std::vector<Table> tables_;  // the payload's own first
};

/// Where a dimension's value lies; nothing when the event has none.
/// @param status what AggregateFields found
std::optional<std::string_view> dimension_value(Dimension dimension, const char* frame,
                                                const FrameIndex& index,
                                                const std::optional<std::string_view>& status);

inline std::string_view payload_of(const char* frame, const FrameIndex& index) noexcept {
  return {frame + index.payload_offset(), index.payload_length};
}

/// A text as canonical JSON spells it, without quotes.
std::string spelled(std::string_view text);

}  // namespace tapedeck
