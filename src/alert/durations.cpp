#include <array>
#include <charconv>

#include "alert/rule.hpp"

namespace tapedeck::alert {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::int64_t kMs = 1'000'000;
// Largest first: the one that divides a duration spells it shortest.
constexpr std::array kUnits{Unit{"d", 86'400'000 * kMs}, Unit{"h", 3'600'000 * kMs},
                            Unit{"m", 60'000 * kMs}, Unit{"s", 1000 * kMs}, Unit{"ms", kMs}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  std::uint64_t number = 0;  // unsigned: a sign is refused
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(stop, static_cast<std::size_t>(end - stop));
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (number > static_cast<std::uint64_t>(kMaxDuration.count() / unit.ns)) return std::nullopt;
    return Duration(static_cast<std::int64_t>(number) * unit.ns);
  }
  return std::nullopt;
}

std::string duration_text(Duration duration) {
  const std::int64_t ns = duration.count() / kMs * kMs;
  if (ns <= 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (ns % unit.ns == 0) return std::to_string(ns / unit.ns) + std::string(unit.name);
  }
  return "0s";
}

}  // namespace tapedeck::alert
