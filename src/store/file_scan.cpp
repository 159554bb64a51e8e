#include "store/file_scan.hpp"

#include <algorithm>

#include "bus/frame_index.hpp"

namespace tapedeck::store {
namespace {

constexpr std::size_t kMaxValuesLookedUp = 64;

std::optional<PostingKind> posting_kind(Key key) noexcept {
  switch (key) {
    case Key::order_id:
      return PostingKind::order_id;
    case Key::correlation_id:
      return PostingKind::correlation_id;
    case Key::symbol:
      return PostingKind::symbol;
    case Key::strategy:
    case Key::strategy_name:
      return PostingKind::strategy;
    default:
      return std::nullopt;
  }
}

/// The rarer what a key names usually is, the fewer blocks its postings leave.
int rank(PostingKind kind) noexcept {
  switch (kind) {
    case PostingKind::order_id:
    case PostingKind::correlation_id:
      return 3;
    case PostingKind::symbol:
      return 2;
    case PostingKind::strategy:
      return 1;
    case PostingKind::type:
      return 0;
  }
  return 0;
}

}  // namespace

void SliceBuilder::add(StoredFrames&& frames) {
  if (frames.size() == 0) return;
  slice.events += frames.size();
  for (const FrameIndex& index : frames.index) slice.bytes += index.length;
  slice.blocks.push_back(std::move(frames));
}

FileScan::FileScan(const EventFile& file, const CompiledFilter& filter)
    : file_(file), filter_(filter), lease_(file.reader()) {
  choose_candidates();
  bool any = false;
  passes_ = file.series().matching(filter, any);
  none_passes_ = !any && !file.has_events_without_series();
}

void FileScan::choose_candidates() {
  std::optional<PostingKind> kind;
  const std::vector<std::string>* values = nullptr;
  const auto consider = [&](PostingKind other, const std::vector<std::string>& its_values) {
    if (its_values.empty() || its_values.size() > kMaxValuesLookedUp) return;
    if (kind && rank(*kind) >= rank(other)) return;
    kind = other;
    values = &its_values;
  };
  consider(PostingKind::type, filter_.types());
  for (const CompiledFilter::Condition& condition : filter_.conditions()) {
    if (const auto its_kind = posting_kind(condition.key)) consider(*its_kind, condition.values);
  }
  std::vector<Expression::Requirement> required;
  if (filter_.expression() != nullptr) required = filter_.expression()->requirements();
  for (const Expression::Requirement& requirement : required) {
    const auto its_kind = requirement.key ? posting_kind(*requirement.key) : PostingKind::type;
    if (its_kind) consider(*its_kind, requirement.values);
  }
  if (!kind) return;
  candidates_.emplace();
  for (const std::string& value : *values) {
    const auto blocks = file_.find_postings(*lease_, posting_hash(*kind, value));
    candidates_->insert(candidates_->end(), blocks.begin(), blocks.end());
  }
  if (values->size() > 1) {
    std::sort(candidates_->begin(), candidates_->end());
    candidates_->erase(std::unique(candidates_->begin(), candidates_->end()), candidates_->end());
  }
}

void FileScan::add_event(StoredFrames& found, const EventColumns& event) {
  const char* frame = found.bytes->data() + event.offset;
  auto index = index_frame({frame, event.length}, event.timestamp_ns);
  if (!index) {
    throw HistoryError(file_.path().string() +
                       ": a block is damaged; tapedeck verify tells how much is");
  }
  index->offset = event.offset;
  if (!filter_.matches(frame, *index)) return;
  found.index.push_back(*index);
  found.seqs.push_back(event.seq);
}

std::uint64_t FileScan::scan_block(BlockOrdinal ordinal, std::uint64_t first, std::uint64_t end,
                                   bool newest_first, SliceBuilder& out) {
  out.slice.looked_at += SliceBuilder::kCostOfBlock;
  auto columns = file_.read_columns(*lease_, ordinal);
  StoredFrames found;
  const std::size_t room = out.events_left();
  std::uint64_t stopped = newest_first ? first : end;
  const auto look = [&](const EventColumns& event) {
    if (event.seq < first || event.seq >= end || !may_match(event)) return true;
    if (found.bytes == nullptr) found.bytes = file_.read_data(*lease_, ordinal, columns);
    if (found.size() == room) {
      stopped = newest_first ? event.seq + 1 : event.seq;
      return false;
    }
    ++out.slice.looked_at;
    add_event(found, event);
    return true;
  };
  if (newest_first) {
    for (auto event = columns.rbegin(); event != columns.rend() && look(*event); ++event) {
    }
  } else {
    for (auto event = columns.begin(); event != columns.end() && look(*event); ++event) {
    }
  }
  out.add(std::move(found));
  return stopped;
}

void FileScan::forward(std::uint64_t from, std::uint64_t end, SliceBuilder& out) {
  end = std::min(end, file_.end_seq());
  out.slice.next = end;
  if (none_passes_) return;
  const auto count = static_cast<BlockOrdinal>(file_.block_count());
  BlockOrdinal ordinal = file_.block_of(from);
  for (; ordinal < count; ++ordinal) {
    if (candidates_) {
      const auto next = std::lower_bound(candidates_->begin(), candidates_->end(), ordinal);
      if (next == candidates_->end()) return;
      ordinal = *next;
    }
    const BlockInfo info = file_.block(ordinal);
    if (info.first_seq >= end) return;
    if (!may_match(info)) continue;
    if (out.full()) {
      out.slice.next = std::max(from, info.first_seq);
      return;
    }
    const std::uint64_t block_end = std::min(end, info.end_seq);
    const std::uint64_t stopped =
        scan_block(ordinal, std::max(from, info.first_seq), block_end, false, out);
    if (stopped < block_end) {
      out.slice.next = stopped;
      return;
    }
  }
}

void FileScan::backward(std::uint64_t first, std::uint64_t end, SliceBuilder& out) {
  out.slice.next = std::max(first, file_.first_seq());
  if (none_passes_ || end <= out.slice.next) return;
  const auto count = static_cast<BlockOrdinal>(file_.block_count());
  BlockOrdinal after = std::min(count, file_.block_of(end - 1) + 1);  // look at those before it
  while (after > 0) {
    BlockOrdinal ordinal = after - 1;
    if (candidates_) {
      const auto next = std::lower_bound(candidates_->begin(), candidates_->end(), after);
      if (next == candidates_->begin()) return;
      ordinal = *std::prev(next);
    }
    after = ordinal;
    const BlockInfo info = file_.block(ordinal);
    if (info.end_seq <= first) return;
    if (!may_match(info)) continue;
    if (out.full()) {
      out.slice.next = std::min(end, info.end_seq);
      return;
    }
    const std::uint64_t block_first = std::max(first, info.first_seq);
    const std::uint64_t stopped =
        scan_block(ordinal, block_first, std::min(end, info.end_seq), true, out);
    if (stopped > block_first) {
      out.slice.next = stopped;
      return;
    }
  }
}

}  // namespace tapedeck::store
