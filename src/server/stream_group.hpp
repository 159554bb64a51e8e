// StreamGroup: the streams of one worker that send the same bytes: same filter, dialect, heartbeat
// and coalesce_ms. It reads the log once for all of them and compresses what it reads once; see
// SharedGzip. StreamGroups: all of a worker's, and what it has of compressors.
//
// Lives on its worker's thread. A group goes with the last stream that holds it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "query/tape.hpp"
#include "server/options.hpp"
#include "server/shared_gzip.hpp"
#include "server/stream_request.hpp"

namespace tapedeck {

class StreamGroup {
 public:
  using Clock = std::chrono::steady_clock;

  /// What its streams have in common.
  struct Key {
    CompiledFilter filter;
    Dialect dialect = Dialect::plain;
    std::chrono::seconds heartbeat{15};
    std::chrono::milliseconds coalesce{0};
    bool operator==(const Key&) const = default;
  };

  StreamGroup(Key key, std::shared_ptr<Deflater> deflater)
      : key_(std::move(key)), gzip_(std::move(deflater)) {}

  const Key& key() const noexcept { return key_; }
  const SharedGzip& gzip() const noexcept { return gzip_; }

  /// Compresses what has come, up to a fair share, once a round; also when a stream that wants to
  /// join is at `seq`, ahead of the group.
  void read(const EventLog& log, std::uint64_t round, std::uint64_t seq);
  /// It has had its share and there is more.
  bool is_behind() const noexcept { return is_behind_ && gzip_.has_members(); }
  /// Lets a stream that needs `seq` next go on with the group, if it can now.
  bool admit(GzipMember& member, std::uint64_t seq, const EventLog& log);
  /// A heartbeat when quiet, for all its streams. Once a second.
  void tick(Clock::time_point now, const Tape& tape);

 private:
  std::size_t read_run(const SegmentPin& pin);

  const Key key_;
  SharedGzip gzip_;
  Clock::time_point last_chunk_ = Clock::now();
  std::uint64_t round_ = 0;
  bool is_behind_ = false;
};

class StreamGroups {
 public:
  explicit StreamGroups(const ServerOptions& options);

  /// The group of streams with that key. nullptr: it would need one compressor too many.
  std::shared_ptr<StreamGroup> find_or_make(StreamGroup::Key key);
  /// A compressor for one stream that shares with nobody; nullptr: it would be one too many.
  std::shared_ptr<Deflater> make_compressor();
  /// For whoever needs one for a moment.
  Deflater& scratch() noexcept { return scratch_; }
  const DeflateOptions& deflate_options() const noexcept { return deflate_options_; }

  void tick(StreamGroup::Clock::time_point now, const Tape& tape);

 private:
  const DeflateOptions deflate_options_;
  const std::size_t max_compressors_;
  Deflater scratch_;
  std::vector<std::weak_ptr<StreamGroup>> groups_;
  std::vector<std::weak_ptr<Deflater>> compressors_;  // those of the groups too
};

}  // namespace tapedeck
