// A rule as somebody may send it: JSON, the threshold's text, filters, the message. Must never
// crash; what is understood must come back equal from what is written of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alert/rule.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::alert;
  const auto rule = parse_rule("rule", {reinterpret_cast<const char*>(data), size});
  if (!rule) {
    if (rule.error().message.empty() || rule.error().code.empty()) std::abort();
    return 0;
  }
  const std::string written = rule_json(*rule);
  const auto again = parse_rule("rule", written);
  if (!again || again->condition != rule->condition || rule_json(*again) != written) std::abort();
  return 0;
}
