// One compressor for many streams of the same bytes. A SharedGzip compresses a run of events once,
// in chunks that end at whole bytes; a GzipMember is one client's gzip stream, made of chunks that
// it shares and of blocks of its own (what only this client is told, what it catches up with).
//
//   client A   header | own blocks | chunk 7 | chunk 8 | chunk 9 | chunk 10 | ... | trailer
//   client B            header | own blocks | chunk 9 | chunk 10 | own blocks | ... | trailer
//
// A chunk may refer back to chunks before it, so a client can begin only with one that does not:
// the compressor forgets its past, seldom, when somebody waits to join. Each trailer is right
// without anybody looking at shared bytes twice: sums of runs are taken apart and put together.
//
// One thread, no sockets, no clock. A member costs 100 bytes, a SharedGzip a Deflater and the
// chunks it retains for those who are a little behind.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/gzip.hpp"

namespace tapedeck {

class SharedGzip {
 public:
  /// Compressed bytes that are retained for members who are behind.
  static constexpr std::size_t kRetainedBytes = std::size_t{256} << 10;
  /// The compressor forgets its past for those who join after so many chunks or plain bytes, not
  /// earlier: each time costs about one event's size.
  static constexpr std::size_t kRestartChunks = 64;
  static constexpr std::size_t kRestartBytes = std::size_t{64} << 10;

  struct Chunk {
    std::string bytes;
    std::uint64_t next_seq = 0;  ///< all events before it are in this chunk or an earlier one
    std::uint32_t events = 0;
    GzipSum sum;  ///< of all there was, up to the end of this chunk
  };

  explicit SharedGzip(std::shared_ptr<Deflater> deflater) : deflater_(std::move(deflater)) {}

  /// All events before it have been compressed or do not match.
  std::uint64_t next_seq() const noexcept { return next_seq_; }
  bool has_members() const noexcept { return members_ > 0; }

  /// Adds to the chunk that is being made.
  void add(std::string_view plain);
  /// Ends the chunk. @param events how many were added. @return its compressed size.
  std::size_t end_chunk(std::uint64_t next_seq, std::uint32_t events);
  /// Events up to there do not match.
  void skip_to(std::uint64_t next_seq) noexcept { next_seq_ = next_seq; }
  /// What is to come next cannot be had: every member has to see for itself how it goes on.
  void abandon();
  /// Lets go of chunks that were there at the call before this one.
  void age();

  std::size_t retained_bytes() const noexcept { return retained_bytes_; }

 private:
  friend class GzipMember;

  bool can_admit(std::uint64_t seq) const noexcept;
  void admit(std::uint64_t seq);
  void drop_oldest();

  std::shared_ptr<Deflater> deflater_;
  std::string building_;
  GzipSum sum_;
  std::deque<Chunk> chunks_;
  std::uint64_t first_ = 0;           // number of chunks_.front()
  std::uint64_t next_ = 0;            // number of the next chunk
  std::uint64_t all_left_below_ = 0;  // members that wait for an earlier chunk are none any more
  std::uint64_t aged_ = 0;
  std::uint64_t next_seq_ = 0;
  std::size_t members_ = 0;
  std::size_t retained_bytes_ = 0;
  std::size_t chunks_since_restart_ = 0;
  std::size_t bytes_since_restart_ = 0;
};

class GzipMember {
 public:
  /// Appends the header.
  explicit GzipMember(std::string& out) { append_gzip_header(out); }
  ~GzipMember() { leave(); }
  GzipMember(const GzipMember&) = delete;
  GzipMember& operator=(const GzipMember&) = delete;

  /// Appends blocks of its own, which refer to nothing before. Not while it follows.
  /// @param deflater anybody's, restarted for this.
  void add(std::span<const iovec> plain, Deflater& deflater, std::string& out);
  void add(std::string_view plain, Deflater& deflater, std::string& out);
  /// As add(), with a deflater that only this member uses and that goes on from one call to the
  /// next.
  void add_on(std::string_view plain, Deflater& own, std::string& out);
  /// Appends blocks that somebody else has made in the same way. @param sum of what they stand for.
  void add_blocks(std::string_view blocks, const GzipSum& sum, std::string& out);

  /// Goes on with the shared chunks, if that is possible now. @param seq the next event it needs.
  bool follow(SharedGzip& shared, std::uint64_t seq);
  bool follows() const noexcept { return shared_ != nullptr; }
  /// Whether the chunk it needs next has been dropped: it has to leave.
  bool has_fallen_behind() const noexcept { return next_ < shared_->first_; }
  /// The chunk `ahead` chunks from the one it needs next; nullptr: not made yet.
  const SharedGzip::Chunk* chunk(std::size_t ahead) const noexcept;
  /// It has sent the next chunk.
  void pass();
  /// Goes on with blocks of its own.
  void leave() noexcept;

  /// Appends the end of the gzip stream. Leaves.
  void finish(std::string& out);

 private:
  GzipSum sum_;  // of what was sent; while it follows: before that
  SharedGzip* shared_ = nullptr;
  std::uint64_t next_ = 0;  // number of the chunk it needs next
  GzipSum joined_;          // of the shared run where it joined
  GzipSum reached_;         // and behind the last chunk it has sent
};

}  // namespace tapedeck
