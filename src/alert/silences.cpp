#include "alert/silences.hpp"

#include <algorithm>
#include <charconv>

namespace tapedeck::alert {
namespace {

constexpr char kSeparator = '\x1f';  // in no rule's name
constexpr const char* kOwner = "alert_silence";

std::string key_of(std::string_view rule, std::string_view group_id) {
  std::string key(rule);
  key += kSeparator;
  key += group_id;
  return key;
}

}  // namespace

void Silences::load() {
  if (store_ == nullptr) return;
  for (const auto& [key, text] : store_->load(kOwner)) {
    std::int64_t until = 0;
    std::from_chars(text.data(), text.data() + text.size(), until);
    if (until > 0) until_[key] = until;
  }
}

void Silences::save(const std::string& key, std::int64_t until_ns) {
  if (store_ == nullptr) return;
  std::optional<std::string> value;
  if (until_ns != 0) value = std::to_string(until_ns);
  store_->save({{kOwner, key, std::move(value)}});
}

void Silences::set(std::string_view rule, std::string_view group_id, std::int64_t until_ns,
                   std::int64_t now_ns) {
  const std::string key = key_of(rule, group_id);
  if (until_ns > now_ns) {
    until_[key] = until_ns;
    save(key, until_ns);
  } else if (until_.erase(key) > 0) {
    save(key, 0);
  }
}

std::int64_t Silences::find(const std::string& key, std::int64_t now_ns) const {
  const auto found = until_.find(key);
  return found == until_.end() || found->second <= now_ns ? 0 : found->second;
}

std::int64_t Silences::until(std::string_view rule, std::string_view group_id,
                             std::int64_t now_ns) const {
  if (until_.empty()) return 0;
  return std::max(find(key_of(rule, {}), now_ns), find(key_of(rule, group_id), now_ns));
}

std::int64_t Silences::rule_until(std::string_view rule, std::int64_t now_ns) const {
  return find(key_of(rule, {}), now_ns);
}

bool Silences::expire(std::int64_t now_ns) {
  const std::size_t before = until_.size();
  for (auto at = until_.begin(); at != until_.end();) {
    if (at->second > now_ns) {
      ++at;
      continue;
    }
    save(at->first, 0);
    at = until_.erase(at);
  }
  return until_.size() != before;
}

void Silences::forget_rule(std::string_view rule) {
  const std::string prefix = key_of(rule, {});
  for (auto at = until_.lower_bound(prefix); at != until_.end() && at->first.starts_with(prefix);) {
    save(at->first, 0);
    at = until_.erase(at);
  }
}

}  // namespace tapedeck::alert
