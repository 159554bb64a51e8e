// libFuzzer target for what the universe reads from outside: the text of an instrument dump, and
// the symbols and dates in it. The input is a whole file. A dump that is called good must be usable
// (sorted rows without repeats, known types, positive lots of derivatives), must survive being made
// a universe, and every selection from it must be of listed contracts.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "tapedeck/universe/universe.hpp"

namespace {

using namespace tapedeck::universe;
using tapedeck::market::InstrumentInfo;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_rows(const InstrumentDump& dump) {
  const DumpRow* before = nullptr;
  for (const DumpRow& row : dump.rows) {
    check(row.token > 0 && !row.symbol.empty() && !row.exchange.empty() && row.line > 1);
    check(std::isfinite(row.strike) && row.strike >= 0 && row.tick_size >= 0);
    if (row.is_derivative() && row.segment != "INDICES") {
      check(!row.name.empty() && row.expiry.size() == 10 && row.lot_size > 0);
      check(row.is_option() == (row.strike > 0));
    }
    if (before != nullptr) {
      check(before->exchange < row.exchange ||
            (before->exchange == row.exchange && before->symbol < row.symbol));
    }
    before = &row;
  }
}

void check_selection(const Universe& universe, const InstrumentInfo& option) {
  const StrikeWindow window = universe.select({.underlying = option.underlying,
                                               .expiry_rank = 0,
                                               .strikes_each_side = 1,
                                               .exchange = option.exchange},
                                              option.strike);
  check(window.problem.empty());
  std::set<double> strikes;  // contracts may share one
  for (const auto* side : {&window.calls, &window.puts}) {
    for (const InstrumentInfo* listed : *side) {
      check(listed->expiry == window.expiry && listed->underlying == option.underlying);
      strikes.insert(listed->strike);
    }
  }
  check(strikes.size() <= 3 && strikes.contains(window.at_the_money));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DumpLimits limits;
  limits.max_bad_share = 1;
  limits.max_rows = 1000;
  limits.kept_bad_rows = 5;
  auto dump = std::make_shared<InstrumentDump>(
      parse_dump(std::string(reinterpret_cast<const char*>(data), size), "fuzz", limits));
  check(dump->problem.empty() == !dump->rows.empty());
  check(dump->report.first_bad_rows.size() <= limits.kept_bad_rows);
  check_rows(*dump);
  const Universe universe(dump, tapedeck::market::make_date(2025, 11, 18), {});
  check(universe.all().size() <= dump->rows.size());
  for (const InstrumentInfo& info : universe.all()) {
    check(universe.find(info.exchange, info.symbol) == &info);
    if (info.is_option()) check_selection(universe, info);
  }
  return 0;
}
