#include "server/accept_encoding.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace tapedeck {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(x))) == y;
  });
}

/// Takes what is before the next `separator` off the front of a list.
std::string_view take_part(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view part = list.substr(0, end);
  list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  return trimmed(part);
}

/// Whether `q=` says no: "0", "0.", "0.000".
bool weighs_nothing(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = take_part(parameters, ';');
    if (one.size() > 2 && (one[0] == 'q' || one[0] == 'Q') && one[1] == '=') {
      return one.find_first_not_of("0.", 2) == std::string_view::npos;
    }
  }
  return false;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> named, any;
  while (!accept_encoding.empty()) {
    std::string_view one = take_part(accept_encoding, ',');
    const std::string_view coding = take_part(one, ';');
    const bool welcome = !weighs_nothing(one);
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      named = welcome;
    } else if (coding == "*") {
      any = welcome;
    }
  }
  return named.value_or(any.value_or(false));
}

}  // namespace tapedeck
