#include "server/request_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/random.hpp"
#include "server/diagnostics.hpp"

namespace tapedeck {

bool is_request_id(std::string_view text) noexcept {
  constexpr std::size_t kMaxLength = 64;
  return !text.empty() && text.size() <= kMaxLength &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

RequestIds::RequestIds() : prefix_(random_hex(12) + "-") {}

void RequestIds::next(std::string& out) {
  out.assign(prefix_);
  fmt::format_to(std::back_inserter(out), "{:x}", ++count_);
}

void log_request(const RequestRecord& record, bool always) {
  const LogLevel level = always ? LogLevel::info : LogLevel::debug;
  if (!is_logged(level)) return;
  const double duration_ms = static_cast<double>(record.duration.count()) / 1e6;
  const std::array<LogField, 8> fields = {{
      {"method", record.method.substr(0, 20)},
      {"route", record.route.empty() ? std::string_view("other") : record.route},
      {"status", static_cast<std::int64_t>(record.status)},
      {"bytes", static_cast<std::uint64_t>(record.bytes)},
      {"duration_ms", duration_ms},
      {"request_id", record.request_id},
      {"grant", record.grant},
      {"address", record.address},
  }};
  log_fields(level, "request", fields);
}

}  // namespace tapedeck
