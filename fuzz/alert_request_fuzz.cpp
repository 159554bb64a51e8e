// Bodies that acknowledge and silence. Must never crash; what is refused must say why, and what is
// taken must be within the limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/alert_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const bool silences : {false, true}) {
    const auto action = read_alert_action(body, silences);
    if (!action) {
      if (action.error().message.empty()) std::abort();
      continue;
    }
    if (action->by.size() > AlertAction::kMaxText ||
        action->reason.size() > AlertAction::kMaxText ||
        action->how_long < alert::Duration::zero() || action->how_long > alert::kMaxDuration) {
      std::abort();
    }
    if (action->group && action->group->size() > alert::kMaxGroupBy) std::abort();
  }
  return 0;
}
