#include "market/push_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "market/known_instrument.hpp"

namespace tapedeck::market {
namespace {

const Timestamp kEarliest = ist_moment(make_date(1990, 1, 1), std::chrono::nanoseconds{0});

bool is_printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

void check_names(std::string_view exchange, std::string_view symbol) {
  if (symbol.empty()) throw std::invalid_argument("a tick or candle needs a symbol");
  for (const std::string_view name : {symbol, exchange}) {
    if (name.size() > PushFeed::kLongestName || !is_printable(name)) {
      throw std::invalid_argument(
          fmt::format("'{}' is no name of a symbol or exchange: at most {} "
                      "bytes, no control characters",
                      name.substr(0, PushFeed::kLongestName), PushFeed::kLongestName));
    }
  }
}

void check_moment(Timestamp at, std::string_view what) {
  if (at < kEarliest) {
    throw std::invalid_argument(
        fmt::format("the {} {} lies before 1990", what, format_rfc3339(at)));
  }
  if (at > now() + PushFeed::kMostAhead) {
    throw std::invalid_argument(
        fmt::format("the {} {} lies in the future: a push feed runs by the wall clock", what,
                    format_rfc3339(at)));
  }
}

}  // namespace

PushFeed::PushFeed(PushOptions options, const TradingCalendar& calendar)
    : options_(std::move(options)), calendar_(calendar) {
  if (options_.queue_limit == 0) {
    throw std::invalid_argument("the queue of a push feed must have room for a tick at least");
  }
  const Timestamp today = now();
  for (const std::string_view name : options_.symbols) {
    const std::size_t colon = name.find(':');
    const std::string_view exchange = colon == name.npos ? "" : name.substr(0, colon);
    const std::string_view symbol = colon == name.npos ? name : name.substr(colon + 1);
    check_names(exchange, symbol);
    know(exchange, symbol, today);
  }
}

// --- any thread ---

bool PushFeed::push(PushedTick tick) {
  check_names(tick.exchange, tick.symbol);
  if (tick.at == Timestamp{}) tick.at = now();
  check_moment(tick.at, "tick's timestamp");
  return enqueue({RecordKind::tick, std::move(tick), {}});
}

bool PushFeed::push(Candle candle) {
  check_names(candle.exchange, candle.symbol);
  check_moment(candle.start, "candle's start");
  return enqueue({RecordKind::candle, {}, std::move(candle)});
}

bool PushFeed::enqueue(Pushed&& pushed) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.queue_limit) {
      ++dropped_;
      return false;
    }
    first = waiting_.empty();
    waiting_.push_back(std::move(pushed));
  }
  if (first && wake_) wake_();
  return true;
}

// --- the engine thread ---

bool PushFeed::take_waiting() {
  taken_.clear();
  at_ = 0;
  const std::lock_guard lock(mutex_);
  std::swap(taken_, waiting_);
  stats_.dropped = dropped_;
  return !taken_.empty();
}

FeedState PushFeed::next(FeedRecord& record) {
  while (at_ < taken_.size() || take_waiting()) {
    if (use(taken_[at_++], record)) return FeedState::record;
  }
  return FeedState::pending;
}

/// @return false when it cannot be used, which is counted
bool PushFeed::use(Pushed& pushed, FeedRecord& record) {
  record.kind = pushed.kind;
  if (pushed.kind == RecordKind::tick) {
    PushedTick& tick = pushed.tick;
    if (know(tick.exchange, tick.symbol, tick.at) == nullptr) return false;
    record.tick = {.at = tick.at,
                   .symbol = keep(tick.symbol),
                   .price = tick.price,
                   .quantity = tick.quantity,
                   .exchange = keep(tick.exchange),
                   .bid = tick.bid,
                   .ask = tick.ask,
                   .day_volume = tick.day_volume};
  } else {
    Candle& candle = pushed.candle;
    const InstrumentInfo* info = know(candle.exchange, candle.symbol, candle.start);
    if (info == nullptr) return false;
    align_candle(calendar_, *info, candle);
    if (candle.end > now() + kMostAhead) {
      note_bad(candle.symbol, "a candle that is not over yet");
      return false;
    }
    record.candle = std::move(candle);
  }
  ++stats_.records;
  return true;
}

const InstrumentInfo* PushFeed::know(std::string_view exchange, std::string_view symbol,
                                     Timestamp at) {
  if (const InstrumentInfo* listed = instruments_.find(exchange, symbol)) return listed;
  if (instruments_.size() >= options_.max_symbols) {
    note_bad(symbol, fmt::format("more than {} symbols", options_.max_symbols));
    return nullptr;
  }
  return &know_instrument(instruments_, options_.instruments.get(), exchange, symbol, at);
}

void PushFeed::note_bad(std::string_view symbol, std::string reason) {
  ++stats_.bad_rows;
  if (stats_.first_bad_rows.size() >= FeedStats::kKeptBadRows) return;
  stats_.first_bad_rows.push_back({std::string(symbol), stats_.bad_rows, std::move(reason)});
}

std::string_view PushFeed::keep(std::string_view name) {
  const auto at = names_.find(name);
  return at != names_.end() ? *at : *names_.emplace(name).first;
}

}  // namespace tapedeck::market
