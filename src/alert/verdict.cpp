#include "alert/verdict.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "alert/target_url.hpp"
#include "auth/strict_json.hpp"

namespace tapedeck::alert {
namespace {

using Kind = HttpAnswer::Kind;
using What = Verdict::What;

constexpr std::size_t kMostQuoted = 200;

/// https://core.telegram.org/bots/api#responseparameters
std::optional<std::chrono::seconds> telegram_wait(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  std::int64_t seconds = 0;
  if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
      answer.at_pointer("/parameters/retry_after").get(seconds) != simdjson::SUCCESS ||
      seconds <= 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

/// Whether a text has a part of the URL that may be secret, as pages that say what was not found
/// do.
bool tells_secrets(std::string_view text, const Target& target) {
  const auto url = parse_target_url(target.url);
  if (!url) return true;
  constexpr std::size_t kShortestSecret = 6;
  const auto has = [&](std::string_view part) {
    return part.size() >= kShortestSecret && text.find(part) != std::string_view::npos;
  };
  const std::string parts = url->path + "/" + url->query;
  for (std::size_t at = 0; at < parts.size();) {
    const std::size_t end = std::min(parts.find_first_of("/&=:", at), parts.size());
    if (has(std::string_view(parts).substr(at, end - at))) return true;
    at = end + 1;
  }
  return has(url->user) || has(url->password) || has(target.secret);
}

/// The beginning of what was answered, when it is a line that may be shown.
std::string quoted_part(const std::string& body, const Target& target) {
  std::string_view text = std::string_view(body).substr(0, body.find_first_of("\r\n"));
  if (text.empty() || text.size() > kMostQuoted || !auth::is_printable(text) ||
      text.find('<') != std::string_view::npos || tells_secrets(text, target)) {
    return {};
  }
  return fmt::format(": {}", text);
}

Verdict judge_status(const HttpAnswer& answer, const Target& target) {
  Verdict verdict;
  const long status = answer.status;
  if (status >= 200 && status < 300) {
    verdict.what = What::delivered;
    return verdict;
  }
  verdict.sentence =
      fmt::format("answered with status {}{}", status, quoted_part(answer.body, target));
  verdict.retry_after = answer.retry_after;
  if (status == 429 && target.format == Format::telegram) {
    verdict.retry_after = std::max(verdict.retry_after, telegram_wait(answer.body));
  }
  if (verdict.retry_after) {
    verdict.retry_after = std::min(*verdict.retry_after, kLongestRetryAfter);
  }
  if (status == 429 || (status == 503 && verdict.retry_after)) {
    verdict.what = What::retry_target;
  } else if (status == 408 || status == 425 || status >= 500) {
    verdict.what = What::retry;
  }
  return verdict;
}

}  // namespace

Verdict judge(const HttpAnswer& answer, const Target& target) {
  if (answer.kind == Kind::answered) return judge_status(answer, target);
  Verdict verdict;
  verdict.sentence = answer.problem;
  switch (answer.kind) {
    case Kind::unreachable:
    case Kind::timed_out:
      verdict.what = What::retry_target;
      break;
    case Kind::broken:
      verdict.what = What::retry;
      break;
    default:
      break;
  }
  return verdict;
}

}  // namespace tapedeck::alert
