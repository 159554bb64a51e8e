// A target as somebody may write it: the first byte says whether it is a table or a URL. Must never
// crash; what is understood must be understood again, and nothing secret be shown of it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alert/target.hpp"
#include "alert/target_url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::alert;
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  static_cast<void>(shown_target(text));
  // A table may name a file or the environment, which are none of a fuzzer's business.
  const bool is_table = data[0] % 2 == 0;
  if (is_table && (text.find("_file") != text.npos || text.find('\\') != text.npos)) return 0;
  const auto target = is_table ? parse_target("t", text) : target_of_url(text, "");
  if (!target) {
    if (target.error().message.empty()) std::abort();
    return 0;
  }
  const auto url = parse_target_url(target->url);
  if (!url || url->shown != shown_target(target->url)) std::abort();
  if (!url->password.empty() && url->shown.find(':' + url->password + '@') != std::string::npos) {
    std::abort();
  }
  const auto again = parse_target_url(url->request_url());
  if (!again || !again->same_origin(*url) || again->path != url->path) std::abort();
  return 0;
}
