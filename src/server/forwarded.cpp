#include "server/forwarded.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck {
namespace {

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

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& ranges) {
  auto parsed = IpRanges::parse(ranges);
  if (!parsed) {
    Error error = std::move(parsed).error();
    error.field = "trusted-proxy";
    return error;
  }
  TrustedProxies proxies;
  proxies.ranges_ = std::move(parsed).value();
  return proxies;
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
