#include "server/access_rules.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>

namespace tapedeck {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// "localhost:9000" -> "localhost", "[::1]:9000" -> "[::1]"
std::string_view without_port(std::string_view host_and_port) {
  if (host_and_port.starts_with('[')) {
    const std::size_t end = host_and_port.find(']');
    return end == std::string_view::npos ? host_and_port : host_and_port.substr(0, end + 1);
  }
  return host_and_port.substr(0, host_and_port.find(':'));
}

}  // namespace

bool is_loopback_name(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string name = lower(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(name, error);
  return !error && address.is_loopback();
}

bool is_page_of(std::string_view host, std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && lower(origin.substr(scheme + 3)) == lower(host);
}

AccessRules::AccessRules(const ServerOptions& options) {
  for (const std::string& host : options.allowed_hosts) hosts_.push_back(lower(host));
  hosts_.push_back(lower(options.listen_address));
  has_numbers_ = !is_loopback_name(options.listen_address);
  for (const std::string& origin : options.allowed_origins) origins_.push_back(lower(origin));
}

std::optional<Error> AccessRules::problem(const ServerOptions& options) {
  constexpr std::string_view kNotInNames = "/?#@ \t";
  for (const std::string& host : options.allowed_hosts) {
    if (host.empty() || host.find_first_of(kNotInNames) != std::string::npos ||
        without_port(host) != host) {
      return Error{"invalid_option",
                   "allowed-host " + host + ": must be a name or an address, without a port.",
                   "allowed-host"};
    }
  }
  for (const std::string& origin : options.allowed_origins) {
    const std::size_t scheme_end = origin.find("://");
    const bool has_host =
        scheme_end != std::string::npos && scheme_end > 0 && scheme_end + 3 < origin.size();
    if (!has_host || origin.find_first_of(kNotInNames, scheme_end + 3) != std::string::npos) {
      return Error{"invalid_option",
                   "allowed-origin " + origin +
                       ": must be scheme://host[:port] without a path, such as "
                       "https://desk.example:8443.",
                   "allowed-origin"};
    }
  }
  return std::nullopt;
}

bool AccessRules::is_allowed_host(std::string_view host_and_port) const {
  const std::string_view host = without_port(host_and_port);
  return is_loopback_name(host) ||
         std::find(hosts_.begin(), hosts_.end(), lower(host)) != hosts_.end();
}

/// Beyond loopback a server has as many numbers as the machine, and no name server can rebind one.
bool AccessRules::is_own_number(std::string_view host_and_port) const {
  if (!has_numbers_) return false;
  std::string_view host = without_port(host_and_port);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

bool AccessRules::is_allowed_origin(std::string_view origin) const {
  const std::string text = lower(origin);
  if (std::find(origins_.begin(), origins_.end(), text) != origins_.end()) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) {
      return is_allowed_host(std::string_view(text).substr(scheme.size()));
    }
  }
  return false;
}

std::optional<Error> AccessRules::refusal(std::string_view host, std::string_view origin) const {
  if (host.empty()) {
    return Error{"missing_host", "The request has no Host header.", "Host"};
  }
  if (!is_allowed_host(host) && !is_own_number(host)) {
    return Error{"host_not_allowed",
                 "This server is not called " + std::string(host.substr(0, 80)) +
                     "; add the name with --allowed-host if it should be.",
                 "Host"};
  }
  if (!origin.empty() && !is_page_of(host, origin) && !is_allowed_origin(origin)) {
    return Error{
        "origin_not_allowed",
        "Pages from " + std::string(origin.substr(0, 80)) +
            " may not call this server; add the origin with --allowed-origin if they should.",
        "Origin"};
  }
  return std::nullopt;
}

}  // namespace tapedeck
