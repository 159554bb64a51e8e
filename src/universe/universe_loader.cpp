#include "universe/universe_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace tapedeck::universe {
namespace {

UniverseRules rules_of(const UniverseOptions& options, market::IstDate as_of) {
  UniverseRules rules;
  rules.filter = options.filter;
  rules.lists = load_symbol_lists(options.lists, as_of);
  rules.index_names = options.index_names;
  if (!options.freeze_file.empty()) rules.freeze.add(FreezeTable::load(options.freeze_file));
  return rules;
}

std::shared_ptr<const InstrumentDump> read(const UniverseOptions& options,
                                           const LoadRequest& request, LoadResult& result) {
  result.version = version_of(options.dump);
  auto dump = std::make_shared<InstrumentDump>(read_dump(options.dump, options.limits));
  result.report = dump->report;
  if (dump->problem.empty() && version_of(options.dump) != result.version) {
    dump->problem = fmt::format("'{}' changed while it was read", options.dump.string());
  }
  if (dump->problem.empty() && request.before != nullptr && request.before->dump() != nullptr) {
    dump->problem = shrink_problem(*request.before->dump(), *dump, request.as_of,
                                   options.max_shrink_share, options.shrink_slack);
  }
  if (!dump->problem.empty()) throw std::runtime_error(dump->problem);
  return dump;
}

bool is_news(const Scans& scans) {
  return std::any_of(scans.begin(), scans.end(), [](const auto& at) {
    const ExchangeScan& scan = at.second;
    return scan.added.total + scan.removed.total + scan.changed.total > 0;
  });
}

/// Keeps every row that is listed, not only those the filter kept: another filter may follow.
void keep_state(const UniverseOptions& options, const LoadRequest& request, LoadResult& result) {
  if (options.state_file.empty() || !request.keep_state) return;
  if (request.before != nullptr && !is_news(result.difference.scans) &&
      version_of(options.state_file))
    return;
  const std::string date = market::format_date(request.as_of);
  std::vector<DumpRow> listed;
  for (const DumpRow& row : result.universe->dump()->rows) {
    if (is_live(row, date)) listed.push_back(row);
  }
  try {
    write_dump(options.state_file, listed);
  } catch (const std::exception& unwritable) {
    result.state_problem = unwritable.what();
  }
}

void load(const UniverseOptions& options, const LoadRequest& request, LoadResult& result) {
  const auto dump = request.read_file ? read(options, request, result) : request.before->dump();
  if (!request.read_file) result.report = dump->report;
  auto universe =
      std::make_shared<const Universe>(dump, request.as_of, rules_of(options, request.as_of));
  if (universe->all().empty()) {
    throw std::runtime_error(
        fmt::format("'{}' has no instrument that the filter keeps and that has not expired by {}",
                    options.dump.string(), market::format_date(request.as_of)));
  }
  result.difference = compare(request.before.get(), *universe, options.listed_changes);
  result.universe = std::move(universe);
  keep_state(options, request, result);
}

}  // namespace

UniverseOptions checked(UniverseOptions options) {
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) throw std::invalid_argument(sentence);
  };
  require(!options.dump.empty(), "the universe needs the path of an instrument dump");
  require(options.check_every > std::chrono::nanoseconds{0}, "check_every must be above zero");
  require(options.health_every > std::chrono::nanoseconds{0}, "health_every must be above zero");
  require(options.max_shrink_share >= 0 && options.max_shrink_share <= 1,
          "max_shrink_share must be from 0 to 1");
  require(options.limits.max_bad_share >= 0 && options.limits.max_bad_share <= 1,
          "max_bad_share must be from 0 to 1");
  require(options.stale_after_sessions >= 0, "stale_after_sessions must not be negative");
  for (const std::string& name : options.filter.lists) {
    const bool known = std::any_of(options.lists.begin(), options.lists.end(),
                                   [&](const SymbolListFile& file) { return file.name == name; });
    if (!known) throw std::invalid_argument(fmt::format("there is no file of the list '{}'", name));
  }
  return options;
}

LoadResult load_universe(const UniverseOptions& options, const LoadRequest& request) noexcept {
  LoadResult result;
  result.as_of = request.as_of;
  try {
    load(options, request, result);
  } catch (const std::exception& refused) {
    result.problem = refused.what();
  }
  return result;
}

std::shared_ptr<const Universe> load_kept_universe(const UniverseOptions& options,
                                                   market::IstDate as_of,
                                                   std::string& problem) noexcept {
  try {
    if (options.state_file.empty() || !version_of(options.state_file)) return nullptr;
    auto dump = std::make_shared<InstrumentDump>(read_dump(options.state_file, options.limits));
    if (!dump->problem.empty()) throw std::runtime_error(dump->problem);
    // Everything in it was listed when it was kept, whatever has expired since.
    const auto before_every_expiry = market::make_date(1900, 1, 1);
    return std::make_shared<const Universe>(std::move(dump), before_every_expiry,
                                            rules_of(options, as_of));
  } catch (const std::exception& unusable) {
    problem = unusable.what();
  }
  return nullptr;
}

std::string shrink_problem(const InstrumentDump& before, const InstrumentDump& now,
                           market::IstDate as_of, double max_share, std::size_t slack) {
  const auto fresh = live_rows(now, as_of);
  for (const auto& [exchange, had] : live_rows(before, as_of)) {
    const auto at = fresh.find(exchange);
    const std::size_t has = at == fresh.end() ? 0 : at->second;
    if (has >= had || had - has <= slack) continue;
    if (static_cast<double>(had - has) <= max_share * static_cast<double>(had)) continue;
    return fmt::format(
        "{} has {} instruments, {} fewer than in the last good dump ({}): more than {}% less; "
        "allow a larger share if that is right",
        exchange, has, had - has, had, max_share * 100);
  }
  return {};
}

}  // namespace tapedeck::universe
