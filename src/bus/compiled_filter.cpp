#include "bus/compiled_filter.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "event/json_writer.hpp"

namespace tapedeck {
namespace {

std::shared_ptr<const Expression> compile(const std::string& expression) {
  if (expression.empty()) return nullptr;
  auto compiled = Expression::compile(expression);
  if (!compiled) throw std::invalid_argument(compiled.error().message);
  return std::move(compiled).value();
}

}  // namespace

std::vector<std::string> accepted_by_both(std::vector<std::string> a,
                                          const std::vector<std::string>& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  std::erase_if(
      a, [&](const std::string& value) { return std::find(b.begin(), b.end(), value) == b.end(); });
  if (a.empty()) a.emplace_back("\"");  // neither in a type nor bare in a spelled value
  return a;
}

CompiledFilter::CompiledFilter(const Filter& filter)
    : CompiledFilter(filter, compile(filter.expression)) {}

CompiledFilter::CompiledFilter(const Filter& filter, std::shared_ptr<const Expression> expression)
    : types_(filter.event_type), expression_{std::move(expression)} {
  std::sort(types_.begin(), types_.end());
  add_lists(filter);
  timed_ = filter.since.has_value() || filter.until.has_value();
  if (filter.since) since_ns_ = to_ns(*filter.since);
  if (filter.until) until_ns_ = to_ns(*filter.until);
}

void CompiledFilter::narrow(const Filter& within) {
  types_ = accepted_by_both(std::move(types_), within.event_type);
  std::sort(types_.begin(), types_.end());
  add_lists(within);
}

void CompiledFilter::add_lists(const Filter& filter) {
  add(Key::symbol, filter.symbol);
  add(Key::exchange, filter.exchange);
  add(Key::strategy, filter.strategy);
  add(Key::engine, filter.engine);
  add(Key::engine_id, filter.engine_id);
  add(Key::host, filter.host);
  add(Key::account, filter.account);
  add(Key::mode, filter.mode);
  add(Key::run_id, filter.run_id);
  add(Key::order_id, filter.order_id);
  add(Key::correlation_id, filter.correlation_id);
}

void CompiledFilter::add(Key key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  Condition condition{key, key == Key::strategy ? Key::strategy_name : key, {}};
  for (const std::string& value : values) {
    std::string quoted = json::quoted(value);
    condition.values.push_back(quoted.substr(1, quoted.size() - 2));
  }
  std::sort(condition.values.begin(), condition.values.end());
  conditions_.push_back(std::move(condition));
}

bool CompiledFilter::matches(const char* frame, const FrameIndex& index) const {
  if (timed_ && (index.timestamp_ns < since_ns_ || index.timestamp_ns > until_ns_)) return false;
  if (!matches_keys(frame, index, [](Key) { return true; })) return false;
  return expression() == nullptr || expression()->matches(frame, index);
}

}  // namespace tapedeck
