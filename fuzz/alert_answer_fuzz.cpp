// What a receiver may answer: two bytes of a status, then the body. Must never crash; nothing
// secret of the target's may be in what is said about it, whatever the receiver repeats.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alert/verdict.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::alert;
  if (size < 2) return 0;
  Target target;
  target.url = "https://api.telegram.org/bot12345:TOKENTOKEN/sendMessage";
  target.format = Format::telegram;
  HttpAnswer answer;
  answer.kind = HttpAnswer::Kind::answered;
  answer.status = 100 + (data[0] << 8 | data[1]) % 500;
  answer.body.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Verdict verdict = judge(answer, target);
  if (verdict.sentence.find("TOKENTOKEN") != std::string::npos) std::abort();
  if (verdict.retry_after && (*verdict.retry_after > kLongestRetryAfter ||
                              *verdict.retry_after <= std::chrono::seconds(0))) {
    std::abort();
  }
  if ((verdict.what == Verdict::What::delivered) != verdict.sentence.empty()) std::abort();
  return 0;
}
