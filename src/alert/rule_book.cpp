#include "alert/rule_book.hpp"

#include <fmt/format.h>

namespace tapedeck::alert {
namespace {

constexpr std::string_view kOwner = "alert_rule";

Error is_configured(std::string_view name) {
  return {"rule_is_configured",
          fmt::format("The rule {} is in the configuration; it is changed there.", name), "rule"};
}

Error too_many(std::size_t most) {
  return {"too_many_rules",
          fmt::format("There are {} rules already; max_rules of [alerts] allows no more.", most),
          "rule"};
}

}  // namespace

void RuleBook::load(const std::function<void(std::string_view)>& log) {
  if (store_ == nullptr) return;
  for (const auto& [name, json] : store_->load(kOwner)) {
    auto rule = parse_rule(name, json);
    auto compiled = rule ? CompiledRule::compile(std::move(rule).value())
                         : Result<CompiledRulePtr>(rule.error());
    if (!compiled) {
      log(fmt::format("the kept alert rule {} is left out: {}", name, compiled.error().message));
      continue;
    }
    of_api_[name] = *compiled;
    const bool hidden = !entries_.try_emplace(name, Entry{*compiled, Origin::api}).second;
    if (hidden) log(fmt::format("the kept alert rule {} is hidden by the configuration's", name));
  }
}

std::optional<Error> RuleBook::set_configured(std::vector<Rule> rules) {
  Entries entries;
  for (Rule& rule : rules) {
    std::string name = rule.name;
    auto compiled = CompiledRule::compile(std::move(rule));
    if (!compiled) {
      Error error = compiled.error();
      error.message = fmt::format("rule {}: {}", name, error.message);
      return error;
    }
    entries[std::move(name)] = {std::move(compiled).value(), Origin::config};
  }
  for (const auto& [name, compiled] : of_api_) {
    entries.try_emplace(name, Entry{compiled, Origin::api});
  }
  if (entries.size() > max_rules_) return too_many(max_rules_);
  entries_ = std::move(entries);
  return std::nullopt;
}

Result<bool> RuleBook::put(CompiledRulePtr rule) {
  const std::string name = rule->rule.name;
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.origin == Origin::config) return is_configured(name);
  if (found == entries_.end() && entries_.size() >= max_rules_) return too_many(max_rules_);
  of_api_[name] = rule;
  Entry& entry = entries_[name];
  entry = {std::move(rule), Origin::api};
  save(name, &entry);
  return found == entries_.end();
}

std::optional<Error> RuleBook::erase(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return Error{"not_found", fmt::format("There is no rule {}.", name), "rule"};
  }
  if (found->second.origin == Origin::config) return is_configured(name);
  save(found->first, nullptr);
  of_api_.erase(found->first);
  entries_.erase(found);
  return std::nullopt;
}

void RuleBook::save(const std::string& name, const Entry* entry) {
  if (store_ == nullptr) return;
  std::optional<std::string> json;
  if (entry != nullptr) json = rule_json(entry->compiled->rule);
  store_->save({{std::string(kOwner), name, std::move(json)}});
}

}  // namespace tapedeck::alert
