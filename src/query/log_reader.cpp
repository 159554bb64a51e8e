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

NewestStart start_of_newest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                            std::size_t count) {
  const std::uint64_t end = log.last_seq() + 1;
  NewestStart out{end, 0, end};
  if (count == 0) return out;
  out.next = scan_backwards(log, filter, first, end, nullptr, [&](const ScannedEvent& item) {
    out.seq = item.seq;
    return ++out.found < count;
  });
  return out;
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
