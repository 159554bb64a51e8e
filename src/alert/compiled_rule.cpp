#include "alert/compiled_rule.hpp"

#include <simdjson.h>

#include <algorithm>

#include "event/json_writer.hpp"
#include "query/filter_keys.hpp"

namespace tapedeck::alert {
namespace {

std::optional<std::pair<Key, Key>> key_named(std::string_view name) {
  static constexpr std::pair<std::string_view, Key> kNames[] = {
      {"symbol", Key::symbol},
      {"exchange", Key::exchange},
      {"strategy", Key::strategy},
      {"engine", Key::engine},
      {"engine_id", Key::engine_id},
      {"host", Key::host},
      {"account", Key::account},
      {"mode", Key::mode},
      {"run_id", Key::run_id},
      {"order_id", Key::order_id},
      {"correlation_id", Key::correlation_id}};
  for (const auto& [known, key] : kNames) {
    if (known == name) return std::pair(key, key == Key::strategy ? Key::strategy_name : key);
  }
  return std::nullopt;
}

Error invalid(Error error, std::string_view field) {
  return {"invalid_rule", std::move(error.message), std::string(field)};
}

void append_array(std::string& out, const std::vector<GroupField>& fields, const char* frame,
                  const FrameIndex& index) {
  out = '[';
  for (const GroupField& field : fields) {
    if (out.size() > 1) out += ',';
    field.append_json(out, frame, index);
  }
  out += ']';
}

std::string array_of(const std::vector<std::string>& names, const Group& group) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    const auto found = std::find_if(group.begin(), group.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    out += json::quoted(found == group.end() ? std::string_view() : found->second);
  }
  return out + "]";
}

std::optional<Error> compile_fields(const std::vector<std::string>& names, std::string_view where,
                                    std::vector<GroupField>& out) {
  for (const std::string& name : names) {
    auto field = GroupField::compile(name);
    if (!field) return invalid(field.error(), where);
    out.push_back(std::move(field).value());
  }
  return std::nullopt;
}

std::optional<Error> compile_filter(const Filter& filter, std::string_view where,
                                    CompiledFilter& out) {
  std::shared_ptr<const Expression> expression;
  if (!filter.expression.empty()) {
    auto compiled = Expression::compile(filter.expression);
    if (!compiled) return invalid(compiled.error(), where);
    expression = std::move(compiled).value();
  }
  out = CompiledFilter(filter, std::move(expression));
  return std::nullopt;
}

std::optional<Error> compile_parts(CompiledRule& out) {
  const Rule& rule = out.rule;
  if (auto error = compile_filter(rule.when, "/when/filter", out.when)) return error;
  if (auto error = compile_fields(rule.group_by, "/group_by", out.group_by)) return error;
  if (rule.only_while) {
    if (auto error = compile_filter(rule.only_while->when, "/while/filter", out.guard)) {
      return error;
    }
    if (auto error = compile_fields(rule.only_while->by, "/while/by", out.guard_by)) return error;
  }
  if (const auto* threshold = std::get_if<Threshold>(&rule.condition);
      threshold != nullptr && !threshold->value.empty()) {
    auto value = ValueExpression::compile(threshold->value);
    if (!value) return invalid(value.error(), "/threshold");
    out.value = std::move(value).value();
  }
  if (!rule.forget.empty()) {
    auto forget = Expression::compile(rule.forget);
    if (!forget) return invalid(forget.error(), "/forget");
    out.forget = std::move(forget).value();
  }
  auto message = MessageTemplate::compile(rule);
  if (!message) return message.error();
  out.message = std::move(message).value();
  return std::nullopt;
}

}  // namespace

Result<GroupField> GroupField::compile(std::string_view name) {
  GroupField field;
  field.is_type_ = name == "type";
  field.key_ = key_named(name);
  if (field.is_type_ || field.key_) return field;
  auto path = ValueExpression::compile(name);
  if (!path) return invalid(path.error(), "/group_by");
  field.path_ = std::move(path).value();
  return field;
}

void GroupField::append_json(std::string& out, const char* frame, const FrameIndex& index) const {
  if (path_ != nullptr) {
    json::append_string(out, path_->to_text(frame, index).value_or(std::string()));
    return;
  }
  out += '"';
  if (is_type_) {
    out.append(frame + index.type_offset(), index.type_length);
  } else {
    // In the frame it is spelled as JSON spells it.
    KeySpan span = index.keys[static_cast<std::size_t>(key_->first)];
    if (span.packed == 0) span = index.keys[static_cast<std::size_t>(key_->second)];
    if (span.packed != 0) out.append(frame + span.offset(), span.length());
  }
  out += '"';
}

Result<CompiledRulePtr> CompiledRule::compile(Rule rule) {
  auto compiled = std::make_shared<CompiledRule>();
  compiled->rule = std::move(rule);
  if (auto error = compile_parts(*compiled)) return std::move(*error);
  return CompiledRulePtr(std::move(compiled));
}

void CompiledRule::group_id(std::string& out, const char* frame, const FrameIndex& index) const {
  append_array(out, group_by, frame, index);
}

std::string CompiledRule::group_id(const Group& group) const {
  return array_of(rule.group_by, group);
}

Group CompiledRule::group_of(std::string_view group_id) const {
  Group group;
  simdjson::dom::parser parser;
  simdjson::dom::array values;
  if (parser.parse(simdjson::padded_string(group_id)).get(values) != simdjson::SUCCESS)
    return group;
  std::size_t at = 0;
  for (const simdjson::dom::element element : values) {
    std::string_view text;
    if (at == rule.group_by.size() || element.get(text) != simdjson::SUCCESS) break;
    group.emplace_back(rule.group_by[at++], text);
  }
  return group;
}

std::string CompiledRule::guard_id(const Group& group) const {
  return array_of(rule.only_while->by, group);
}

void CompiledRule::guard_id(std::string& out, const char* frame, const FrameIndex& index) const {
  append_array(out, guard_by, frame, index);
}

}  // namespace tapedeck::alert
