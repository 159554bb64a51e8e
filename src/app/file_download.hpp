// Fetches a file once, bounded in size and time. Over libcurl, certificates verified, redirects not
// followed. Any thread; blocks until done.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace tapedeck::app {

struct DownloadLimits {
  std::size_t max_bytes = 0;
  long timeout_s = 0;
};

/// The bytes as they come (gzip stays gzip). For https://api.kite.trade the variables KITE_API_KEY
/// and KITE_ACCESS_TOKEN, when both are set, make the Authorization header. Messages never hold the
/// address's query or user, nor the key.
/// @throws std::invalid_argument when the address is none, or is http to another machine
Result<std::string> download(const std::string& url, const DownloadLimits& limits);

}  // namespace tapedeck::app
