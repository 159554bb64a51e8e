// Target: where notifications go: a URL, a format, a secret, limits. From the configuration
// (`[alerts.targets.NAME]`) or, in a rule's `notify`, a URL alone.
//
// A URL's scheme may name the format: slack+https://…, telegram+https://api.telegram.org/botTOKEN/
// sendMessage?chat_id=ID, alertmanager+http://host:9093 (its /api/v2/alerts is added). Without it
// the format is json, but for hosts that are known (hooks.slack.com, api.telegram.org).
// Plain data and pure functions; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tapedeck::alert {

enum class Format : std::uint8_t { json, slack, telegram, alertmanager };
std::string_view to_string(Format format) noexcept;

struct Target {
  std::string name;  ///< or the URL as written in `notify`
  std::string url;   ///< http or https, without the format's prefix; a secret
  Format format = Format::json;
  std::string secret;   ///< of the HMAC signature; empty: not signed
  std::string chat_id;  ///< telegram
  std::string ca_file;  ///< PEM of certificates to trust beside the system's; empty: those alone
  /// Messages a minute at most; what is over waits and becomes a digest. 0: no limit.
  unsigned max_per_minute = 30;
  /// Firing alerts are told again after so long; 0: not. alertmanager: default one minute, as it
  /// forgets what is not repeated.
  std::chrono::seconds repeat{0};
  bool send_resolved = true;
};

/// Reads and checks `{"url":…, "format":…, "secret":…, "secret_file":…, "secret_env":…,
/// "chat_id":…, "ca_file":…, "max_per_minute":…, "repeat":"4h", "send_resolved":…}`.
/// Error codes: malformed_json, invalid_target.
Result<Target> parse_target(std::string_view name, std::string_view json);
/// The target of a URL in `notify`. @param secret signs it; may be empty.
Result<Target> target_of_url(std::string_view url, std::string_view secret);
/// Whether an entry of `notify` is a URL rather than a name.
bool is_target_url(std::string_view text) noexcept;
/// For people and logs: a name as it is, of a URL scheme, host and port only.
std::string shown_target(std::string_view name_or_url);

/// Which addresses may be connected to. Without `allowed`, what is not on the public Internet is
/// refused: loopback, private (RFC 1918, RFC 4193), link-local, shared (RFC 6598), multicast,
/// reserved, unspecified, and IPv4 inside of IPv6 (mapped, 6to4, NAT64) likewise.
struct AddressRules {
  std::vector<std::string> allowed;  ///< addresses and CIDRs that may be connected to all the same
};

}  // namespace tapedeck::alert
