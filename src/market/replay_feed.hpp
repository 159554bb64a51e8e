// The feed that plays files back: ticks or candles of one file or of a folder. The files of a
// folder are merged by time (files with equal times in the order of their names), so that one file
// per day and one file per symbol both play as they happened; a file is opened when its time comes.
//
// A candle becomes two records: a mark with its open a second after its start, and the candle at
// its end. Rows whose time steps back within a file are handed over where they stand: the engine
// counts them late. Memory: one read buffer per open CSV file; a JSON file is held while it is
// played.
#pragma once

#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "market/replay_source.hpp"
#include "tapedeck/market/feed.hpp"

namespace tapedeck::market {

class ReplayFeed final : public Feed {
 public:
  /// @throws std::invalid_argument when a file is missing, unreadable or holds no good row.
  ReplayFeed(ReplayOptions options, const TradingCalendar& calendar);
  ~ReplayFeed() override;

  FeedState next(FeedRecord& record) override;
  std::string error() const override { return error_; }
  const InstrumentTable& instruments() const override { return instruments_; }
  bool knows_all_instruments() const override { return false; }
  std::vector<Candle> history(std::span<const Timeframe>) override { return {}; }
  const FeedStats& stats() const override { return stats_; }
  std::string_view mode() const override { return "replay"; }

 private:
  class Lane;

  void open_due_lanes();
  bool open_lane(const ReplayFile& file);

  ReplayOptions options_;
  const TradingCalendar& calendar_;
  SymbolPool symbols_;
  InstrumentTable instruments_;
  FeedStats stats_;
  std::string error_;
  std::vector<ReplayFile> files_;  // by time of the first row
  std::size_t next_file_ = 0;
  std::vector<std::unique_ptr<Lane>> lanes_;  // open ones, in the order of files_
};

}  // namespace tapedeck::market
