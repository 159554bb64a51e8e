// A history made of what was in a bus's log: the interface of a store without a disk. It answers by
// looking at every frame, can have holes, can fail, and can be made to wait.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "bus/access.hpp"
#include "bus/frame_index.hpp"
#include "bus/history.hpp"

namespace tapedeck::testing {

class FakeHistory : public History {
 public:
  /// Frames that are answered together.
  static constexpr std::size_t kBlock = 7;

  /// Takes over what the bus's log has that is not kept yet.
  void keep(TelemetryBus& bus) {
    bus.flush();
    const EventLog& log = BusAccess::log(bus);
    const std::lock_guard lock(mutex_);
    epochs_.try_emplace(log.begin_seq(), log.epoch());
    const std::uint64_t newest = events_.empty() ? 0 : events_.rbegin()->first;
    for (std::uint64_t seq = std::max(log.first_seq(), newest + 1); seq <= log.last_seq(); ++seq) {
      const auto pin = log.pin(seq);
      const FrameIndex& index = pin->index(seq);
      events_[seq] = {std::string(pin->frame(index), index.length), index};
    }
  }
  /// As if these had never been written.
  void lose(std::uint64_t first, std::uint64_t last) {
    const std::lock_guard lock(mutex_);
    events_.erase(events_.lower_bound(first), events_.upper_bound(last));
  }
  /// Every read fails with this sentence; empty: none does.
  void fail_with(std::string why) {
    const std::lock_guard lock(mutex_);
    why_ = std::move(why);
  }
  /// Reads wait from now on until let_go().
  void hold_reads() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  /// How many reads wait.
  int waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  int reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }

  std::uint64_t first_seq() const override {
    const std::lock_guard lock(mutex_);
    return events_.empty() ? 1 : events_.begin()->first;
  }
  std::uint64_t end_seq() const override {
    const std::lock_guard lock(mutex_);
    return events_.empty() ? 1 : events_.rbegin()->first + 1;
  }
  std::optional<std::string> epoch_of(std::uint64_t seq) const override {
    const std::lock_guard lock(mutex_);
    const auto after = epochs_.upper_bound(seq);
    if (after == epochs_.begin()) return std::nullopt;
    return std::prev(after)->second;
  }
  std::optional<EpochRange> range_of(std::string_view epoch) const override {
    const std::lock_guard lock(mutex_);
    for (auto it = epochs_.begin(); it != epochs_.end(); ++it) {
      if (it->second != epoch) continue;
      const auto next = std::next(it);
      const std::uint64_t end =
          events_.empty() ? it->first : std::max(it->first, events_.rbegin()->first + 1);
      return EpochRange{it->first, next == epochs_.end() ? end : std::min(end, next->first)};
    }
    return std::nullopt;
  }

  HistorySlice read_forward(const CompiledFilter& filter, std::uint64_t from, std::uint64_t end,
                            const ReadLimits& limits) const override {
    const auto lock = begin_read();
    HistorySlice out;
    auto it = events_.lower_bound(from);
    const std::uint64_t found = it == events_.end() ? end : std::min(it->first, end);
    if (found > from) {
      out.next = found;
      out.missing = found - from;
      return out;
    }
    std::uint64_t seq = from;
    for (std::size_t looks = 0; seq < end && !full(out, looks, limits); ++seq, ++it, ++looks) {
      if (it == events_.end() || it->first != seq) break;  // a hole: told by the next read
      if (matches(filter, it->second)) add(out, *it);
    }
    out.next = seq;
    return out;
  }

  HistorySlice read_backward(const CompiledFilter& filter, std::uint64_t first, std::uint64_t end,
                             const ReadLimits& limits) const override {
    const auto lock = begin_read();
    return backward(first, end, limits, [&](const Event& event) { return matches(filter, event); });
  }

  HistorySlice read_latest(const CompiledFilter& filter, const LatestKeys& keys, std::uint64_t end,
                           std::unordered_set<std::string>& seen,
                           const ReadLimits& limits) const override {
    const auto lock = begin_read();
    return backward(0, end, limits, [&](const Event& event) {
      if (!matches(filter, event)) return false;
      std::string identity;
      keys.append_identity(identity, event.frame.data(), event.index);
      return seen.insert(identity).second;
    });
  }

 private:
  struct Event {
    std::string frame;
    FrameIndex index;
  };

  std::unique_lock<std::mutex> begin_read() const {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [this] { return !held_; });
    --waiting_;
    ++reads_;
    if (!why_.empty()) throw HistoryError(why_);
    return lock;
  }
  static bool full(const HistorySlice& out, std::size_t looks, const ReadLimits& limits) {
    return out.events >= limits.events || out.bytes >= limits.bytes || looks >= limits.looked_at;
  }
  static bool matches(const CompiledFilter& filter, const Event& event) {
    return filter.matches(event.frame.data(), event.index);
  }
  template <typename Wanted>
  HistorySlice backward(std::uint64_t first, std::uint64_t end, const ReadLimits& limits,
                        Wanted wanted) const {
    HistorySlice out;
    out.next = first;
    std::size_t looks = 0;
    for (auto it = events_.lower_bound(end); it != events_.begin();) {
      --it;
      if (it->first < first) break;
      if (full(out, looks, limits)) {
        out.next = it->first + 1;
        break;
      }
      ++looks;
      if (wanted(it->second)) add(out, *it);
    }
    return out;
  }
  static void add(HistorySlice& out, const std::pair<const std::uint64_t, Event>& event) {
    if (out.blocks.empty() || out.blocks.back().size() == kBlock) out.blocks.emplace_back();
    StoredFrames& block = out.blocks.back();
    std::string bytes = block.bytes ? *block.bytes : std::string();
    FrameIndex index = event.second.index;
    index.offset = static_cast<std::uint32_t>(bytes.size());
    bytes += event.second.frame;
    block.bytes = std::make_shared<const std::string>(std::move(bytes));
    block.index.push_back(index);
    block.seqs.push_back(event.first);
    ++out.events;
    out.bytes += event.second.frame.size();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::uint64_t, Event> events_;
  std::map<std::uint64_t, std::string> epochs_;  // by their first number
  std::string why_;
  bool held_ = false;
  mutable int waiting_ = 0;
  mutable int reads_ = 0;
};

}  // namespace tapedeck::testing
