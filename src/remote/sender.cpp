#include "remote/sender.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"

namespace tapedeck::remote {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdle = 100ms;        // between looks when nobody wakes the thread
constexpr auto kSlowAnswer = 500ms;  // then a server counts as away, as far as the spool goes
constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours(24 * 365);

}  // namespace

Sender::Sender(TelemetryBus& bus, RemoteOptions options, RemoteUrl url)
    : bus_(bus),
      options_(std::move(options)),
      url_(std::move(url)),
      name_(random_hex(kPublisherBytes)),
      cursor_(bus),
      spool_({options_.spool_folder, url_.spool_prefix, name_, options_.spool_bytes,
              [this](std::string_view sentence) { say(sentence); }}),
      http_(
          {options_.api_key, options_.connect_timeout, options_.request_timeout, options_.ca_file}),
      backoff_(options_.backoff_min, options_.backoff_max),
      drop_reason_(spool_.enabled() ? kTooFast : kNoSpool),
      batch_bytes_(options_.batch_bytes),
      accepted_end_(cursor_.next_seq()) {
  renew_filling();
  listener_ = BusAccess::add_commit_listener(bus_, [this] {
    if (idle_.load() && idle_.exchange(false)) http_.wake();
  });
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    BusAccess::remove_commit_listener(bus_, listener_);
    throw;
  }
}

Sender::~Sender() {
  close(0ms);
}

void Sender::say(std::string_view sentence) const noexcept {
  if (!options_.log) return;
  try {
    options_.log(sentence);
  } catch (...) {  // NOLINT: a log that throws must not end the forwarding
  }
}

// --- any thread ---

bool Sender::flush(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + std::clamp(timeout, 0ms, kLongestWait);
  bus_.flush();
  const std::uint64_t target = cursor_.last_seq();
  std::unique_lock lock(mutex_);
  ++waiters_;
  nudged_ = true;
  http_.wake();
  progress_.wait_until(lock, deadline, [&] { return accepted_end_ > target || ended_; });
  --waiters_;
  return accepted_end_ > target;
}

bool Sender::close(std::chrono::milliseconds timeout) {
  const std::lock_guard one_at_a_time(close_mutex_);
  if (!thread_.joinable()) return closed_well_;
  closed_well_ = flush(timeout);
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  http_.wake();
  thread_.join();
  BusAccess::remove_commit_listener(bus_, listener_);
  return closed_well_;
}

RemoteStats Sender::stats() const {
  const std::lock_guard lock(mutex_);
  RemoteStats out = shown_;
  if (ended_) return out;
  out.queued = in_memory_ + cursor_.waiting();
  out.dropped += cursor_.missed();
  return out;
}

// --- the thread ---

void Sender::run() {
  pthread_setname_np(pthread_self(), "td-remote");
  sigset_t all;  // they are the program's, and a SIGPIPE is nobody's
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  spool_.adopt();
  for (;;) {
    const auto now = Clock::now();
    if (take_wishes(now)) break;
    take_in(now);
    send(now);
    spool_.sync_if_due(now);
    report();
    if (const auto result = http_.wait(pause(now))) on_result(*result);
  }
  http_.abort();
  put_away();
  cursor_.let_go();
}

/// @return whether to stop.
bool Sender::take_wishes(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  hurry_ = waiters_ > 0;
  // Who waits should not wait for a server that has come back meanwhile; once for each call, so
  // that nobody makes this a busy loop, and never against the server's own wish.
  if (nudged_ && !told_when_to_retry_) {
    retry_at_ = std::min(retry_at_, now + options_.backoff_min);
  }
  nudged_ = false;
  return stop_;
}

void Sender::report() {
  const std::lock_guard lock(mutex_);
  shown_.spooled = spool_.events();
  shown_.dropped = spool_.damaged_events();  // and what stats() adds
  shown_.connected = shown_.batches > 0 && !is_away();
  shown_.last_error = trouble();
  in_memory_ = filling_.events;
  if (!head_in_spool_) {
    for (const Batch& part : head_) in_memory_ += part.events;
  }
  if (head_.empty() && spool_.empty() && filling_.empty()) accepted_end_ = cursor_.next_seq();
  progress_.notify_all();
}

std::string Sender::trouble() const {
  if (!link_trouble_.empty()) return link_trouble_;
  // What the disk could not take does not matter any more once everything is at the server.
  return spool_.empty() && !is_away() ? std::string() : spool_.problem();
}

/// How long nothing is to be done unless the network or somebody else has something.
std::chrono::milliseconds Sender::pause(Clock::time_point now) {
  auto until = now + kIdle;
  const bool spooling = goes_to_spool(now);
  const bool waits_for_retry = !http_.busy() && now < retry_at_;
  if (waits_for_retry) until = std::min(until, retry_at_);
  if (http_.busy()) {
    if (!spooling) until = std::min(until, std::max(now + 1ms, sent_at_ + kSlowAnswer));
  } else if (!waits_for_retry && spool_.problem().empty() && (!head_.empty() || !spool_.empty())) {
    return 0ms;
  }
  const bool can_go = spooling ? now >= spool_again_at_ : !http_.busy() && !waits_for_retry;
  if (!filling_.empty()) {
    const bool stuck = is_due(now) && !can_go;
    if (!stuck) until = std::min(until, filling_since_ + options_.linger);
  } else {
    idle_.store(true);
    if (cursor_.has_more()) return 0ms;
  }
  return std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(until - now));
}

// --- taking in ---

bool Sender::is_due(Clock::time_point now) const {
  return !filling_.empty() &&
         (hurry_ || filling_is_full_ || now >= filling_since_ + options_.linger);
}

void Sender::renew_filling() {
  filling_ = {name_, next_number_++, 0, 0, {}};
  filling_is_full_ = false;
}

void Sender::fill() {
  // Under the lock, so that stats() sees an event in the log or in the batch, not in neither.
  const std::lock_guard lock(mutex_);
  const std::size_t before = filling_.events;
  filling_is_full_ = cursor_.fill(filling_, batch_bytes_, options_.batch_events, drop_reason_);
  in_memory_ += filling_.events - before;
  // Everything has been read: a hole that comes after this has a reason of its own.
  if (!filling_is_full_ && spool_.enabled() && !is_away()) drop_reason_ = kTooFast;
  if (before == 0) filling_since_ = Clock::now();
}

bool Sender::goes_to_spool(Clock::time_point now) const {
  if (!spool_.enabled()) return false;
  return !spool_.empty() || is_away() || (http_.busy() && now - sent_at_ >= kSlowAnswer);
}

void Sender::take_in(Clock::time_point now) {
  fill();
  if (!goes_to_spool(now) || now < spool_again_at_ || !spool_head()) return;
  const std::uint64_t goal = cursor_.last_seq();  // what comes later is for the next round
  while (is_due(now) && spool_filling() && cursor_.next_seq() <= goal) fill();
}

bool Sender::to_spool(std::span<const Batch> batches, bool alone) {
  const bool taken = spool_.append(batches, alone);
  spool_again_at_ = taken ? Clock::time_point{} : Clock::now() + kIdle;
  if (!taken) drop_reason_ = spool_.problem().empty() ? kSpoolFull : kSpoolFailed;
  return taken;
}

/// What is being sent goes to the front of the spool, under the key it has.
bool Sender::spool_head() {
  if (head_.empty() || head_in_spool_) return true;
  const std::vector<Batch> parts(head_.begin(), head_.end());
  if (!to_spool(parts, true)) return false;
  if (!http_.busy()) {
    head_.clear();
    return true;
  }
  head_.erase(head_.begin() + 1, head_.end());  // the first is being read by the request
  head_in_spool_ = spool_.front(batch_bytes_, options_.batch_events).has_value();
  return true;
}

bool Sender::spool_filling() {
  if (!to_spool({&filling_, 1}, false)) return false;
  renew_filling();
  return true;
}

/// At the end: everything to the spool, and a last word about what does not fit.
void Sender::put_away() {
  bus_.flush();
  const std::uint64_t goal = cursor_.last_seq();
  bool kept = spool_.enabled() && spool_head();
  fill();
  while (kept && !filling_.empty()) {
    kept = spool_filling();
    if (kept && cursor_.next_seq() <= goal) fill();
  }
  std::uint64_t lost = kept ? 0 : filling_.events + cursor_.waiting();
  if (!head_in_spool_) {
    for (const Batch& part : head_) lost += part.events;
  }
  if (lost > 0) {
    say("the server " + url_.shown + " did not take " + std::to_string(lost) +
        " events before the end, and the spool could not; they are lost");
    renew_filling();
    filling_.body = dropped_line(lost, spool_.problem().empty() ? kSpoolFull : kSpoolFailed);
    filling_.events = 1;
    spool_.append({&filling_, 1}, false, true);
  }
  spool_.sync();
  const std::uint64_t missed = cursor_.missed();
  filling_ = {};
  if (!head_in_spool_) head_.clear();
  const std::lock_guard lock(mutex_);
  shown_.spooled = spool_.events();
  shown_.dropped += missed + lost;
  shown_.queued = 0;
  shown_.connected = false;
  ended_ = true;
  progress_.notify_all();
}

// --- sending ---

void Sender::send(Clock::time_point now) {
  if (http_.busy() || now < retry_at_ || (head_.empty() && !load_head(now))) return;
  asked_durable_ = options_.durable && keeps_history_ && now >= memory_until_;
  sent_at_ = now;
  told_when_to_retry_ = false;
  const Batch& batch = head_.front();
  http_.start(asked_durable_ ? url_.endpoint + "?ack=durable" : url_.endpoint, batch.key(),
              batch.body);
}

bool Sender::load_head(Clock::time_point now) {
  if (!spool_.empty()) {
    auto batch = spool_.front(batch_bytes_, options_.batch_events);
    if (!batch) return false;
    head_.push_back(std::move(*batch));
    head_in_spool_ = true;
    return true;
  }
  if (!is_due(now)) return false;
  head_.push_back(std::move(filling_));
  head_in_spool_ = false;
  renew_filling();
  fill();
  return true;
}

}  // namespace tapedeck::remote
