#include "server/ws_handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "server/ws_deflate.hpp"

namespace tapedeck {
namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// RFC 9110 §5.6.2
bool is_token_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Reads a header's value from the front.
class HeaderScanner {
 public:
  explicit HeaderScanner(std::string_view text) : rest_(text) { skip_space(); }

  bool at_end() const noexcept { return rest_.empty(); }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    skip_space();
    return true;
  }
  /// Empty: there is none.
  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size])) ++size;
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    skip_space();
    return found;
  }
  /// A token or a quoted string that holds one, as RFC 6455 §9.1 has it. Empty: there is none.
  std::string_view value() {
    if (!take('"')) return token();
    const std::string_view found = token();
    return take('"') ? found : std::string_view();
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }
  std::string_view rest_;
};

/// Whether a comma list of tokens has one that `is_wanted`.
template <typename Wanted>
bool has_token(std::string_view header, Wanted is_wanted) {
  HeaderScanner scanner(header);
  while (!scanner.at_end()) {
    if (is_wanted(scanner.token())) return true;
    if (!scanner.take(',')) return false;
  }
  return false;
}

bool lists(std::string_view header, std::string_view wanted) {
  return has_token(header, [&](std::string_view one) { return equal_ignoring_case(one, wanted); });
}

/// 16 bytes in base64: 22 digits, the last of which stands for two bits, and `==`.
bool is_key(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  const auto is_digit = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
  };
  return std::all_of(key.begin(), key.begin() + 22, is_digit) &&
         std::string_view("AQgw").find(key[21]) != std::string_view::npos;
}

struct Parameter {
  std::string_view name;
  std::optional<std::string_view> value;
};

std::optional<int> window_bits(const Parameter& parameter) {
  constexpr std::array<std::string_view, 8> kSizes{"8", "9", "10", "11", "12", "13", "14", "15"};
  const auto found = std::find(kSizes.begin(), kSizes.end(), parameter.value.value_or(""));
  if (found == kSizes.end()) return std::nullopt;
  return static_cast<int>(found - kSizes.begin()) + 8;
}

/// Meets one offer of permessage-deflate, if it can be. @return whether it has been.
bool meet_offer(const std::vector<Parameter>& parameters, WsAgreement& out) {
  int window = kMaxWsWindow;
  bool names_window = false;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& one = parameters[i];
    const bool twice =
        std::any_of(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const Parameter& other) { return other.name == one.name; });
    if (twice) return false;
    if (one.name == "server_no_context_takeover" || one.name == "client_no_context_takeover") {
      if (one.value) return false;
    } else if (one.name == "server_max_window_bits") {
      const auto bits = window_bits(one);
      if (!bits || *bits < kMinWsWindow) return false;
      window = *bits;
      names_window = true;
    } else if (one.name == "client_max_window_bits") {  // any suits: messages are read with 2^15
      if (one.value && !window_bits(one)) return false;
    } else {
      return false;
    }
  }
  out.deflate_window = window;
  out.names_window = names_window;
  return true;
}

Error bad_handshake(std::string_view field, std::string_view why) {
  return {"invalid_handshake", std::string(field) + ": " + std::string(why), std::string(field)};
}

}  // namespace

std::string ws_accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> encoded;
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length)};
}

bool agree_on_deflate(std::string_view extensions, WsAgreement& out) {
  HeaderScanner scanner(extensions);
  while (!scanner.at_end()) {
    const std::string_view name = scanner.token();
    if (name.empty()) return false;
    std::vector<Parameter> parameters;
    while (scanner.take(';')) {
      Parameter parameter{scanner.token(), std::nullopt};
      if (parameter.name.empty()) return false;
      if (scanner.take('=')) {
        parameter.value = scanner.value();
        if (parameter.value->empty()) return false;
      }
      parameters.push_back(parameter);
    }
    if (!out.deflate_window && name == "permessage-deflate") meet_offer(parameters, out);
    if (!scanner.at_end() && (!scanner.take(',') || scanner.at_end())) return false;
  }
  return true;
}

Result<WsAgreement> agree_on_ws(const WsUpgradeFields& request, bool deflate) {
  if (!lists(request.upgrade, "websocket") || !lists(request.connection, "upgrade") ||
      !request.http11 || request.method != "GET") {
    return Error{"upgrade_required",
                 "This is a WebSocket: ask with GET, HTTP/1.1, Upgrade: websocket and Connection: "
                 "Upgrade.",
                 "Upgrade"};
  }
  if (request.version != "13") {
    return Error{"upgrade_required", "The version of WebSocket spoken here is 13.",
                 "Sec-WebSocket-Version"};
  }
  if (!is_key(request.key)) {
    return bad_handshake("Sec-WebSocket-Key", "must be 16 bytes in base64.");
  }
  WsAgreement out;
  out.accept = ws_accept_of(request.key);
  out.protocol =
      has_token(request.protocols, [](std::string_view one) { return one == kWsProtocol; });
  WsAgreement compression;
  if (!agree_on_deflate(request.extensions, compression)) {
    return bad_handshake("Sec-WebSocket-Extensions", "is no list of extensions.");
  }
  if (deflate) {
    out.deflate_window = compression.deflate_window;
    out.names_window = compression.names_window;
  }
  return out;
}

std::string ws_response_head(const WsAgreement& agreement, std::string_view headers) {
  std::string out =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      agreement.accept + "\r\n";
  out += headers;
  if (agreement.protocol) out += "Sec-WebSocket-Protocol: " + std::string(kWsProtocol) + "\r\n";
  if (agreement.deflate_window) {
    out +=
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover";
    if (agreement.names_window) {
      out += "; server_max_window_bits=" + std::to_string(*agreement.deflate_window);
    }
    out += "\r\n";
  }
  return out + "\r\n";
}

}  // namespace tapedeck
