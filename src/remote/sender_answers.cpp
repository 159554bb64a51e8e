// What a Sender does about the server's answers.
#include <fmt/format.h>

#include <algorithm>

#include "remote/sender.hpp"

namespace tapedeck::remote {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kMostRetryAfter = 60s;  // a server may not silence us for longer
constexpr auto kDiskRetry = 5s;              // a server whose disk fails is asked for it again
constexpr auto kRejectionsSaid = 60s;        // one sentence in so long
constexpr std::size_t kCarefulEvents = 256;  // where one event was bad, others may be
constexpr std::size_t kSmallestLimit = std::size_t{64} << 10;

}  // namespace

void Sender::on_result(const PostResult& result) {
  const Answer answer = judge(result, head_.front().events);
  switch (answer.verdict) {
    case Verdict::accepted:
    case Verdict::accepted_in_memory:
      // One that keeps no history may have been replaced by one that does: the next batch asks.
      if (result.new_connection) keeps_history_ = true;
      return on_accepted(answer);
    case Verdict::bad_event:
      return on_bad_event(answer.bad_index, answer.sentence);
    case Verdict::too_large:
      return on_too_large(answer.sentence);
    case Verdict::memory_only:
      if (!asked_durable_) break;
      keeps_history_ = false;
      return;
    case Verdict::retry:
      return on_failure(answer, backoff_.next());
    case Verdict::misconfigured:
      break;
  }
  on_failure(answer, backoff_.long_one());
}

void Sender::on_accepted(const Answer& answer) {
  if (is_away()) say("the server " + url_.shown + " takes events again");
  away_.store(false, std::memory_order_relaxed);
  backoff_.reset();
  retry_at_ = {};
  link_trouble_ = answer.sentence;
  if (answer.verdict == Verdict::accepted_in_memory) memory_until_ = Clock::now() + kDiskRetry;
  {
    const std::lock_guard lock(mutex_);
    shown_.sent += head_.front().events;
    ++shown_.batches;
  }
  next_part();
}

void Sender::on_failure(const Answer& answer, Backoff::Ms delay) {
  if (answer.retry_after) {
    delay = std::max<Backoff::Ms>(delay, std::min(*answer.retry_after, kMostRetryAfter));
  }
  told_when_to_retry_ = answer.retry_after.has_value();
  retry_at_ = Clock::now() + delay;
  keeps_history_ = true;  // what comes back may be another
  link_trouble_ = fmt::format("{}: {}", url_.shown, answer.sentence);
  if (!away_.exchange(true, std::memory_order_relaxed)) {
    say(fmt::format("events wait for the server {}", link_trouble_));
  }
  const std::lock_guard lock(mutex_);
  ++shown_.retries;
}

/// The rest goes in order: what is before it, then what is behind it in small pieces, because each
/// further bad event would cost the whole piece again.
void Sender::on_bad_event(std::size_t index, const std::string& sentence) {
  const Batch whole = std::move(head_.front());
  head_.pop_front();
  auto [before, rest] = split(whole, index);
  rest = split(rest, 1).second;
  std::deque<Batch> parts;
  if (!before.empty()) parts.push_back(std::move(before));
  while (!rest.empty()) {
    auto [piece, more] = split(rest, kCarefulEvents);
    parts.push_back(std::move(piece));
    rest = std::move(more);
  }
  head_.insert(head_.begin(), std::make_move_iterator(parts.begin()),
               std::make_move_iterator(parts.end()));
  note_rejected(sentence);
  if (head_.empty()) finish(whole);
}

void Sender::on_too_large(const std::string& sentence) {
  const std::size_t events = head_.front().events;
  if (events == 1) return on_bad_event(0, sentence);
  auto [first, second] = split(head_.front(), events / 2);
  // Something on the way takes less than we were told; what follows should not have to be cut.
  batch_bytes_ = std::clamp(head_.front().body.size() / 2, std::min(kSmallestLimit, batch_bytes_),
                            batch_bytes_);
  head_.front() = std::move(second);
  head_.push_front(std::move(first));
}

void Sender::note_rejected(const std::string& sentence) {
  {
    const std::lock_guard lock(mutex_);
    ++shown_.rejected;
  }
  ++rejected_unsaid_;
  const auto now = Clock::now();
  if (rejection_said_at_ == Clock::time_point{} || now - rejection_said_at_ >= kRejectionsSaid) {
    say(fmt::format("{} events were refused by {} and left out; of the last one {}",
                    rejected_unsaid_, url_.shown, sentence));
    rejected_unsaid_ = 0;
    rejection_said_at_ = now;
  }
}

/// The part that was sent is done with.
void Sender::next_part() {
  const Batch done = std::move(head_.front());
  head_.pop_front();
  if (head_.empty()) finish(done);
}

/// Nothing is left of the batch.
void Sender::finish(const Batch& last_part) {
  if (head_in_spool_) spool_.pop();
  head_in_spool_ = false;
  const std::lock_guard lock(mutex_);
  if (last_part.publisher == name_) {
    accepted_end_ = std::max(accepted_end_, last_part.end_seq);
  }
}

}  // namespace tapedeck::remote
