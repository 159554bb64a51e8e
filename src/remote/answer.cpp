#include "remote/answer.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <string_view>

namespace tapedeck::remote {
namespace {

constexpr std::size_t kMostSentence = 500;

/// The members of an answer that matter; empty where there is none or the body is no JSON.
struct Members {
  bool ok = false;
  std::optional<std::uint64_t> accepted;
  bool has_first_id = false;
  std::string code, error, field;
};

Members members_of(const std::string& body) {
  Members out;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body).get(object) != simdjson::SUCCESS) return out;
  const auto text = [&](const char* name) {
    std::string_view value;
    if (object[name].get(value) != simdjson::SUCCESS) return std::string();
    return std::string(value.substr(0, kMostSentence));
  };
  if (object["ok"].get(out.ok) != simdjson::SUCCESS) out.ok = false;
  std::uint64_t accepted = 0;
  if (object["accepted"].get(accepted) == simdjson::SUCCESS) out.accepted = accepted;
  out.has_first_id = !text("first_id").empty();
  out.code = text("code");
  out.error = text("error");
  out.field = text("field");
  return out;
}

/// The N of "/N" and "/N/payload/qty".
std::optional<std::size_t> index_in(std::string_view field) {
  if (!field.starts_with('/')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(field.data() + 1, field.data() + field.size(), index);
  const bool whole = end == field.data() + field.size() || *end == '/';
  if (error != std::errc{} || !whole) return std::nullopt;
  return index;
}

Verdict verdict_of(const PostResult& result, const Members& members, std::size_t events,
                   Answer& answer) {
  const long status = result.status;
  const bool took_all = members.accepted == events;
  if (status == 200) {
    return members.ok && took_all ? Verdict::accepted : Verdict::misconfigured;
  }
  if (status == 503 && members.has_first_id && took_all) return Verdict::accepted_in_memory;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return Verdict::retry;
  if (status == 400 && members.field == "ack") return Verdict::memory_only;
  if (members.code == "batch_too_large" || members.code == "body_too_large") {
    return Verdict::too_large;
  }
  // What the key may not publish (403 with the event's place) it will not be allowed later either.
  if (status == 403 && members.code == "forbidden" && members.field.starts_with('/')) {
    const std::optional<std::size_t> index = events == 1 ? 0 : index_in(members.field);
    if (!index || *index >= events) return Verdict::misconfigured;
    answer.bad_index = *index;
    return Verdict::bad_event;
  }
  if (status == 400 || status == 413 || status == 422) {
    if (const auto index = index_in(members.field); index && *index < events) {
      answer.bad_index = *index;
      return Verdict::bad_event;
    }
    // A proxy's 413 has a page for a body; a 400 that is not Tapedeck's own says nothing of events.
    const bool of_the_body = members.code == "malformed_json" || members.code == "invalid_event";
    if (status == 413 || of_the_body) return Verdict::too_large;
  }
  return Verdict::misconfigured;
}

}  // namespace

Answer judge(const PostResult& result, std::size_t events) {
  Answer answer;
  if (!result.problem.empty()) {
    answer.sentence = result.problem;
    return answer;
  }
  const Members members = members_of(result.body);
  answer.verdict = verdict_of(result, members, events, answer);
  answer.retry_after = result.retry_after;
  if (answer.verdict == Verdict::accepted) return answer;
  answer.sentence = !members.error.empty() ? members.error
                    : result.status == 200 ? "what answers there is no Tapedeck server"
                                           : "";
  answer.sentence = fmt::format("the server answered with status {}{}{}", result.status,
                                answer.sentence.empty() ? "" : ": ", answer.sentence);
  return answer;
}

}  // namespace tapedeck::remote
