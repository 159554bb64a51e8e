// Holds a price back that is too far from the last accepted one, until several in a row agree: a
// slip of the feed is dropped, a circuit move or a split is accepted, its first ticks included.
// One symbol, one thread; an ordinary tick costs two multiplications and compares.
#pragma once

#include <cstdint>
#include <vector>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

class JumpGuard {
 public:
  struct Sample {
    Timestamp at{};
    double price = 0;
    std::int64_t quantity = 0;
  };
  enum class Verdict {
    accept,
    hold,        ///< not to be used, for now
    accept_held  ///< all of held(), of which this tick is the last, are to be used
  };

  /// @param factor how much higher or lower a price may be; 0: any price is accepted
  /// @param confirmations how many ticks in a row make a far price credible, at least 1
  JumpGuard(double factor, int confirmations) noexcept
      : factor_(factor), confirmations_(static_cast<std::size_t>(confirmations)) {}

  Verdict look_at(const Sample& sample) {
    if (factor_ == 0 || reference_ == 0 || is_near(sample.price, reference_)) {
      reference_ = sample.price;
      if (!held_.empty()) held_.clear();
      return Verdict::accept;
    }
    return hold(sample);
  }
  /// After accept_held: the ticks to use, oldest first.
  const std::vector<Sample>& held() const noexcept { return held_; }
  void forget_held() noexcept { held_.clear(); }
  /// A price known from elsewhere (the close of a candle).
  void set_reference(double price) noexcept { reference_ = price; }

 private:
  bool is_near(double price, double other) const noexcept {
    return price <= other * factor_ && price * factor_ >= other;
  }
  Verdict hold(const Sample& sample) {
    if (!held_.empty() && !is_near(sample.price, held_.back().price)) held_.clear();
    held_.push_back(sample);
    if (held_.size() < confirmations_) return Verdict::hold;
    reference_ = sample.price;
    return Verdict::accept_held;
  }

  double factor_;
  std::size_t confirmations_;
  double reference_ = 0;
  std::vector<Sample> held_;
};

}  // namespace tapedeck::market
