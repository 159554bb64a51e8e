#include "alert/message_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "alert/default_sentence.hpp"
#include "alert/json_fields.hpp"
#include "alert/message_text.hpp"
#include "event/json_writer.hpp"
#include "filter/value_expression.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::string_view kCode = "invalid_rule", kPointer = "/message";
constexpr std::string_view kOpen = "{{", kClose = "}}", kGroupPrefix = "group.";

std::string or_not_there(std::string text) {
  return text.empty() ? std::string(kNotThere) : std::move(text);
}

/// What the rule and its group are, by name.
struct Known {
  std::string_view name;
  std::string (*text)(const MessageContext&);
};
constexpr std::array kKnown{
    Known{"rule", [](const MessageContext& c) { return c.rule.name; }},
    Known{"severity",
          [](const MessageContext& c) { return std::string(to_string(c.rule.severity)); }},
    Known{"state", [](const MessageContext& c) { return std::string(c.state); }},
    Known{"group", [](const MessageContext& c) { return or_not_there(group_text(c.group)); }},
    Known{"value",
          [](const MessageContext& c) {
            return c.value ? number_text(*c.value) : std::string(kNotThere);
          }},
    Known{"count", [](const MessageContext& c) { return std::to_string(c.count); }},
    Known{"window",
          [](const MessageContext& c) {
            const Duration window = window_of(c.rule);
            return window == Duration::zero() ? std::string(kNotThere) : duration_text(window);
          }},
    Known{"suppressed", [](const MessageContext& c) { return std::to_string(c.suppressed); }},
};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

[[noreturn]] void fail(std::size_t column, std::string_view sentence) {
  throw FieldProblem{{std::string(kCode), fmt::format("message, column {}: {}", column, sentence),
                      std::string(kPointer)}};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

}  // namespace

/// One of: a text as it is, something known, one of the group, an expression.
struct MessageTemplate::Part {
  std::string literal{};
  const Known* known = nullptr;
  std::optional<std::size_t> group{};  ///< which of group_by
  std::shared_ptr<const ValueExpression> expression{};

  std::string text(const MessageContext& context) const {
    if (known != nullptr) return known->text(context);
    if (group) {
      return *group < context.group.size() ? or_not_there(context.group[*group].second)
                                           : std::string(kNotThere);
    }
    if (expression == nullptr) return literal;
    if (context.frame == nullptr || context.index == nullptr) return std::string(kNotThere);
    return value_text(*expression, context.frame, *context.index).value_or(std::string(kNotThere));
  }

  /// @param column where the text between the braces begins, in characters from 1
  static Part between_braces(std::string_view inside, std::size_t column, const Rule& rule);
};

MessageTemplate::Part MessageTemplate::Part::between_braces(std::string_view inside,
                                                            std::size_t column, const Rule& rule) {
  Part part;
  const std::string_view name = trimmed(inside);
  if (name.empty()) fail(column, "say between {{ and }} what is to stand there.");
  const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const Known& one) { return one.name == name; });
  if (known != kKnown.end()) {
    part.known = &*known;
    return part;
  }
  if (name.starts_with(kGroupPrefix)) {
    const auto& names = rule.group_by;
    const auto at = std::find(names.begin(), names.end(), name.substr(kGroupPrefix.size()));
    if (at == names.end()) {
      fail(column, names.empty() ? "the rule has no group_by."
                                 : fmt::format("there is no {}; group_by has {}.", name,
                                               fmt::join(names, ", ")));
    }
    part.group = static_cast<std::size_t>(at - names.begin());
    return part;
  }
  // Blanks in the place of what stands before it make columns those of the whole text.
  auto compiled = ValueExpression::compile(std::string(column - 1, ' ') + std::string(inside));
  if (!compiled) throw FieldProblem{located(compiled.error(), kCode, kPointer)};
  part.expression = std::move(compiled).value();
  return part;
}

MessageTemplate::MessageTemplate() = default;
MessageTemplate::~MessageTemplate() = default;

void MessageTemplate::read(std::string_view text, const Rule& rule) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find(kOpen, at), text.size());
    if (open > at) parts_.push_back({std::string(text.substr(at, open - at))});
    if (open == text.size()) return;
    const std::size_t begin = open + kOpen.size(), close = text.find(kClose, begin);
    const std::size_t column = characters(text.substr(0, begin)) + 1;
    if (close == std::string_view::npos) fail(column - kOpen.size(), "{{ without }} behind it.");
    parts_.push_back(Part::between_braces(text.substr(begin, close - begin), column, rule));
    const Known* known = parts_.back().known;
    says_state_ = says_state_ || (known != nullptr && known->name == "state");
    at = close + kClose.size();
  }
}

Result<std::shared_ptr<const MessageTemplate>> MessageTemplate::compile(const Rule& rule) {
  if (rule.message.size() > kMaxTextBytes) {
    return Error{
        std::string(kCode),
        fmt::format("message: at most {} bytes, not {}.", kMaxTextBytes, rule.message.size()),
        std::string(kPointer)};
  }
  std::shared_ptr<MessageTemplate> out(new MessageTemplate);
  try {
    out->read(rule.message, rule);
  } catch (FieldProblem& problem) {
    return std::move(problem.error);
  }
  return std::shared_ptr<const MessageTemplate>(std::move(out));
}

std::string MessageTemplate::render_parts(const MessageContext& context) const {
  std::string out;
  for (const Part& part : parts_) out += part.text(context);
  return out;
}

bool MessageTemplate::needs_event() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return part.expression != nullptr; });
}

std::string MessageTemplate::render(const MessageContext& context) const {
  std::string out;
  if (context.state != "firing" && !says_state_) out = std::string(context.state) + ": ";
  out += parts_.empty() ? default_sentence(context) : render_parts(context);
  return one_line(std::move(out), kMaxBytes);
}

}  // namespace tapedeck::alert
