// Who may call: the Host and Origin checks that keep foreign web pages away from a loopback server.
// Any page a user visits can make his browser call 127.0.0.1; the browser then says so in Origin,
// and a rebound DNS name shows in Host. Immutable; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "server/options.hpp"

namespace tapedeck {

class AccessRules {
 public:
  explicit AccessRules(const ServerOptions& options);

  /// What of the allowed hosts and origins can never match, so that it must be a mistake.
  static std::optional<Error> problem(const ServerOptions& options);

  /// Why a request with these headers is refused; nothing: it is welcome.
  std::optional<Error> refusal(std::string_view host, std::string_view origin) const;

 private:
  bool is_allowed_host(std::string_view host_and_port) const;
  bool is_own_number(std::string_view host_and_port) const;
  bool is_allowed_origin(std::string_view origin) const;

  std::vector<std::string> hosts_;
  bool has_numbers_ = false;
  std::vector<std::string> origins_;
};

/// Whether a page that says this Origin came from the server that it now calls by this Host.
bool is_page_of(std::string_view host, std::string_view origin);

/// Whether the name means this machine: localhost, *.localhost, 127.0.0.0/8, ::1 (with brackets or
/// without).
bool is_loopback_name(std::string_view host);

}  // namespace tapedeck
