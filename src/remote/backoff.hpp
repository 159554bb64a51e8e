// Backoff: how long to wait before the next attempt at a server that is away. Full jitter: random
// between the shortest and a bound that doubles, so that publishers whose server comes back do not
// all call at once.
// Not thread-safe; a few ns.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace tapedeck::remote {

class Backoff {
 public:
  using Ms = std::chrono::milliseconds;
  Backoff(Ms shortest, Ms longest)
      : shortest_(shortest), longest_(longest), bound_(shortest), random_(std::random_device{}()) {}

  Ms next() {
    bound_ = std::min(bound_ * 2, longest_);
    return between(shortest_, bound_);
  }
  /// For what only a person can put right.
  Ms long_one() { return between(std::max(shortest_, longest_ / 2), longest_); }
  void reset() noexcept { bound_ = shortest_; }

 private:
  Ms between(Ms low, Ms high) {
    return Ms(std::uniform_int_distribution<Ms::rep>(low.count(), high.count())(random_));
  }

  const Ms shortest_, longest_;
  Ms bound_;
  std::minstd_rand random_;
};

}  // namespace tapedeck::remote
