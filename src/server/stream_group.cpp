#include "server/stream_group.hpp"

#include <algorithm>
#include <utility>

#include "server/log_run.hpp"
#include "server/stream_frames.hpp"

namespace tapedeck {
namespace {

/// Of plain bytes: the rest of a chunk is what a stream whose client stops reading keeps.
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
/// Of compressed bytes: then others have their turn, and nobody who is up to date falls behind.
constexpr std::size_t kTurnBytes = SharedGzip::kRetainedBytes / 2;
constexpr int kRunsPerTurn = 4;
/// A stream may be the first of its group when it is so near the end of the log. Older events it
/// reads on its own, or those who come to the group while it does would have to wait for it.
constexpr std::uint64_t kNearTheEnd = 4096;

}  // namespace

bool StreamGroup::admit(GzipMember& member, std::uint64_t seq, const EventLog& log) {
  const bool is_first = !gzip_.has_members();
  if (is_first && log.last_seq() > seq + kNearTheEnd) return false;
  if (!member.follow(gzip_, seq)) return false;
  if (is_first) {
    last_chunk_ = Clock::now();
    is_behind_ = true;  // read on, whatever the round
  }
  return true;
}

void StreamGroup::read(const EventLog& log, std::uint64_t round, std::uint64_t seq) {
  if (!gzip_.has_members()) return;
  if (round_ == round && !is_behind_ && gzip_.next_seq() >= seq) return;
  round_ = round;
  is_behind_ = false;
  std::size_t made = 0;
  for (int run = 0; run < kRunsPerTurn && made < kTurnBytes; ++run) {
    if (gzip_.next_seq() > log.last_seq()) break;
    const auto pin = log.pin(gzip_.next_seq());
    if (!pin) return gzip_.abandon();  // evicted: its streams know what to do
    made += read_run(*pin);
  }
  is_behind_ = gzip_.next_seq() <= log.last_seq();
}

/// @return how many bytes were made.
std::size_t StreamGroup::read_run(const SegmentPin& pin) {
  const CompiledFilter* filter = key_.filter.matches_all() ? nullptr : &key_.filter;
  const LogRun run =
      gather_run(pin, gzip_.next_seq(), pin.end_seq(), filter, key_.dialect, kChunkBytes);
  if (run.count == 0) {
    gzip_.skip_to(run.next);
    return 0;
  }
  for (std::size_t i = 0; i < run.count; ++i) {
    gzip_.add({static_cast<const char*>(run.pieces[i].iov_base), run.pieces[i].iov_len});
  }
  last_chunk_ = Clock::now();
  return gzip_.end_chunk(run.next, static_cast<std::uint32_t>(run.events));
}

void StreamGroup::tick(Clock::time_point now, const Tape& tape) {
  gzip_.age();
  const bool has_news = gzip_.next_seq() <= tape.log().last_seq();
  if (!gzip_.has_members() || has_news || now - last_chunk_ < key_.heartbeat) return;
  gzip_.add(heartbeat_frame(key_.dialect, tape.id_of(gzip_.next_seq() - 1)));
  gzip_.end_chunk(gzip_.next_seq(), 0);
  last_chunk_ = now;
}

StreamGroups::StreamGroups(const ServerOptions& options)
    : deflate_options_{options.compression_level, options.compression_window_bits},
      max_compressors_(options.stream_compressors),
      scratch_(deflate_options_) {}

std::shared_ptr<Deflater> StreamGroups::make_compressor() {
  std::erase_if(compressors_, [](const auto& held) { return held.expired(); });
  if (compressors_.size() >= max_compressors_) return nullptr;
  auto made = std::make_shared<Deflater>(deflate_options_);
  compressors_.push_back(made);
  return made;
}

std::shared_ptr<StreamGroup> StreamGroups::find_or_make(StreamGroup::Key key) {
  std::erase_if(groups_, [](const auto& held) { return held.expired(); });
  for (const auto& held : groups_) {
    auto group = held.lock();
    if (group->key() == key) return group;
  }
  auto deflater = make_compressor();
  if (deflater == nullptr) return nullptr;
  auto made = std::make_shared<StreamGroup>(std::move(key), std::move(deflater));
  groups_.push_back(made);
  return made;
}

void StreamGroups::tick(StreamGroup::Clock::time_point now, const Tape& tape) {
  for (const auto& held : groups_) {
    if (const auto group = held.lock()) group->tick(now, tape);
  }
}

}  // namespace tapedeck
