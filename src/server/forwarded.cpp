#include "server/forwarded.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tapedeck {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kV4PrefixBits = 96;
constexpr std::size_t kLongestAddress = INET6_ADDRSTRLEN;

/// One step from the server towards the client.
struct Hop {
  std::optional<IpAddress> address;  // nothing: `unknown`, a pseudonym, or what cannot be read
  std::string_view proto;
};

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port <= 65535;
}

/// The address of `[v6]`, `[v6]:port`, `v4:port`, `v4`, `v6`; nothing: there is no such form.
std::optional<std::string_view> without_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !(rest[0] == ':' && is_port(rest.substr(1)))) return std::nullopt;
    const std::string_view inside = text.substr(1, end - 1);
    if (inside.find(':') == std::string_view::npos) return std::nullopt;
    return inside;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return text;  // no colon: IPv4; several: IPv6
  }
  if (!is_port(text.substr(colon + 1))) return std::nullopt;
  return text.substr(0, colon);
}

/// Takes the last element off a comma list over several header lines.
class ListFromTheRight {
 public:
  explicit ListFromTheRight(std::span<const std::string_view> lines) : lines_(lines) {
    if (!lines_.empty()) rest_ = lines_.back();
  }
  std::optional<std::string_view> next() {
    if (lines_.empty()) return std::nullopt;
    const std::size_t comma = rest_.rfind(',');
    const std::string_view element =
        comma == std::string_view::npos ? rest_ : rest_.substr(comma + 1);
    if (comma != std::string_view::npos) {
      rest_ = rest_.substr(0, comma);
    } else {
      lines_ = lines_.first(lines_.size() - 1);
      if (!lines_.empty()) rest_ = lines_.back();
    }
    return trimmed(element);
  }

 private:
  std::span<const std::string_view> lines_;
  std::string_view rest_;
};

/// X-Forwarded-For, the last first. Proxies that append to X-Forwarded-Proto too have a value for
/// each address; others one for all.
class XForwarded {
 public:
  explicit XForwarded(const ForwardingHeaders& headers)
      : addresses_(headers.x_forwarded_for), protos_(headers.x_forwarded_proto) {}
  std::optional<Hop> next() {
    if (const auto proto = protos_.next()) proto_ = *proto;
    const auto address = addresses_.next();
    if (!address) return std::nullopt;
    return Hop{IpAddress::parse(*address), proto_};
  }

 private:
  ListFromTheRight addresses_;
  ListFromTheRight protos_;
  std::string_view proto_;
};

/// Reads `Forwarded` from the left, as its quoted strings demand.
class ForwardedParser {
 public:
  /// Appends the elements of one line. @return false when it is malformed.
  bool parse(std::string_view line, std::vector<Hop>& hops) {
    rest_ = line;
    do {
      Hop hop;
      if (!parse_element(hop)) return false;
      hops.push_back(hop);
    } while (take(','));
    return rest_.empty();
  }

 private:
  bool parse_element(Hop& hop) {
    do {
      skip_blanks();
      if (rest_.empty() || rest_[0] == ',' || rest_[0] == ';') continue;  // empty pairs are allowed
      const std::size_t equals = rest_.find_first_of("=,;\"");
      if (equals == std::string_view::npos || rest_[equals] != '=') return false;
      const std::string_view name = trimmed(rest_.substr(0, equals));
      rest_.remove_prefix(equals + 1);
      const auto value = parse_value();
      if (!value) return false;
      if (same_word(name, "for")) hop.address = IpAddress::parse(*value);
      if (same_word(name, "proto")) hop.proto = *value;
    } while (take(';'));
    return true;
  }

  std::optional<std::string_view> parse_value() {
    if (!rest_.starts_with('"')) {
      const std::size_t end = std::min(rest_.find_first_of(",;\""), rest_.size());
      const std::string_view value = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(end);
      return value;
    }
    // No address or scheme needs an escape; a value with one is kept as it is and is neither.
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return std::nullopt;
    const std::string_view value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return value;
  }

  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (rest_.starts_with(' ') || rest_.starts_with('\t')) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

/// Forwarded, the last element first. A malformed line makes all of it unreadable: what is left of
/// the damage cannot be told from what is right of it.
class Forwarded {
 public:
  explicit Forwarded(const ForwardingHeaders& headers) {
    ForwardedParser parser;
    for (const std::string_view line : headers.forwarded) {
      if (parser.parse(line, hops_)) continue;
      hops_.assign(1, Hop{});
      return;
    }
  }
  std::optional<Hop> next() {
    if (hops_.empty()) return std::nullopt;
    const Hop hop = hops_.back();
    hops_.pop_back();
    return hop;
  }

 private:
  std::vector<Hop> hops_;
};

struct Walked {
  IpAddress client;
  bool secure;
};

template <typename Hops>
Walked walk(Walked at, Hops hops, const TrustedProxies& trusted) {
  while (trusted.contains(at.client)) {
    const auto hop = hops.next();
    if (!hop) break;
    if (!hop->proto.empty()) {
      at.secure = same_word(hop->proto, "https") || same_word(hop->proto, "wss");
    }
    if (!hop->address) break;
    at.client = *hop->address;
  }
  return at;
}

}  // namespace

bool IpAddress::is_v4() const noexcept {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

std::string IpAddress::text() const {
  char out[kLongestAddress];
  if (is_v4()) {
    ::inet_ntop(AF_INET, bytes.data() + kV4Prefix.size(), out, sizeof out);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
  }
  return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const auto number = without_port(text);
  char terminated[kLongestAddress];
  if (!number || number->empty() || number->size() >= sizeof terminated ||
      number->find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  number->copy(terminated, number->size());
  terminated[number->size()] = '\0';
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated, address.bytes.data()) == 1) return address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes.begin());
  if (::inet_pton(AF_INET, terminated, address.bytes.data() + kV4Prefix.size()) == 1)
    return address;
  return std::nullopt;
}

std::optional<TrustedProxies::Range> TrustedProxies::parse_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view number = text.substr(0, slash);
  const auto address = IpAddress::parse(number);
  // A proxy has no port here; brackets would be one more spelling of the same.
  if (!address || without_port(number) != number) return std::nullopt;
  Range range{*address, 128};
  if (slash == std::string_view::npos) return range;
  const bool v4 = number.find(':') == std::string_view::npos;
  const std::string_view bits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), prefix);
  if (error != std::errc{} || end != bits.data() + bits.size() || prefix > (v4 ? 32 : 128)) {
    return std::nullopt;
  }
  range.prefix_bits = v4 ? kV4PrefixBits + prefix : prefix;
  for (unsigned bit = range.prefix_bits; bit < 128; ++bit) {
    if ((range.address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return range;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& ranges) {
  TrustedProxies proxies;
  for (const std::string& text : ranges) {
    const auto range = parse_range(text);
    if (!range) {
      return Error{"invalid_address",
                   text +
                       ": write an address such as 192.0.2.1 or ::1, or a range such as 10.0.0.0/8 "
                       "with no bits beyond its prefix",
                   "trusted-proxy"};
    }
    proxies.ranges_.push_back(*range);
  }
  return proxies;
}

bool TrustedProxies::contains(const IpAddress& address) const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    const std::size_t whole = range.prefix_bits / 8;
    const unsigned rest = range.prefix_bits % 8;
    if (std::memcmp(range.address.bytes.data(), address.bytes.data(), whole) != 0) return false;
    return rest == 0 || (range.address.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
  });
}

ClientAddress client_address(std::string_view peer, bool peer_secure,
                             const ForwardingHeaders& headers, const TrustedProxies& trusted) {
  const auto address = IpAddress::parse(peer);
  if (!address) return {std::string(peer), peer_secure};
  const Walked start{*address, peer_secure};
  Walked found = start;
  if (headers.forwarded.empty()) {
    found = walk(start, XForwarded(headers), trusted);
  } else {
    found = walk(start, Forwarded(headers), trusted);
    if (!headers.x_forwarded_for.empty() &&
        walk(start, XForwarded(headers), trusted).client != found.client) {
      found = start;
    }
  }
  return {found.client.text(), found.secure};
}

}  // namespace tapedeck
