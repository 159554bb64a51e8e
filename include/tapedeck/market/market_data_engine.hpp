// MarketDataEngine: ticks become candles, candles become longer candles, and whatever is wrong with
// the data is told: gaps, late ticks, silent symbols, symbols nobody knows.
//
// Publishes candle_event at a candle's end, session_event at phase changes, feed_gap,
// mde_lookup_failure (once per symbol), mde_stale_symbols (when the set changes) and engine_health
// every 3 s of engine time. Rules:
//   - Only ticks of a continuous session count; others are counted as out_of_session_ticks.
//   - A tick older than the start of its symbol's open shortest candle is late: counted, not used.
//   - A feed_gap is a silence of a symbol longer than gap_threshold within one continuous session
//     (from the session's or the engine's start, if that is later); told when the next tick comes,
//     else at the session's end.
//   - degraded: no tick of any symbol for longer than gap_threshold while a session is on.
//
// One engine thread. A tick costs a map look-up and a few compares per timeframe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "market/candle_builder.hpp"
#include "market/heartbeat.hpp"
#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/market/instrument.hpp"

namespace tapedeck::market {

struct MarketDataOptions {
  std::vector<Timeframe> timeframes;  ///< ascending, not empty
  std::chrono::nanoseconds gap_threshold = std::chrono::seconds{60};
  std::chrono::nanoseconds stale_after = std::chrono::minutes{60};  ///< of trading time
  std::chrono::nanoseconds health_every = std::chrono::seconds{3};
  bool has_kite_client = false;
};

struct MarketDataCounts {
  std::uint64_t ticks = 0;
  std::uint64_t candles = 0;
  std::uint64_t late_ticks = 0;
  std::uint64_t bad_ticks = 0;
  std::uint64_t out_of_session_ticks = 0;
  std::uint64_t gaps = 0;
  std::uint64_t lookup_failures = 0;
};

class MarketDataEngine final : public Engine {
 public:
  static constexpr std::string_view kName = "MarketDataEngine";
  using CandleSink = std::function<void(const Candle&)>;

  /// @param instruments read at every new symbol; must outlive the engine
  /// @param sink gets each closed candle, after its candle_event, at engine time candle.end
  MarketDataEngine(EnginePublisher publisher, const TradingCalendar& calendar,
                   const InstrumentTable& instruments, MarketDataOptions options, CandleSink sink);

  /// Says that this symbol is wanted; unknown ones are told as mde_lookup_failure.
  /// @return whether the instrument table has it
  bool watch(std::string_view symbol);
  /// @return whether the tick is the newest price of its symbol in a session: what may be traded on
  bool on_tick(const Tick& tick);
  /// @return whether the moment lies in a continuous session of the symbol
  bool in_session(std::string_view symbol, Timestamp at);
  /// Whether on_candle() would take it.
  bool is_current(const Candle& candle);
  /// A finished candle of the feed: passed on as it is and added to the longer timeframes.
  /// @return false when it was late or out of session
  bool on_candle(const Candle& candle);
  /// How many rows the feed has had to skip so far.
  void set_bad_rows(std::uint64_t total) noexcept { bad_rows_ = total; }
  MarketDataCounts counts() const noexcept;

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override { heartbeat_.mute(); }

 private:
  struct SymbolState {
    InstrumentInfo info;
    std::optional<PhaseSpan> session;
    Timestamp last_seen{};
    Timestamp heard{};  // last data of this session, or since when it could have come
    bool fed_with_candles = false;
    std::vector<CandleBuilder> builders;
  };
  struct GroupState {
    Phase phase = Phase::closed;
    Timestamp next_change{};
  };

  SymbolState* state_of(std::string_view symbol);
  bool enter_session(SymbolState& state, Timestamp at);
  void leave_sessions(bool fed_with_candles);
  void note_gap(SymbolState& state, Timestamp until, std::optional<Timeframe> timeframe);
  void follow_group(SessionGroup group);
  void publish_phase(SessionGroup group, Phase phase, Timestamp at);
  void change_phases(Timestamp now);
  void close_candles(Timestamp up_to);
  void close_candle(SymbolState& state, CandleBuilder& builder);
  void publish_candle(const SymbolState& state, const Candle& candle);
  void find_next_close();
  static Timestamp close_due(const SymbolState& state, const CandleBuilder& builder) noexcept;
  void beat(Timestamp at);
  bool is_starved(Timestamp at) const;
  void find_stale_symbols(Timestamp at);
  void publish_health(Timestamp at, std::string_view error = {});

  EnginePublisher publisher_;
  const TradingCalendar& calendar_;
  const InstrumentTable& instruments_;
  MarketDataOptions options_;
  CandleSink sink_;
  Heartbeat heartbeat_;
  Timestamp now_{};
  Timestamp started_{};
  std::map<std::string, SymbolState, std::less<>> symbols_;
  SymbolState* last_used_ = nullptr;
  std::map<SessionGroup, GroupState> groups_;
  std::set<std::string, std::less<>> not_found_;
  std::set<std::string, std::less<>> stale_;
  Timestamp next_close_ = Timestamp::max();
  Timestamp last_tick_{};
  MarketDataCounts counts_;
  std::uint64_t bad_rows_ = 0;
  std::uint64_t ticks_at_last_beat_ = 0;
};

}  // namespace tapedeck::market
