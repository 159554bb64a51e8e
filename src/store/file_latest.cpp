// FileScan::latest: the newest event of each identity. Where identity and filter are made of series
// keys alone, the newest event of each series is known by segment, so a day is not replayed: the
// segments' lists are walked from the newest back until every identity has been met.
#include <algorithm>
#include <unordered_map>

#include "store/file_scan.hpp"

namespace tapedeck::store {
namespace {

constexpr std::uint32_t kNoGroup = ~std::uint32_t{0};

bool only_series_keys(const CompiledFilter& filter, const LatestKeys& keys) {
  return filter.expression() == nullptr &&
         std::all_of(keys.keys.begin(), keys.keys.end(), is_series_key) &&
         std::all_of(filter.conditions().begin(), filter.conditions().end(),
                     [](const auto& condition) { return is_series_key(condition.key); });
}

}  // namespace

void FileScan::latest(const LatestKeys& keys, std::uint64_t end,
                      std::unordered_set<std::string>& seen, SliceBuilder& out) {
  out.slice.next = file_.first_seq();
  if (none_passes_) return;
  if (only_series_keys(filter_, keys) && !file_.has_events_without_series()) {
    latest_by_series(keys, end, seen, out);
  } else {
    latest_by_events(keys, end, seen, out);
  }
}

void FileScan::latest_by_series(const LatestKeys& keys, std::uint64_t end,
                                std::unordered_set<std::string>& seen, SliceBuilder& out) {
  std::unordered_map<std::string, std::uint32_t> numbers;
  std::vector<std::uint32_t> group_of(passes_.size(), kNoGroup);
  std::string identity;
  file_.series().for_each([&](SeriesId id, const Series& series) {
    if (id >= passes_.size() || passes_[id] == 0) return;
    identity.clear();
    keys.append_identity(identity, series.text.data(), series.index);
    if (seen.contains(identity)) return;
    group_of[id] = numbers.emplace(identity, numbers.size()).first->second;
  });
  std::vector<std::uint64_t> newest = newest_of_groups(group_of, numbers.size(), end);
  std::vector<std::uint64_t> wanted;
  for (const auto& [name, number] : numbers) {
    if (newest[number] == 0) continue;
    seen.insert(name);
    wanted.push_back(newest[number]);
  }
  std::sort(wanted.begin(), wanted.end(), std::greater<>());
  if (wanted.size() > out.events_left()) {
    wanted.resize(out.events_left());
    out.slice.next = file_.first_seq() + 1;  // there is more
  }
  fetch(wanted, out);
}

std::vector<std::uint64_t> FileScan::newest_of_groups(const std::vector<std::uint32_t>& group_of,
                                                      std::size_t groups, std::uint64_t end) {
  std::vector<Winner> winners(groups);
  std::size_t open = groups;
  const auto close_round = [&] {  // what is older cannot win any more
    for (Winner& winner : winners) {
      if (winner.done || winner.seq == 0) continue;
      winner.done = true;
      --open;
    }
  };
  const auto segments = file_.segments();
  const BlockOrdinal behind = segments.empty() ? 0 : segments.back().end_block;
  take_blocks(behind, static_cast<BlockOrdinal>(file_.block_count()), end, group_of, winners);
  close_round();
  for (auto segment = segments.rbegin(); segment != segments.rend() && open > 0; ++segment) {
    const bool whole = segment->min_ns >= filter_.since_ns() &&
                       segment->max_ns <= filter_.until_ns() &&
                       file_.block(segment->end_block - 1).end_seq <= end;
    if (whole) {
      for (const NewestEvent& event : file_.read_newest(*lease_, *segment)) {
        const std::uint32_t group =
            event.series < group_of.size() ? group_of[event.series] : kNoGroup;
        if (group == kNoGroup || winners[group].done) continue;
        winners[group].seq = std::max(winners[group].seq, event.seq);
      }
    } else if (segment->max_ns >= filter_.since_ns() && segment->min_ns <= filter_.until_ns()) {
      take_blocks(segment->first_block, segment->end_block, end, group_of, winners);
    }
    close_round();
  }
  std::vector<std::uint64_t> newest(groups);
  std::transform(winners.begin(), winners.end(), newest.begin(),
                 [](const Winner& winner) { return winner.seq; });
  return newest;
}

/// Looks at the columns of blocks [first, end_block).
void FileScan::take_blocks(BlockOrdinal first, BlockOrdinal end_block, std::uint64_t end,
                           const std::vector<std::uint32_t>& group_of,
                           std::vector<Winner>& winners) {
  for (BlockOrdinal ordinal = first; ordinal < end_block; ++ordinal) {
    const BlockInfo info = file_.block(ordinal);
    if (info.first_seq >= end || !may_match(info)) continue;
    for (const EventColumns& event : file_.read_columns(*lease_, ordinal)) {
      if (event.seq >= end || event.series >= group_of.size() || !may_match(event)) continue;
      const std::uint32_t group = group_of[event.series];
      if (group == kNoGroup || winners[group].done) continue;
      winners[group].seq = std::max(winners[group].seq, event.seq);
    }
  }
}

/// Appends these events, which are there and match; newest first.
void FileScan::fetch(const std::vector<std::uint64_t>& seqs, SliceBuilder& out) {
  for (auto seq = seqs.begin(); seq != seqs.end();) {
    const BlockOrdinal ordinal = file_.block_of(*seq);
    const auto columns = file_.read_columns(*lease_, ordinal);
    StoredFrames found;
    found.bytes = file_.read_data(*lease_, ordinal, columns);
    if (*seq < columns.front().seq) {
      throw HistoryError(file_.path().string() +
                         ": a segment is damaged; tapedeck verify tells how much is");
    }
    for (; seq != seqs.end() && *seq >= columns.front().seq; ++seq) {
      const auto event = std::lower_bound(
          columns.begin(), columns.end(), *seq,
          [](const EventColumns& column, std::uint64_t wanted) { return column.seq < wanted; });
      if (event != columns.end() && event->seq == *seq) add_event(found, *event);
    }
    out.add(std::move(found));
  }
}

/// By looking at the events themselves, from the newest back, as far as the limits allow.
void FileScan::latest_by_events(const LatestKeys& keys, std::uint64_t end,
                                std::unordered_set<std::string>& seen, SliceBuilder& out) {
  std::string identity;
  ReadLimits some;
  while (end > file_.first_seq() && !out.full()) {
    SliceBuilder part(some);
    backward(0, end, part);
    out.slice.looked_at += part.slice.looked_at;
    for (StoredFrames& block : part.slice.blocks) {
      StoredFrames kept{block.bytes, {}, {}};
      for (std::size_t i = 0; i < block.size() && kept.size() < out.events_left(); ++i) {
        identity.clear();
        keys.append_identity(identity, block.frame(i), block.index[i]);
        if (!seen.insert(identity).second) continue;
        kept.index.push_back(block.index[i]);
        kept.seqs.push_back(block.seqs[i]);
      }
      out.add(std::move(kept));
    }
    end = part.slice.next;
  }
  out.slice.next = end;
}

}  // namespace tapedeck::store
