// What a compressed session does differently: with the chunks of its group while it keeps up with
// it, with blocks of its own while it does not. Of plain sessions only begin_body() and say().
#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "server/log_run.hpp"
#include "server/stream_hub.hpp"

namespace tapedeck {
namespace {

constexpr std::size_t kMaxChunks = 32;                    // in one write
constexpr std::size_t kOwnBytes = std::size_t{64} << 10;  // some 0.1 ms to compress

}  // namespace

/// Ends the head; from then on pending_ is made by say().
void StreamSession::begin_body(const StreamRequest& request) {
  StreamGroups& groups = hub_.stream_groups();
  std::shared_ptr<StreamGroup> group;
  std::shared_ptr<Deflater> compressor;
  if (request.gzip && playback_) {
    compressor = groups.make_compressor();
  } else if (request.gzip) {
    group = groups.find_or_make({*filter_, dialect_, request.heartbeat, coalesce()});
  }
  const bool compressed = group != nullptr || compressor != nullptr;
  pending_ += compressed ? "Content-Encoding: gzip\r\n\r\n" : "\r\n";
  if (!compressed) return;
  gzip_ = std::make_unique<Gzip>(pending_);
  gzip_->group = std::move(group);
  gzip_->compressor = std::move(compressor);
}

/// Adds to what goes out next.
void StreamSession::say(std::string_view plain) {
  if (!gzip_) {
    pending_ += plain;
    return;
  }
  gzip_->member.leave();
  if (gzip_->compressor) {
    gzip_->member.add_on(plain, *gzip_->compressor, pending_);
  } else {
    gzip_->member.add(plain, hub_.stream_groups().scratch(), pending_);
  }
}

/// There is nothing more to say: a decoder then knows that it has everything.
void StreamSession::end_body() {
  if (gzip_) gzip_->member.finish(pending_);
}

/// Sends what the group has, if the session is with it or can be now.
/// @return false: it has to go on by itself.
bool StreamSession::follow_group() {
  if (!has_group()) return false;
  StreamGroup& group = *gzip_->group;
  GzipMember& member = gzip_->member;
  group.read(hub_.log(), hub_.round(), next_);
  if (!member.follows()) {
    if (!group.admit(member, next_, hub_.log())) return false;
    group.read(hub_.log(), hub_.round(), next_);  // the first one has it begin
  }
  return send_chunks();
}

/// Where it has to stop by itself, so that it can go on with its group there.
std::uint64_t StreamSession::end_of_own() const noexcept {
  const std::uint64_t end = hub_.log().last_seq() + 1;
  const bool others_follow = has_group() && gzip_->group->gzip().has_members();
  return others_follow ? std::min(end, gzip_->group->gzip().next_seq()) : end;
}

/// @return false: what it needs next is not there any more.
bool StreamSession::send_chunks() {
  GzipMember& member = gzip_->member;
  while (!member.has_fallen_behind()) {
    std::array<iovec, kMaxChunks> pieces;
    std::size_t count = 0, size = 0;
    while (count < kMaxChunks) {
      const SharedGzip::Chunk* chunk = member.chunk(count);
      if (chunk == nullptr) break;
      pieces[count++] = {const_cast<char*>(chunk->bytes.data()), chunk->bytes.size()};
      size += chunk->bytes.size();
    }
    if (count == 0) {
      next_ = gzip_->group->gzip().next_seq();
      return true;
    }
    const std::ptrdiff_t sent = send(pieces.data(), count);
    if (sent < 0) return true;
    if (take_chunks(static_cast<std::size_t>(sent)) < size) wait_until_writable();
    if (blocked_) return true;
  }
  member.leave();
  return false;
}

/// The socket took so many bytes of the chunks: passes those it has begun, and keeps the rest of
/// the one it stopped in, so that the group may let go of it. @return `sent`.
std::size_t StreamSession::take_chunks(std::size_t sent) {
  GzipMember& member = gzip_->member;
  for (std::size_t left = sent; left > 0;) {
    const SharedGzip::Chunk& chunk = *member.chunk(0);
    const std::size_t taken = std::min(left, chunk.bytes.size());
    pending_.assign(chunk.bytes, taken);
    left -= taken;
    next_ = chunk.next_seq;
    hub_.metrics().deliveries_total.add(chunk.events);
    member.pass();
  }
  return sent;
}

/// Some of the log's events as blocks of its own; send_pending() sends them.
bool StreamSession::send_compressed(const SegmentPin& pin, std::uint64_t end) {
  const LogRun run = gather_run(pin, next_, end, filter_.get(), dialect_, kOwnBytes);
  if (run.count > 0) {
    gzip_->member.add({run.pieces.data(), run.count}, hub_.stream_groups().scratch(), pending_);
    hub_.metrics().deliveries_total.add(run.events);
  }
  next_ = run.next;
  return send_pending();
}

}  // namespace tapedeck
