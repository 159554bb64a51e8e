#include "tapedeck/universe/universe_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/engine_support.hpp"

namespace tapedeck::universe {
namespace {

using namespace std::chrono_literals;
using market::make_date;
using test::at_ist;
using testing::HasSubstr;
using testing::SizeIs;

class UniverseBuilderTest : public testing::Test {
 protected:
  UniverseBuilderTest() {
    for (const char* symbol : {"INFY", "TCS", "NIFTY", "NIFTY25NOVFUT"}) {
      instruments_.add(market::infer_instrument(symbol, make_date(2025, 11, 18)));
    }
  }
  test::TestBus bus_;
  market::TradingCalendar calendar_;
  market::InstrumentTable instruments_;
  UniverseBuilder builder_{bus_.publisher(), calendar_, instruments_};
};

TEST_F(UniverseBuilderTest, ScansEachExchangeAtTheStart) {
  builder_.start(at_ist(9, 0));
  const auto scans = bus_.payloads("universe_scan");
  ASSERT_THAT(scans, SizeIs(2));
  EXPECT_THAT(scans[0], HasSubstr(R"("scan_type":"fno","universe_size":1,)"
                                  R"("summary":{"exchange":"NFO","instrument_types":["FUT"])"));
  EXPECT_THAT(scans[1], HasSubstr(R"("scan_type":"equity","universe_size":3)"));
  EXPECT_THAT(scans[1], HasSubstr(R"("counts":{"EQ":2,"INDEX":1},"added":[],"removed":[])"));
  EXPECT_THAT(bus_.payloads("universe_summary"), SizeIs(1));
}

TEST_F(UniverseBuilderTest, TellsWhatChangedAtTheNextSession) {
  builder_.start(at_ist(9, 0));
  builder_.advance_to(at_ist(15, 0));
  EXPECT_THAT(bus_.events("universe_scan"), SizeIs(2));
  instruments_.remove("NFO", "NIFTY25NOVFUT");
  instruments_.add(market::infer_instrument("NIFTY25DECFUT", make_date(2025, 11, 19)));
  builder_.skip_to(at_ist(9, 0) + 24h);
  const auto scans = bus_.payloads("universe_scan");
  ASSERT_THAT(scans, SizeIs(4));
  EXPECT_THAT(scans[2], HasSubstr(R"("added":["NIFTY25DECFUT"],"removed":["NIFTY25NOVFUT"])"));
}

TEST_F(UniverseBuilderTest, ToldToStopItSaysSo) {
  builder_.start(at_ist(9, 0));
  builder_.stop(at_ist(9, 1));
  const auto health = bus_.payloads("engine_health");
  ASSERT_THAT(health, SizeIs(3));
  EXPECT_THAT(health[0], HasSubstr("starting"));
  EXPECT_THAT(health[1], HasSubstr("active"));
  EXPECT_THAT(health[2], HasSubstr("stopped"));
  EXPECT_THAT(health[1], HasSubstr(R"("instruments_age_hours":null)")) << "there is no file";
}

}  // namespace
}  // namespace tapedeck::universe
