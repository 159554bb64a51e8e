#include "app/toml_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "event/json_writer.hpp"

namespace tapedeck::app {
namespace {

/// Appends to a text; the first thing that JSON does not have ends it.
class JsonText {
 public:
  void add(const toml::node& node) {
    if (const auto* table = node.as_table()) {
      add_table(*table);
    } else if (const auto* list = node.as_array()) {
      add_list(*list);
    } else if (const auto* text = node.as_string()) {
      json::append_string(out_, text->get());
    } else if (const auto* whole = node.as_integer()) {
      out_ += std::to_string(whole->get());
    } else if (const auto* flag = node.as_boolean()) {
      out_ += flag->get() ? "true" : "false";
    } else {
      add_rest(node);
    }
  }
  Result<std::string> finish() && {
    if (problem_) return *std::move(problem_);
    return std::move(out_);
  }

 private:
  void add_table(const toml::table& table) {
    out_ += '{';
    for (const auto& [key, value] : table) {
      if (out_.back() != '{') out_ += ',';
      json::append_string(out_, key.str());
      out_ += ':';
      add_within(fmt::format("/{}", key.str()), value);
    }
    out_ += '}';
  }
  void add_list(const toml::array& list) {
    out_ += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ',';
      add_within(fmt::format("/{}", i), list[i]);
    }
    out_ += ']';
  }
  void add_within(const std::string& step, const toml::node& node) {
    const std::size_t length = pointer_.size();
    pointer_ += step;
    add(node);
    pointer_.resize(length);
  }
  void add_rest(const toml::node& node) {
    const auto* number = node.as_floating_point();
    if (number != nullptr && std::isfinite(number->get())) {
      out_ += fmt::format("{}", number->get());
      return;
    }
    out_ += "null";
    if (problem_) return;
    problem_ = Error{"invalid_value",
                     number != nullptr ? "must be a finite number."
                                       : "dates and times are written in quotes here.",
                     pointer_};
  }

  std::string out_;
  std::string pointer_;
  std::optional<Error> problem_;
};

const toml::node* member(const toml::node& node, std::string_view step) noexcept {
  if (const auto* table = node.as_table()) return table->get(step);
  return nullptr;
}

}  // namespace

Result<std::string> toml_to_json(const toml::node& node) {
  JsonText text;
  text.add(node);
  return std::move(text).finish();
}

unsigned line_at(const toml::node& node, std::string_view pointer) noexcept {
  const toml::node* at = &node;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const toml::node* next = member(*at, pointer.substr(0, end));
    if (next == nullptr) break;
    at = next;
    pointer.remove_prefix(end);
  }
  return at->source().begin.line;
}

}  // namespace tapedeck::app
