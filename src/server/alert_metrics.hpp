// What /metrics tells of alerts. Any thread. Cost: a copy of the rules' states.
#pragma once

#include "alert/alert_service.hpp"
#include "server/metrics_text.hpp"

namespace tapedeck {

/// Targets that are shown alike (addresses on one host) count together.
void write_alert_metrics(MetricsText& out, alert::AlertService& alerts);

}  // namespace tapedeck
