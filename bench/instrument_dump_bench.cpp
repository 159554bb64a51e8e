// Reading an instrument dump of 100 000 rows beside the obvious way (getline, a stringstream a row,
// a map of structs), and making a universe of it.
#include <map>
#include <memory>
#include <sstream>

#include "bench_support.hpp"
#include "support/synthetic_dump.hpp"
#include "tapedeck/universe/universe.hpp"

namespace {

using namespace tapedeck;

constexpr std::size_t kRows = 100'000;
constexpr int kRounds = 9;

struct PlainRow {
  long token = 0;
  std::string symbol, name, expiry, type, segment, exchange;
  double strike = 0, tick_size = 0;
  long lot_size = 0;
};

std::size_t read_plainly(const std::string& text) {
  std::map<std::string, PlainRow> all;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    all[cells[11] + ':' + cells[2]] = PlainRow{std::stol(cells[0]),
                                               cells[2],
                                               cells[3],
                                               cells[5],
                                               cells[9],
                                               cells[10],
                                               cells[11],
                                               std::stod(cells[6]),
                                               std::stod(cells[7]),
                                               std::stol(cells[8])};
  }
  return all.size();
}

/// The median of some rounds, in milliseconds.
template <typename Work>
double median_ms(const Work& work) {
  bench::Samples samples(kRounds);
  for (int i = 0; i < kRounds; ++i) {
    const std::uint64_t begin = bench::stamp();
    if (work() != kRows) {
      std::fprintf(stderr, "rows are missing\n");
      std::exit(1);
    }
    samples.add(bench::stamp() - begin);
  }
  return samples.at(0.5) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Report report(argc, argv);
  const std::string text = test::large_dump(kRows);
  report.begin("100 000 rows of an instrument dump, to rows that can be looked up", {"ms"});
  report.row("tapedeck, every cell checked",
             {median_ms([&] { return universe::parse_dump(text, "bench").rows.size(); })});
  report.row("stringstreams into a map", {median_ms([&] { return read_plainly(text); })});

  const auto dump =
      std::make_shared<const universe::InstrumentDump>(universe::parse_dump(text, "bench"));
  report.begin("the universe of these rows", {"ms"});
  report.row("tapedeck", {median_ms([&] {
               return universe::Universe(dump, market::make_date(2025, 11, 18), {}).all().size();
             })});
}
