// TlsContext: the certificate and the rules of TLS (1.2 and 1.3, forward secrecy and authenticated
// encryption only, no renegotiation, no compression), replaced as a whole when the files change:
// connections that are open keep what they began with.
//
// Thread contract: make() and the rest from any thread.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "server/connection.hpp"
#include "server/tls_options.hpp"

namespace tapedeck {

class TlsContext {
 public:
  /// @throws std::invalid_argument when the files cannot be used, with what is wrong with them.
  explicit TlsContext(TlsOptions options);

  /// For a socket that has just been accepted. nullptr: no memory.
  SslPtr make(int socket) const;

  /// Reads the files. @return why the ones from before stay in use; nothing: the new ones are.
  std::optional<Error> reload();
  /// reload() if the files have changed since they were read; costs two stat calls.
  std::optional<Error> look_for_changes();

 private:
  using ContextPtr = std::shared_ptr<SSL_CTX>;
  struct FileState {
    std::int64_t changed_ns = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileState&) const = default;
  };
  using FileStates = std::array<FileState, 2>;

  FileStates file_states() const;
  Result<ContextPtr> load() const;

  const TlsOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  ContextPtr context_;
  FileStates seen_{};
};

}  // namespace tapedeck
