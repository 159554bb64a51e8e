#include "query/log_reader.hpp"

#include <string>
#include <unordered_set>

namespace tapedeck {

Selection select_newest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        std::uint64_t end, std::size_t limit) {
  Selection out;
  out.items.reserve(std::min<std::size_t>(limit, 1024));
  scan_backwards(log, filter, first, end, &out.pins, [&](const ScannedEvent& item) {
    out.more = out.items.size() == limit;
    if (!out.more) out.items.push_back(item);
    return !out.more;
  });
  return out;
}

std::uint64_t start_of_newest(const EventLog& log, const CompiledFilter& filter,
                              std::uint64_t first, std::size_t count) {
  std::uint64_t start = log.last_seq() + 1;
  std::size_t found = 0;
  if (count == 0) return start;
  scan_backwards(log, filter, first, start, nullptr, [&](const ScannedEvent& item) {
    start = item.seq;
    return ++found < count;
  });
  return start;
}

Selection select_latest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        const std::vector<Key>& keys, bool by_type, std::size_t limit) {
  Selection out;
  std::unordered_set<std::string> seen;
  std::string identity;
  scan_backwards(log, filter, first, log.last_seq() + 1, &out.pins, [&](const ScannedEvent& item) {
    identity.clear();
    const auto add = [&](const char* text, std::size_t length) {
      identity.append(text, length);
      identity += '\0';
    };
    if (by_type) add(item.frame + item.index->type_offset(), item.index->type_length);
    for (const Key key : keys) {
      KeySpan span = item.index->keys[static_cast<std::size_t>(key)];
      if (key == Key::strategy && span.packed == 0) {
        span = item.index->keys[static_cast<std::size_t>(Key::strategy_name)];
      }
      add(item.frame + span.offset(), span.length());
    }
    if (!seen.insert(identity).second) return true;
    out.more = out.items.size() == limit;
    if (!out.more) out.items.push_back(item);
    return !out.more;
  });
  return out;
}

}  // namespace tapedeck
