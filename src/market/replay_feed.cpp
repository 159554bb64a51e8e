#include "market/replay_feed.hpp"

#include <algorithm>
#include <stdexcept>

#include "market/known_instrument.hpp"

namespace tapedeck::market {
namespace {

/// An open is the first trade after the start: taken to be known this much later, so that an order
/// decided on the candle before can meet it.
constexpr std::chrono::nanoseconds kOpenKnownAfter = std::chrono::seconds{1};

/// At one moment: first the candles that end, then the marks and ticks that begin.
bool happens_before(const FeedRecord& a, const FeedRecord& b) noexcept {
  if (a.at() != b.at()) return a.at() < b.at();
  return a.kind == RecordKind::candle && b.kind != RecordKind::candle;
}

}  // namespace

/// One open file: its rows as records in the order they happened.
class ReplayFeed::Lane {
 public:
  Lane(std::unique_ptr<ReplaySource> source, const TradingCalendar& calendar,
       InstrumentTable& instruments, const InstrumentTable* known)
      : source_(std::move(source)), calendar_(calendar), instruments_(instruments), known_(known) {}

  FeedRecord& front() noexcept { return front_; }
  const std::string& error() const { return source_->error(); }

  /// Moves on to the next record.
  FeedState advance() {
    while (true) {
      if (!held_.empty() && (at_end_ || held_.top().record.at() <= last_row_)) {
        front_ = held_.top().record;
        held_.pop();
        return FeedState::record;
      }
      if (at_end_) return FeedState::end;
      ReplayRow row;
      const FeedState state = source_->next(row);
      if (state == FeedState::failed) return state;
      if (state == FeedState::end) {
        at_end_ = true;
        continue;
      }
      know(row);
      if (!row.timeframe) {
        front_.kind = RecordKind::tick;
        front_.tick = {.at = row.at,
                       .symbol = row.symbol,
                       .price = row.price,
                       .quantity = row.volume,
                       .exchange = row.exchange,
                       .bid = row.bid,
                       .ask = row.ask};
        return FeedState::record;
      }
      last_row_ = row.at;
      hold(row);
    }
  }

 private:
  struct Held {
    FeedRecord record;
    std::uint64_t order;
  };
  struct Later {
    bool operator()(const Held& a, const Held& b) const noexcept {
      if (happens_before(a.record, b.record)) return false;
      return happens_before(b.record, a.record) || a.order > b.order;
    }
  };

  void know(const ReplayRow& row) {
    if (row.symbol.data() == last_symbol_ && row.exchange.data() == last_exchange_) return;
    last_symbol_ = row.symbol.data();
    last_exchange_ = row.exchange.data();
    know_instrument(instruments_, known_, row.exchange, row.symbol, row.at);
  }

  void hold(const ReplayRow& row) {
    const InstrumentInfo& info = *instruments_.find(row.exchange, row.symbol);
    FeedRecord candle;
    candle.kind = RecordKind::candle;
    candle.candle = {.symbol = std::string(row.symbol),
                     .timeframe = *row.timeframe,
                     .start = row.at,
                     .open = row.open,
                     .high = row.high,
                     .low = row.low,
                     .close = row.close,
                     .volume = row.volume,
                     .exchange = std::string(row.exchange)};
    align_candle(calendar_, info, candle.candle);
    FeedRecord mark;
    mark.kind = RecordKind::mark;
    mark.tick = {.at = candle.candle.start + kOpenKnownAfter,
                 .symbol = row.symbol,
                 .price = row.open,
                 .exchange = row.exchange};
    held_.push({std::move(mark), ++order_});
    held_.push({std::move(candle), ++order_});
  }

  std::unique_ptr<ReplaySource> source_;
  const TradingCalendar& calendar_;
  InstrumentTable& instruments_;
  const InstrumentTable* known_;
  FeedRecord front_;
  std::priority_queue<Held, std::vector<Held>, Later> held_;
  std::uint64_t order_ = 0;
  Timestamp last_row_{};
  const char* last_symbol_ = nullptr;
  const char* last_exchange_ = nullptr;
  bool at_end_ = false;
};

ReplayFeed::ReplayFeed(ReplayOptions options, const TradingCalendar& calendar)
    : options_(std::move(options)), calendar_(calendar) {
  for (const auto& path : replay_files(options_)) {
    files_.push_back(look_into(path, options_, symbols_));
    const ReplayFile& file = files_.back();
    know_instrument(instruments_, options_.instruments.get(), file.first_exchange,
                    file.first_symbol, file.first);
  }
  std::stable_sort(files_.begin(), files_.end(),
                   [](const ReplayFile& a, const ReplayFile& b) { return a.first < b.first; });
}

ReplayFeed::~ReplayFeed() = default;

bool ReplayFeed::open_lane(const ReplayFile& file) {
  try {
    auto lane = std::make_unique<Lane>(open_source(file, options_, symbols_, stats_), calendar_,
                                       instruments_, options_.instruments.get());
    const FeedState state = lane->advance();
    if (state == FeedState::failed) error_ = lane->error();
    if (state == FeedState::record) lanes_.push_back(std::move(lane));
  } catch (const std::exception& problem) {
    error_ = problem.what();
  }
  return error_.empty();
}

void ReplayFeed::open_due_lanes() {
  while (error_.empty() && next_file_ < files_.size()) {
    const bool due = std::all_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) {
      return lane->front().at() >= files_[next_file_].first;
    });
    if (!due || !open_lane(files_[next_file_++])) return;
  }
}

FeedState ReplayFeed::next(FeedRecord& record) {
  open_due_lanes();
  if (!error_.empty()) return FeedState::failed;
  if (lanes_.empty()) return FeedState::end;
  auto first = lanes_.begin();
  for (auto lane = first + 1; lane != lanes_.end(); ++lane) {
    if (happens_before((*lane)->front(), (*first)->front())) first = lane;
  }
  std::swap(record, (*first)->front());
  ++stats_.records;
  const FeedState state = (*first)->advance();
  if (state == FeedState::failed) error_ = (*first)->error();
  if (state != FeedState::record) lanes_.erase(first);
  return FeedState::record;
}

}  // namespace tapedeck::market
