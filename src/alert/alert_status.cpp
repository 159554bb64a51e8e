#include "alert/alert_status.hpp"

namespace tapedeck::alert {

std::string_view to_string(AlertState state) noexcept {
  return state == AlertState::pending    ? "pending"
         : state == AlertState::resolved ? "resolved"
                                         : "firing";
}

}  // namespace tapedeck::alert
