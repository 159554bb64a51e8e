// What requests about alerts say: their parameters, and the bodies that acknowledge and silence.
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert_service.hpp"
#include "alert/dispatcher.hpp"
#include "base/error.hpp"
#include "query/query_string.hpp"

namespace tapedeck {

/// The parts of GET /alerts; a page that refreshes often leaves out what it does not show.
enum class AlertPart : std::uint8_t { rules = 1, alerts = 2, targets = 4, status = 8 };

struct AlertQuery {
  static constexpr std::int64_t kDefaultLimit = 1000;
  static constexpr std::int64_t kMaxLimit = 10'000;

  std::vector<alert::AlertState> states;    ///< any of; empty: all
  std::vector<alert::Severity> severities;  ///< likewise
  std::vector<std::string> rules;           ///< likewise
  std::size_t limit = kDefaultLimit;        ///< of alerts
  std::uint8_t parts = 15;                  ///< AlertPart or-ed

  bool wants(AlertPart part) const noexcept {
    return (parts & static_cast<std::uint8_t>(part)) != 0;
  }
  bool takes(const alert::Rule& rule) const;
  bool takes(const alert::AlertStatus& status) const;
};
/// Error codes: invalid_parameter, unknown_parameter.
Result<AlertQuery> read_alert_query(const std::vector<QueryParameter>& parameters);

/// What is to be done with a rule that is tried.
struct AlertTest {
  static constexpr std::int64_t kMaxEpisodes = 1000;

  alert::BacktestQuery query;
  bool sends = false;  ///< a message to its targets instead of a run over what was
};
/// Error codes: invalid_parameter, unknown_parameter.
Result<AlertTest> read_alert_test(const std::vector<QueryParameter>& parameters);

inline constexpr std::int64_t kMaxDeliveries = 1000;  ///< in one answer
/// Error codes: invalid_parameter, unknown_parameter.
Result<alert::Dispatcher::ListQuery> read_delivery_query(
    const std::vector<QueryParameter>& parameters);

/// What somebody does about an alert: `{"group":{…},"by":…,"for":…,"reason":…}`.
struct AlertAction {
  static constexpr std::size_t kMaxText = 1000;  ///< bytes of by and reason

  std::optional<alert::Group> group;  ///< in the order it was written; nothing: every group
  std::string by;                     ///< empty: who calls
  std::string reason;
  alert::Duration how_long{};
};
/// @param body empty: as `{}`
/// @param silences whether `for` is needed and `reason` may be; else they are refused
/// Error codes: malformed_json, invalid_parameter, whose field is a JSON pointer.
Result<AlertAction> read_alert_action(std::string_view body, bool silences);

/// The group in the order of the rule's group_by.
/// @return nothing when other values are named than those of group_by
std::optional<alert::Group> ordered_group(const alert::Group& group,
                                          const std::vector<std::string>& group_by);

}  // namespace tapedeck
