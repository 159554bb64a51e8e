#include <fmt/format.h>

#include <algorithm>

#include "alert/address_rules.hpp"
#include "alert/dispatcher.hpp"
#include "alert/settings_reader.hpp"
#include "alert/target_url.hpp"

namespace tapedeck::alert {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kCode = "invalid_alerts";

template <typename Duration>
void read(SettingsReader& reader, std::string_view name, Duration least, Duration most,
          Duration& to) {
  std::chrono::nanoseconds duration{};
  if (!reader.duration(name, least, most, duration)) return;
  to = std::chrono::duration_cast<Duration>(duration);
  if (to != duration) {
    reader.fail(name, Duration::period::den == 1 ? "write whole seconds" : "write whole ms");
  }
}

void read(SettingsReader& reader, std::string_view name, std::uint64_t most, std::size_t& to) {
  std::uint64_t number = 0;
  if (reader.number(name, 1, most, number)) to = number;
}

std::optional<Error> read_heartbeat(const std::string& json, DeliveryOptions& options) {
  SettingsReader reader(json, std::string(kCode));
  if (!reader.text("url", options.heartbeat_url)) reader.fail("url", "a heartbeat needs one");
  read(reader, "interval", seconds(1), seconds(hours(24)), options.heartbeat_interval);
  auto error = reader.finish();
  if (!error) {
    if (const auto url = parse_target_url(options.heartbeat_url); !url) error = url.error();
  }
  if (!error) return std::nullopt;
  return Error{std::string(kCode), "heartbeat: " + error->message, "/heartbeat" + error->field};
}

}  // namespace

Result<DeliveryOptions> parse_delivery_options(std::string_view json) {
  DeliveryOptions options;
  SettingsReader reader(json, std::string(kCode));
  reader.secret("secret", options.secret);
  reader.texts("allow_addresses", options.addresses.allowed);
  reader.text("proxy", options.proxy);
  read(reader, "connect_timeout", milliseconds(10), milliseconds(hours(1)),
       options.connect_timeout);
  read(reader, "request_timeout", milliseconds(10), milliseconds(hours(1)),
       options.request_timeout);
  read(reader, "retry_first", milliseconds(1), milliseconds(hours(1)), options.retry_first);
  read(reader, "retry_longest", milliseconds(1), milliseconds(hours(24)), options.retry_longest);
  read(reader, "retry_for", seconds(0), seconds(hours(24 * 30)), options.retry_for);
  read(reader, "max_queued_per_target", 1'000'000, options.max_queued_per_target);
  read(reader, "max_dead_letters", 1'000'000, options.max_dead_letters);
  read(reader, "max_connections_per_target", 64, options.max_connections_per_target);
  std::string heartbeat;
  const bool has_heartbeat = reader.object("heartbeat", heartbeat);
  if (options.retry_first > options.retry_longest) {
    reader.fail("retry_first", "must not be longer than retry_longest");
  }
  if (auto error = reader.finish()) return std::move(*error);
  if (const auto filter = AddressFilter::make(options.addresses); !filter) return filter.error();
  if (has_heartbeat) {
    if (auto error = read_heartbeat(heartbeat, options)) return std::move(*error);
  }
  return options;
}

}  // namespace tapedeck::alert
