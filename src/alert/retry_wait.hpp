// RetryWait: how long to wait after the n-th failure. Full jitter: random up to a bound that
// doubles, so that those who failed together do not all come back together. Without state but the
// random source, as the number of failures is kept with what failed, over restarts too.
// One thread; a few ns.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace tapedeck::alert {

class RetryWait {
 public:
  using Ms = std::chrono::milliseconds;
  RetryWait() : random_(std::random_device{}()) {}

  void set(Ms first, Ms longest) {
    first_ = first;
    longest_ = longest;
  }
  /// @param failures in a row, at least 1
  Ms after(unsigned failures) {
    Ms bound = first_;
    for (unsigned i = 1; i < failures && bound < longest_; ++i) bound *= 2;
    bound = std::min(bound, longest_);
    return Ms(
        std::uniform_int_distribution<Ms::rep>(1, std::max<Ms::rep>(1, bound.count()))(random_));
  }

 private:
  Ms first_{1000};
  Ms longest_{60'000};
  std::minstd_rand random_;
};

}  // namespace tapedeck::alert
