// The inside of MarketDataEngine. market_data_engine.cpp has the way of a tick, market_candles.cpp
// what becomes of candles, market_clock.cpp sessions and gaps, market_health.cpp health.
//
// Candles of the shortest timeframe are built from ticks; those of a timeframe that is made of it
// are added up when it closes, which is exact because a tick older than the open shortest candle is
// late for all. So a tick costs the same with one timeframe as with eight.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "market/candle_builder.hpp"
#include "market/candle_cache.hpp"
#include "market/close_schedule.hpp"
#include "market/day_volume.hpp"
#include "market/frozen_watch.hpp"
#include "market/heartbeat.hpp"
#include "market/jump_guard.hpp"
#include "tapedeck/market/market_data_engine.hpp"

namespace tapedeck::market {

class MarketDataEngine::Impl {
 public:
  Impl(EnginePublisher publisher, const TradingCalendar& calendar,
       const InstrumentTable& instruments, MarketDataOptions options, CandleSink sink);

  bool watch(std::string_view exchange, std::string_view symbol);
  bool on_tick(const Tick& tick);
  std::int64_t last_quantity() const noexcept { return last_quantity_; }
  bool in_session(std::string_view exchange, std::string_view symbol, Timestamp at);
  bool is_current(const Candle& candle);
  bool on_candle(const Candle& candle);
  void set_feed_stats(const FeedStats& stats) noexcept;
  MarketDataCounts counts() const noexcept;  // market_health.cpp

  std::vector<Candle> get_window(const SeriesName& name, std::size_t n) const;
  std::optional<LatestCandle> get_latest_candle(const SeriesName& name) const;
  /// The exchange that is meant; empty when the table does not have the symbol.
  std::string exchange_of(std::string_view exchange, std::string_view symbol) const;
  std::string_view update(const Candle& candle);
  std::size_t replay(const CandleQuery& query, const CandleSink& each);
  std::vector<Candle> history(std::span<const Timeframe> timeframes, Timestamp until);

  void start(Timestamp now);
  Timestamp next_due() const;
  void advance_to(Timestamp now);
  void skip_to(Timestamp now);
  void fail(Timestamp now, std::string_view reason);
  void stop(Timestamp now);
  void stop_telemetry() { heartbeat_.mute(); }

 private:
  enum class Source : std::uint8_t { none, ticks, candles };

  struct SymbolState {
    SymbolState(InstrumentInfo the_info, JumpGuard the_guard)
        : info(std::move(the_info)), guard(std::move(the_guard)) {}

    InstrumentInfo info;
    std::uint32_t number = 0;  // in order of appearance
    std::optional<PhaseSpan> session;
    PhaseSpan day;  // that 1d candles are aligned to, while there is a session
    Timestamp last_seen{};
    Timestamp heard{};  // last data of this session, or since when it could have come
    Source source = Source::none;
    JumpGuard guard;
    Timestamp last_arrived{};
    double last_price = 0;
    std::int64_t last_quantity = 0;
    DayVolume day_volume;
    std::vector<CandleBuilder> builders;       // by timeframe
    std::vector<CandleCache::Series*> cached;  // by timeframe
    FrozenWatch frozen;
    Timestamp watched{};
    Timestamp stale_check{};  // not stale before
    bool is_stale = false;
    double price = 0;         // last accepted
    std::uint64_t ticks = 0;  // used, or candles
    std::uint64_t ticks_at_last_beat = 0;
    std::uint32_t gaps = 0;  // told on gaps_on
    IstDate gaps_on{};
  };
  struct GroupState {
    Phase phase = Phase::closed;
    Timestamp next_change{};
  };
  using GroupKey = std::pair<SessionGroup, std::string>;  // with its exchange

  /// A symbol as feeds name it: the exchange may be empty.
  struct NameHash {
    using is_transparent = void;
    template <typename Key>
    std::size_t operator()(const Key& key) const noexcept {
      const std::hash<std::string_view> hash;
      return hash(key.symbol) * 31 + (key.exchange.empty() ? 0 : hash(key.exchange));
    }
  };
  struct NameEqual {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.symbol == b.symbol && a.exchange == b.exchange;
    }
  };

  // market_data_engine.cpp
  SymbolState* state_of(std::string_view exchange, std::string_view symbol);
  SymbolState* find_state(InstrumentKeyView name);
  SymbolState& make_state(const InstrumentInfo& info);
  void note_lookup_failure(InstrumentKeyView name);
  bool is_usable(const Tick& tick) noexcept;
  bool is_usable(const Candle& candle) noexcept;
  std::optional<std::int64_t> traded(SymbolState& state, const Tick& tick) noexcept;
  bool is_repeated(SymbolState& state, const JumpGuard::Sample& sample) noexcept;
  bool comes_from(SymbolState& state, Source source) noexcept;
  bool take(SymbolState& state, const JumpGuard::Sample& sample);
  bool take_held(SymbolState& state);

  // market_candles.cpp
  const PhaseSpan& alignment(const SymbolState& state, Timeframe timeframe) const noexcept {
    return timeframe.is_day() ? state.day : *state.session;
  }
  void schedule(const SymbolState& state, std::size_t builder);
  void add_part(SymbolState& state, std::size_t builder, const Bar& part, Timeframe timeframe);
  void close_candles(Timestamp up_to);
  bool is_void(const CloseSchedule::Entry& entry) const noexcept;
  void drop_void_closes();
  void close_candle(SymbolState& state, std::size_t builder);
  void publish_candle(SymbolState& state, const Candle& candle);
  void note_frozen(SymbolState& state, const Candle& candle);
  std::optional<Bar> open_bar(const SymbolState& state, Timeframe timeframe) const;
  bool is_past(const Bar& bar) const noexcept;

  // market_clock.cpp
  bool enter_session(SymbolState& state, Timestamp at);
  void leave_sessions(bool fed_with_candles);
  void note_out_of_session(const SymbolState& state, Timestamp at);
  void note_gap(SymbolState& state, Timestamp until, std::optional<Timeframe> timeframe);
  void publish_status(std::string_view status, Map metrics, Timestamp at);
  void follow_group(const GroupKey& key);
  void publish_phase(const GroupKey& key, Phase phase, Timestamp at);
  void change_phases(Timestamp now);
  void beat(Timestamp at);
  void tell_dropped(Timestamp at);
  bool is_starved(Timestamp at) const;
  void find_stale_symbols(Timestamp at);
  bool look_for_staleness(SymbolState& state, Timestamp at) const;
  void publish_stale_symbols(Timestamp at);

  // market_health.cpp
  void publish_health(Timestamp at, std::string_view error = {});
  bool is_listed(const SymbolState& state, Timestamp at) const;
  void add_symbols(Map& metrics, Timestamp at);
  Map symbol_figures(const SymbolState& state, Timestamp at) const;

  EnginePublisher publisher_;
  const TradingCalendar& calendar_;
  const InstrumentTable& instruments_;
  MarketDataOptions options_;
  CandleSink sink_;
  Heartbeat heartbeat_;
  CandleCache cache_;
  std::vector<std::size_t> from_ticks_;  // timeframes that ticks are added to
  std::vector<std::size_t> from_parts_;  // those made of the shortest
  Timestamp now_{};
  Timestamp started_{};
  std::map<InstrumentKey, std::unique_ptr<SymbolState>, InstrumentKeyLess> symbols_;
  std::vector<SymbolState*> by_number_;
  std::vector<const SymbolState*> listed_;  // of one health event
  std::unordered_map<InstrumentKey, SymbolState*, NameHash, NameEqual> names_;  // never iterated
  InstrumentKeyView last_name_;  // as it was asked for; the key of names_ keeps the text
  SymbolState* last_used_ = nullptr;
  std::map<GroupKey, GroupState> groups_;
  std::set<InstrumentKey, InstrumentKeyLess> not_found_;
  CloseSchedule closes_;
  std::size_t stale_count_ = 0;
  std::optional<IstDate> no_session_told_;
  Timestamp last_tick_{};
  std::int64_t last_quantity_ = 0;
  MarketDataCounts counts_;
  std::uint64_t feed_bad_rows_ = 0;
  std::uint64_t feed_volume_falls_ = 0;
  std::uint64_t feed_dropped_ = 0;
  std::uint64_t dropped_told_ = 0;
  std::uint64_t ticks_at_last_beat_ = 0;
};

}  // namespace tapedeck::market
