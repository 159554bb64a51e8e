#include "server/ws_message.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

#include "event/json_writer.hpp"

namespace tapedeck {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kMaxMembers = 64;
constexpr std::size_t kKeptBytes = std::size_t{256} << 10;  // of the parser, between messages

constexpr std::array<std::string_view, 5> kKinds{"subscribe", "unsubscribe", "publish", "ping",
                                                 "clear"};

/// Thrown inside the parser only, where errors surface at any step of the iteration.
struct Failure {
  Error error;
};

[[noreturn]] void fail(std::string_view field, std::string message) {
  throw Failure{{"invalid_message", std::move(message), std::string(field)}};
}

template <typename T>
T must(simdjson::simdjson_result<T>&& result) {
  T value;
  if (const auto error = std::move(result).get(value); error != simdjson::SUCCESS) {
    std::string why = simdjson::error_message(error);
    if (!why.empty() && why.back() == '.') why.pop_back();
    throw Failure{{"malformed_json", "The message is not one JSON object: " + why + ".", ""}};
  }
  return value;
}

enum class ValueKind : std::uint8_t { text, number, boolean, list, null, raw };

/// One member of the message.
struct Member {
  std::string name;
  ValueKind kind = ValueKind::null;
  std::string text;      // of a text, of a number as it came, of a list joined by commas
  std::string_view raw;  // of an object, and of `events`
  bool flag = false;
};

std::string_view trim_right(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// ["A","B"] says what "A,B" says.
std::string joined(ondemand::array array, std::string_view name) {
  std::string out;
  bool first = true;
  for (auto result : array) {
    ondemand::value element = must(std::move(result));
    if (must(element.type()) != ondemand::json_type::string) {
      fail(name, fmt::format("{} must be a string or an array of strings.", name));
    }
    const std::string_view text = must(element.get_string());
    if (text.find(',') != std::string_view::npos) {
      fail(name, fmt::format("{}: a value cannot have a comma.", name));
    }
    if (!first) out += ',';
    first = false;
    out += text;
  }
  return out;
}

Member read_member(ondemand::field& field) {
  Member out;
  out.name = must(field.unescaped_key());
  ondemand::value value = field.value();
  switch (must(value.type())) {
    case ondemand::json_type::string:
      out.kind = ValueKind::text;
      out.text = must(value.get_string());
      break;
    case ondemand::json_type::number:
      out.kind = ValueKind::number;
      out.text = trim_right(value.raw_json_token());
      must(value.get_double());
      break;
    case ondemand::json_type::boolean:
      out.kind = ValueKind::boolean;
      out.flag = must(value.get_bool());
      break;
    case ondemand::json_type::null:
      if (!must(value.is_null())) must(simdjson::simdjson_result<bool>(simdjson::N_ATOM_ERROR));
      break;
    case ondemand::json_type::array:
      out.kind = out.name == "events" || out.name == "event" ? ValueKind::raw : ValueKind::list;
      if (out.kind == ValueKind::raw) {
        out.raw = must(must(value.get_array()).raw_json());
      } else {
        out.text = joined(must(value.get_array()), out.name);
      }
      break;
    case ondemand::json_type::object:
      out.kind = ValueKind::raw;
      out.raw = must(must(value.get_object()).raw_json());
      break;
  }
  return out;
}

std::string_view text_of(const Member& member) {
  if (member.kind != ValueKind::text) fail(member.name, member.name + " must be a string.");
  return member.text;
}

std::string read_id(const Member& member) {
  const bool whole = member.kind == ValueKind::number &&
                     member.text.find_first_not_of("-0123456789") == std::string::npos;
  const bool fits = !member.text.empty() && member.text.size() <= WsOpParser::kMaxIdBytes;
  if (!fits || !(whole || member.kind == ValueKind::text)) {
    fail("id", fmt::format("id must be a string of 1 to {} bytes or a whole number.",
                           WsOpParser::kMaxIdBytes));
  }
  return whole ? member.text : json::quoted(member.text);
}

WsOp::Kind read_kind(const Member& member) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), text_of(member));
  if (found == kKinds.end()) {
    fail("op", fmt::format("There is no op {}; there are subscribe, unsubscribe, publish, ping and "
                           "clear.",
                           json::quoted(member.text.substr(0, 40))));
  }
  return static_cast<WsOp::Kind>(found - kKinds.begin());
}

[[noreturn]] void fail_unknown(const Member& member, WsOp::Kind kind) {
  const std::string shown = member.name.substr(0, 80);
  throw Failure{{"unknown_parameter",
                 fmt::format("There is no member {} in {}; docs/contract.md lists those there are.",
                             json::quoted(shown), name_of(kind)),
                 shown}};
}

void take_subscribe_member(const Member& member, WsOp& out) {
  if (member.name == "batch") {
    if (member.kind != ValueKind::boolean) fail("batch", "batch must be true or false.");
    out.batch = member.flag;
    return;
  }
  if (member.kind == ValueKind::boolean || member.kind == ValueKind::null ||
      member.kind == ValueKind::raw) {
    fail(member.name.substr(0, 80), json::quoted(member.name.substr(0, 80)) +
                                        " must be a string, a number or an array of "
                                        "strings; leave it out if it is not wanted.");
  }
  auto taken = read_subscription_parameter({member.name, member.text}, out.stream);
  if (!taken) throw Failure{std::move(taken).error()};
  if (!*taken) fail_unknown(member, out.kind);
}

void take_publish_member(const Member& member, WsOp& out) {
  if (member.name == "event" || member.name == "events") {
    if (!out.events.empty()) fail(member.name, "Say either event or events, once.");
    out.is_array = member.name == "events";
    const bool fits = member.kind == ValueKind::raw && member.raw.starts_with('[') == out.is_array;
    if (!fits) {
      fail(member.name, out.is_array ? "events must be an array of events."
                                     : "event must be an event: a JSON object.");
    }
    out.events = member.raw;
  } else if (member.name == "ack") {
    out.durable = text_of(member) == "durable";
    if (!out.durable && member.text != "memory") fail("ack", "ack must be memory or durable.");
  } else if (member.name == "idempotency_key") {
    out.idempotency_key = text_of(member);
  } else {
    fail_unknown(member, out.kind);
  }
}

}  // namespace

struct WsOpParser::Impl {
  std::vector<Member> read(std::string_view message);
  ondemand::parser parser;
};

std::vector<Member> WsOpParser::Impl::read(std::string_view message) {
  if (parser.capacity() > kKeptBytes && message.size() <= kKeptBytes) parser = ondemand::parser{};
  ondemand::document document = must(parser.iterate(simdjson::padded_string_view(
      message.data(), message.size(), message.size() + simdjson::SIMDJSON_PADDING)));
  std::vector<Member> members;
  for (auto result : must(document.get_object())) {
    ondemand::field field = must(std::move(result));
    if (members.size() == kMaxMembers) {
      fail("", fmt::format("A message has at most {} members.", kMaxMembers));
    }
    members.push_back(read_member(field));
    const auto same = std::find_if(members.begin(), members.end() - 1, [&](const Member& other) {
      return other.name == members.back().name;
    });
    if (same != members.end() - 1) {
      fail(same->name.substr(0, 80), json::quoted(same->name.substr(0, 80)) + " is there twice.");
    }
  }
  // There is a location only where something is left.
  if (const char* rest = nullptr; document.current_location().get(rest) == simdjson::SUCCESS) {
    throw Failure{{"malformed_json", "Something follows the message's JSON object.", ""}};
  }
  return members;
}

WsOpParser::WsOpParser() : impl_(std::make_unique<Impl>()) {}
WsOpParser::~WsOpParser() = default;

std::optional<Error> WsOpParser::parse(std::string_view message, const ServerOptions& options,
                                       WsOp& out) {
  static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
  out.stream.coalesce = options.coalesce;
  try {
    const std::vector<Member> members = impl_->read(message);
    const auto member = [&](std::string_view name) {
      const auto found = std::find_if(members.begin(), members.end(),
                                      [&](const Member& one) { return one.name == name; });
      return found == members.end() ? nullptr : &*found;
    };
    if (const Member* id = member("id")) out.id = read_id(*id);
    const Member* op = member("op");
    if (op == nullptr) fail("op", "The message has no op, such as subscribe.");
    out.kind = read_kind(*op);
    const bool names_subscription =
        out.kind == WsOp::Kind::subscribe || out.kind == WsOp::Kind::unsubscribe;
    if (names_subscription && out.id.empty()) {
      fail("id", fmt::format("{} needs an id, which names the subscription.", name_of(out.kind)));
    }
    for (const Member& one : members) {
      if (one.name == "op" || one.name == "id") continue;
      if (out.kind == WsOp::Kind::subscribe) {
        take_subscribe_member(one, out);
      } else if (out.kind == WsOp::Kind::publish) {
        take_publish_member(one, out);
      } else {
        fail_unknown(one, out.kind);
      }
    }
    if (out.kind == WsOp::Kind::publish && out.events.empty()) {
      fail("event", "publish needs an event, or events.");
    }
    return std::nullopt;
  } catch (const Failure& failure) {
    return failure.error;
  }
}

std::string_view name_of(WsOp::Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::string ws_ack(WsOp::Kind kind, std::string_view id, std::string_view members) {
  return fmt::format(R"({{"op":"ack","of":"{}","id":{}{}}})", name_of(kind),
                     id.empty() ? "null" : id, members);
}

std::string ws_error(std::string_view id, const Error& error, std::string_view members) {
  return fmt::format(
      R"({{"op":"error","id":{},"error":{},"code":{}{}{}}})", id.empty() ? "null" : id,
      json::quoted(error.message), json::quoted(error.code),
      error.field.empty() ? "" : R"(,"field":)" + json::quoted(error.field), members);
}

std::string ws_pong(std::string_view id) {
  return id.empty() ? R"({"op":"pong"})" : fmt::format(R"({{"op":"pong","id":{}}})", id);
}

std::string ws_gap(std::string_view sub, std::string_view requested, std::string_view oldest,
                   std::optional<std::uint64_t> missed) {
  return fmt::format(R"({{"op":"gap","sub":{},"requested":{},"oldest":{},"missed":{}}})", sub,
                     json::quoted(requested), json::quoted(oldest),
                     missed ? std::to_string(*missed) : "null");
}

}  // namespace tapedeck
