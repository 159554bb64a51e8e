// A stored row of rollups, read for an answer: the first byte chooses the dimension and the
// question, the rest is the row. Must never crash, read outside or take more memory than the row
// pays for, and whatever is taken must not break the answer's JSON.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/aggregate_query.hpp"
#include "query/aggregate_result.hpp"

namespace {

tapedeck::AggregateQuery query_of(std::uint8_t choice) {
  using namespace tapedeck;
  const auto dimension = static_cast<Dimension>(choice % kDimensionCount);
  std::vector<QueryParameter> parameters = {{"group_by", std::string(name_of(dimension))},
                                            {"since", "2025-11-18T09:00:00Z"},
                                            {"until", "2025-11-18T09:59:59Z"}};
  switch (choice / kDimensionCount % 4) {
    case 0:
      break;
    case 1:
      parameters.push_back({"event_type", "tick"});
      break;
    case 2:
      parameters.push_back({"metric", "avg"});
      parameters.push_back({"field", "price"});
      break;
    default:
      parameters.push_back({"metric", "p99"});
      parameters.push_back({"field", "price"});
  }
  auto query = parse_aggregate_query(parameters, now(), default_value_fields());
  if (!query) std::abort();
  return std::move(query).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck;
  if (size == 0) return 0;
  AggregateResult result(query_of(data[0]));
  const std::string_view row(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Twice: what the first left behind must not matter to the second.
  const bool first = result.add_row(row).ok();
  if (result.add_row(row).ok() != first) std::abort();
  const std::string json = result.json(AggregateOrigin::rollup);
  if (std::count(json.begin(), json.end(), '"') % 2 != 0) std::abort();
  if (std::any_of(json.begin(), json.end() - 1, [](char c) { return c >= 0 && c < ' '; })) {
    std::abort();
  }
  return 0;
}
