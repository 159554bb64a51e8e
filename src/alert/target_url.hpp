// TargetUrl: a webhook's address taken apart by libcurl, which also connects to it, so that nothing
// is understood in two ways. Pure; any thread; microseconds.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck::alert {

struct TargetUrl {
  static constexpr std::size_t kMaxBytes = 2048;

  std::string scheme;  ///< http or https
  std::string host;    ///< lower case, IPv6 without brackets
  std::string port;
  std::string path;
  std::string query;  ///< without `?`
  std::string user, password;
  std::string shown;  ///< scheme, host, and the port if it was written: nothing that is secret

  /// To connect to: without credentials and fragment.
  std::string request_url() const;
  bool same_origin(const TargetUrl& other) const;
};

/// Error code: invalid_target; the message never holds the URL.
Result<TargetUrl> parse_target_url(const std::string& url);

}  // namespace tapedeck::alert
