#include "alert/message_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tapedeck::alert {

std::string number_text(double value) {
  constexpr double kTooLargeForDecimals = 1e15;
  if (!std::isfinite(value)) return std::string(kNotThere);
  if (std::abs(value) >= kTooLargeForDecimals) return fmt::format("{}", value);
  std::string out = fmt::format("{:.6f}", value);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

std::optional<std::string> value_text(const ValueExpression& expression, const char* frame,
                                      const FrameIndex& index) {
  auto text = expression.to_text(frame, index);
  // Whole numbers, true and false are as they should be; texts that look like numbers are texts.
  if (text && text->find_first_of(".e") != std::string::npos && *text != "true" &&
      *text != "false") {
    if (const auto number = expression.number(frame, index)) return number_text(*number);
  }
  return text;
}

std::string_view short_name(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string group_text(const Group& group) {
  std::string out;
  for (const auto& [name, value] : group) {
    if (!out.empty()) out += ", ";
    out += short_name(name);
    out += ' ';
    out += value.empty() ? kNotThere : std::string_view(value);
  }
  return out;
}

Duration window_of(const Rule& rule) noexcept {
  if (const auto* count = std::get_if<Count>(&rule.condition)) return count->window;
  if (const auto* absence = std::get_if<Absence>(&rule.condition)) return absence->duration;
  if (const auto* threshold = std::get_if<Threshold>(&rule.condition)) return threshold->window;
  return Duration::zero();
}

std::string one_line(std::string text, std::size_t max_bytes) {
  constexpr std::string_view kEllipsis = "…";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes - kEllipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text.append(kEllipsis);
}

}  // namespace tapedeck::alert
