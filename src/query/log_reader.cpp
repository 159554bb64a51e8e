#include "query/log_reader.hpp"

namespace tapedeck {

Selection select_newest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        std::uint64_t end, std::size_t limit) {
  Selection out;
  out.items.reserve(std::min<std::size_t>(limit, 1024));
  out.next = scan_backwards(log, filter, first, end, &out.pins, [&](const ScannedEvent& item) {
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
                        std::uint64_t end, const LatestKeys& keys,
                        std::unordered_set<std::string>& seen, std::size_t limit) {
  Selection out;
  std::string identity;
  out.next = scan_backwards(log, filter, first, end, &out.pins, [&](const ScannedEvent& item) {
    identity.clear();
    keys.append_identity(identity, item.frame, *item.index);
    if (!seen.insert(identity).second) return true;
    out.more = out.items.size() == limit;
    if (!out.more) out.items.push_back(item);
    return !out.more;
  });
  return out;
}

}  // namespace tapedeck
