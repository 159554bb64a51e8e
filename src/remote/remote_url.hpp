// The address of a server: checked, and where events go there. Pure; at set-up only.
#pragma once

#include <string>

namespace tapedeck::remote {

struct RemoteUrl {
  std::string endpoint;      ///< of POST, without a query
  std::string shown;         ///< scheme://host:port/prefix, for people
  std::string spool_prefix;  ///< names the server in the names of spool folders
};

/// @throws std::invalid_argument with a sentence, which never holds what may be a password.
RemoteUrl parse_remote_url(const std::string& url);

}  // namespace tapedeck::remote
