// Where the server's certificate is. Plain data.
#pragma once

#include <string>

namespace tapedeck {

struct TlsOptions {
  std::string certificate_file;  ///< PEM, the server's own certificate first, then its chain
  std::string key_file;          ///< PEM, without a passphrase; others must not be able to read it

  bool enabled() const noexcept { return !certificate_file.empty(); }
};

}  // namespace tapedeck
