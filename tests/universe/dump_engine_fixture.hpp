// A builder with a dump file of its own, and what it publishes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "market/engine_support.hpp"
#include "support/synthetic_dump.hpp"
#include "tapedeck/universe/universe_builder.hpp"
#include "universe/dump_file.hpp"

namespace tapedeck::universe {

inline const std::string kShares =
    test::index_row("NIFTY 50", 256265) + test::share_row("INFY") + test::share_row("TCS", 2);
inline const std::string kFutures = test::future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25");

inline std::string options_around(double low, double high, double step = 50) {
  std::string rows;
  for (double strike = low; strike <= high; strike += step) {
    rows += test::option_pair("NIFTY", "25N18", "2025-11-18", strike);
  }
  return rows;
}

class DumpEngineTest : public ::testing::Test {
 protected:
  DumpEngineTest() { options_.dump = file_.path(); }

  void put(const std::string& rows) {
    replace_file(file_.path(), std::string(test::kDumpHeader) + rows);
  }
  UniverseBuilder& make() {
    builder_ = std::make_unique<UniverseBuilder>(bus_.publisher("universe"), calendar_, options_);
    return *builder_;
  }
  std::vector<std::string> scans() { return bus_.payloads("universe_scan"); }
  std::string last_health() { return bus_.payloads("engine_health").back(); }

  test::TemporaryFile file_{"instruments.csv", ""};
  test::TestBus bus_;
  market::TradingCalendar calendar_;
  UniverseOptions options_;
  std::unique_ptr<UniverseBuilder> builder_;
};

}  // namespace tapedeck::universe
