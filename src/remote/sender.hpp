// Sender: what a RemotePublisher does, on its thread: log → batch → server, and through the spool
// while the server is away or slow. One request at a time, which is what keeps the order.
//
// Thread contract: as RemotePublisher. Publishers never meet it; the collector wakes it at most
// once for what it has not looked at.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "remote/answer.hpp"
#include "remote/backoff.hpp"
#include "remote/http_post.hpp"
#include "remote/log_cursor.hpp"
#include "remote/remote_url.hpp"
#include "remote/spool.hpp"
#include "tapedeck/remote.hpp"

namespace tapedeck::remote {

class Sender {
 public:
  /// @param options checked, with a spool folder
  Sender(TelemetryBus& bus, RemoteOptions options, RemoteUrl url);
  /// The same as close(0).
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  bool flush(std::chrono::milliseconds timeout);
  bool close(std::chrono::milliseconds timeout);
  RemoteStats stats() const;
  /// Whether a request has failed and none has succeeded since.
  bool is_away() const noexcept { return away_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  // The reasons in events_dropped.
  static constexpr const char* kNoSpool = "no_spool";
  static constexpr const char* kSpoolFull = "spool_full";
  static constexpr const char* kSpoolFailed = "spool_failed";
  static constexpr const char* kTooFast = "too_fast";  // for the server, or for the disk

  void run();
  bool take_wishes(Clock::time_point now);
  // taking in
  void take_in(Clock::time_point now);
  void fill();
  bool is_due(Clock::time_point now) const;
  bool goes_to_spool(Clock::time_point now) const;
  bool spool_head();
  bool spool_filling();
  bool to_spool(std::span<const Batch> batches, bool alone);
  void put_away();
  void renew_filling();
  // sending
  void send(Clock::time_point now);
  bool load_head(Clock::time_point now);
  std::chrono::milliseconds pause(Clock::time_point now);
  // what became of it
  void on_result(const PostResult& result);
  void on_accepted(const Answer& answer);
  void on_failure(const Answer& answer, Backoff::Ms delay);
  void on_bad_event(std::size_t index, const std::string& sentence);
  void on_too_large(const std::string& sentence);
  void next_part();
  void finish(const Batch& last_part);
  void note_rejected(const std::string& sentence);
  void report();
  void say(std::string_view sentence) const noexcept;
  std::string trouble() const;

  TelemetryBus& bus_;
  const RemoteOptions options_;
  const RemoteUrl url_;
  const std::string name_;  // of this publisher, in keys and segments

  // the thread's
  LogCursor cursor_;
  Spool spool_;
  HttpPost http_;
  Backoff backoff_;
  Batch filling_;  // from the log, not on its way yet
  bool filling_is_full_ = false;
  Clock::time_point filling_since_{};
  Clock::time_point spool_again_at_{};  // it did not take what it was given
  std::uint64_t next_number_ = 1;
  const char* drop_reason_;  // for what leaves the log unread
  std::deque<Batch> head_;   // what is sent now, and the rest of the batch it was cut from
  bool head_in_spool_ = false;
  std::size_t batch_bytes_;
  Clock::time_point sent_at_{};
  Clock::time_point retry_at_{};
  bool told_when_to_retry_ = false;  // by Retry-After
  bool asked_durable_ = false;
  bool keeps_history_ = true;          // the server, as far as is known
  Clock::time_point memory_until_{};   // its disk fails: do not wait for it
  std::uint64_t rejected_unsaid_ = 0;  // since the last sentence about it
  Clock::time_point rejection_said_at_{};
  std::string link_trouble_;
  bool hurry_ = false;

  std::atomic<bool> away_{false};
  std::atomic<bool> idle_{false};  // wants to be woken by the next commit

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable progress_;
  RemoteStats shown_;
  std::uint64_t accepted_end_;   // everything before it is at the server, or counted
  std::uint64_t in_memory_ = 0;  // events of filling_ and head_
  int waiters_ = 0;
  bool nudged_ = false;
  bool stop_ = false;
  bool ended_ = false;

  std::mutex close_mutex_;  // one close at a time
  bool closed_well_ = false;
  std::size_t listener_;
  std::thread thread_;
};

}  // namespace tapedeck::remote
