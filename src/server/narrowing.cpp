#include "server/narrowing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "auth/scope_words.hpp"

namespace tapedeck {

Filter visible_to(const auth::Grant& grant) {
  Filter within;
  within.event_type = grant.narrowing.event_type;
  within.symbol = grant.narrowing.symbol;
  within.strategy = grant.narrowing.strategy;
  return within;
}

std::optional<Error> refuse_scope(const auth::Grant& grant, auth::Scope scope) {
  if (grant.has(scope)) return std::nullopt;
  return Error{"forbidden",
               fmt::format("This needs the scope {}, which the credentials given do not have; use "
                           "a key that has it.",
                           auth::word_of(scope)),
               ""};
}

std::optional<Error> refuse_narrowed(const auth::Grant& grant, std::string_view what) {
  if (grant.narrowing.empty()) return std::nullopt;
  return Error{"forbidden",
               std::string(what) +
                   " of all events, and these credentials are narrowed to some; use a key that is "
                   "not narrowed.",
               ""};
}

std::optional<Error> refuse_trades(const auth::Grant& grant) {
  constexpr std::array<std::string_view, 4> kParts = {"decision_trace", "signal_event",
                                                      "order_event", "position_event"};
  const auto& types = grant.narrowing.event_type;
  const bool sees_all = std::all_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return std::find(types.begin(), types.end(), part) != types.end();
  });
  if (types.empty() || sees_all) return std::nullopt;
  return Error{"forbidden",
               "Trades are made of decision_trace, signal_event, order_event and position_event, "
               "and these credentials are narrowed to types without one of them; ask "
               "/api/telemetry/events.",
               ""};
}

}  // namespace tapedeck
