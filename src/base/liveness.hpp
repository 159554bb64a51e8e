// LivenessCheck: whether every part of a process still moves. Each part has a counter that it
// increments by itself, again and again, from the very loop whose hanging should be noticed.
//
// Thread contract: one thread checks; the counters are read from that thread. Cost: a call a part.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tapedeck {

struct Heartbeat {
  std::string name;                      ///< for the log, such as "I/O thread 1"
  std::function<std::uint64_t()> beats;  ///< grows as long as the part lives; must not block
};

class LivenessCheck {
 public:
  explicit LivenessCheck(std::vector<Heartbeat> parts) : parts_(std::move(parts)) {
    for (const Heartbeat& part : parts_) seen_.push_back(part.beats());
  }

  /// Whether every part has beaten since this was last true, or since the check was made.
  bool all_beat() {
    if (!silent_parts().empty()) return false;
    for (std::size_t i = 0; i < parts_.size(); ++i) seen_[i] = parts_[i].beats();
    return true;
  }

  /// The names of those that have not, with commas between.
  std::string silent_parts() const {
    std::string names;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].beats() != seen_[i]) continue;
      if (!names.empty()) names += ", ";
      names += parts_[i].name;
    }
    return names;
  }

 private:
  std::vector<Heartbeat> parts_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace tapedeck
