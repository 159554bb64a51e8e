// What a UniverseBuilder is inside: when it looks, what is under way, what it has. Engine thread,
// but for load_universe(), which in the background gets a copy of all it needs.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "market/heartbeat.hpp"
#include "universe/dump_age.hpp"
#include "universe/strike_watch.hpp"
#include "universe/universe_loader.hpp"

namespace tapedeck::universe {

class UniverseBuilder::Impl {
 public:
  Impl(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
       const market::InstrumentTable* table, UniverseOptions options)
      : publisher_(std::move(publisher)),
        calendar_(calendar),
        table_(table),
        options_(std::move(options)),
        heartbeat_(options_.health_every),
        watch_(options_.strikes) {}

  void start(Timestamp now);
  Timestamp next_due() const;
  void advance_to(Timestamp now);
  void skip_to(Timestamp now);
  void fail(Timestamp now, std::string_view reason);
  void stop(Timestamp now);
  bool obey(const market::Command& command, Timestamp now);
  void refresh(Timestamp now);
  void on_price(std::string_view exchange, std::string_view symbol, double price, Timestamp now);

  void mute() { heartbeat_.mute(); }
  std::uint64_t refreshes() const noexcept { return refreshes_; }
  std::uint64_t failures() const noexcept { return failures_; }
  const std::string& last_error() const noexcept { return last_error_; }
  const std::shared_ptr<const Universe>& universe() const noexcept { return universe_; }
  std::span<const StrikeWindow> strikes() const noexcept { return watch_.windows(); }

 private:
  enum class Work { none, another_date, read };

  void look_at_table();
  void start_work(Work work);
  LoadRequest request_for(Work work) const;
  bool is_done() const;
  void finish_work();
  void take(LoadResult result, Work work);
  void refuse(std::string problem);
  void hand_on(std::vector<const market::InstrumentInfo*> news);
  void retire(std::shared_ptr<const Universe> old);
  void publish_scans(const Scans& scans, market::IstDate date);
  void publish_strikes(const std::vector<WindowChange>& changes);
  void answer(std::vector<market::Command>& commands);
  void check_file();
  void drop_expired();
  void open_session();
  void plan();
  void update_state();
  void publish_health(std::string_view error = {});

  market::EnginePublisher publisher_;
  const market::TradingCalendar& calendar_;
  const market::InstrumentTable* table_;  // null: a dump
  const UniverseOptions options_;
  market::Heartbeat heartbeat_;
  StrikeWatch watch_;
  Timestamp now_{};
  Timestamp next_check_ = Timestamp::max();
  Timestamp next_open_ = Timestamp::max();
  Timestamp next_expiry_ = Timestamp::max();
  std::shared_ptr<const Universe> universe_;
  DumpReport report_;
  std::optional<FileVersion> version_;       // of the dump that was read last, good or not
  std::optional<FileVersion> good_version_;  // of the dump that is in use
  DumpAge age_;
  std::uint64_t refreshes_ = 0;
  std::uint64_t failures_ = 0;
  std::string last_error_;
  std::string state_problem_;
  Work waiting_ = Work::none;  // to be begun when what is running has ended
  std::vector<market::Command> waiting_commands_;
  std::vector<market::Command> running_commands_;
  Work running_work_ = Work::none;
  bool handed_on_ = false;
  bool stopped_ = false;
  // Last: their destructors wait for their threads.
  std::future<void> retiring_;
  std::future<LoadResult> running_;
};

}  // namespace tapedeck::universe
