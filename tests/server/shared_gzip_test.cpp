// Whatever streams share and when they come and go: each client decodes exactly what an
// uncompressed stream would have said, at once.
#include "server/shared_gzip.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "support/inflate.hpp"

namespace tapedeck::testing {
namespace {

using Random = std::mt19937;

int pick(Random& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

std::string make_event(std::uint64_t seq, Random& random) {
  const char* symbols[] = {"NIFTY", "BANKNIFTY", "INFY", "SBIN"};
  std::string text = "id: e1-" + std::to_string(seq) +
                     "\ndata: {\"type\":\"signal_event\",\"symbol\":\"" + symbols[random() % 4] +
                     "\",\"price\":" + std::to_string(random()) + "}\n\n";
  if (random() % 50 == 0) text.append(static_cast<std::size_t>(pick(random, 1, 70'000)), 'x');
  return text;
}

/// A log, a filter and a group, without sockets.
struct Group {
  explicit Group(int every) : modulus(every), gzip(std::make_shared<Deflater>(DeflateOptions{})) {}

  bool matches(std::uint64_t seq) const { return seq % static_cast<unsigned>(modulus) == 0; }
  /// Events up to `end`, a few at a time.
  void read(const std::vector<std::string>& log, std::uint64_t end) {
    while (gzip.has_members() && gzip.next_seq() < end) {
      std::uint64_t seq = gzip.next_seq();
      std::uint32_t events = 0;
      for (; seq < end && events < 20; ++seq) {
        if (!matches(seq)) continue;
        gzip.add(log[seq]);
        ++events;
      }
      if (events == 0) {
        gzip.skip_to(seq);
      } else {
        gzip.end_chunk(seq, events);
      }
    }
  }

  int modulus;
  SharedGzip gzip;
};

/// One client: what it was sent, what it has decoded of it, and what it should have.
struct Client {
  Client(Group& of, std::uint64_t from) : group(of), member(pending), next(from) {}

  /// As much of what waits as the socket takes.
  bool deliver(std::size_t bytes) {
    const std::size_t taken = std::min(bytes, pending.size());
    decoded += inflater.decode(std::string_view(pending).substr(0, taken));
    pending.erase(0, taken);
    return pending.empty();
  }
  void say(const std::string& text, Deflater& scratch) {
    member.leave();
    member.add(text, scratch, pending);
    expected += text;
  }
  void add_events(const std::vector<std::string>& log, std::uint64_t end) {
    for (; next < end; ++next) {
      if (group.matches(next)) expected += log[next];
    }
  }
  /// What a session does when it is its turn.
  void go_on(const std::vector<std::string>& log, Deflater& scratch) {
    if (!pending.empty()) return;
    if (!member.follows() && !member.follow(group.gzip, next)) {
      const std::uint64_t end = group.gzip.has_members()
                                    ? std::min<std::uint64_t>(log.size(), group.gzip.next_seq())
                                    : log.size();
      const std::size_t before = expected.size();
      add_events(log, end);
      if (expected.size() > before) member.add(expected.substr(before), scratch, pending);
      return;
    }
    if (member.has_fallen_behind()) return member.leave();
    if (const SharedGzip::Chunk* chunk = member.chunk(0)) {
      pending = chunk->bytes;
      add_events(log, chunk->next_seq);
      expected += heard(*chunk);
      member.pass();
    } else {
      next = group.gzip.next_seq();
    }
  }
  /// Heartbeats are chunks without events.
  std::string heard(const SharedGzip::Chunk& chunk) const {
    return chunk.events == 0 ? heartbeat(chunk.next_seq) : "";
  }
  static std::string heartbeat(std::uint64_t seq) {
    return "event: heartbeat\nid: e1-" + std::to_string(seq) + "\n\n";
  }

  Group& group;
  std::string pending, decoded, expected;
  GzipMember member;
  Inflater inflater;
  std::uint64_t next;
};

class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {
    for (const int every : {1, 3, 40}) groups_.push_back(std::make_unique<Group>(every));
  }

  void step() {
    switch (pick(random_, 0, 19)) {
      case 0:
        join();
        break;
      case 1:
        leave();
        break;
      case 2:
        beat();
        break;
      case 3:
        if (pick(random_, 0, 9) == 0) any_group().gzip.abandon();
        break;
      case 4:
        for (const auto& group : groups_) group->gzip.age();
        break;
      case 5:
        if (!clients_.empty()) any_client().say("event: gap\ndata: {}\n\n", scratch_);
        break;
      case 6:
      case 7:
        if (!clients_.empty()) stall(any_client());
        break;
      default:
        publish();
    }
    round();
  }
  void finish() {
    stalled_.clear();
    for (int i = 0; i < 100'000 && !all_caught_up(); ++i) round();
    while (!clients_.empty()) leave();
  }

 private:
  Group& any_group() { return *groups_[random_() % groups_.size()]; }
  Client& any_client() { return *clients_[random_() % clients_.size()]; }

  void publish() {
    for (int i = pick(random_, 1, 30); i > 0; --i) log_.push_back(make_event(log_.size(), random_));
  }
  void join() {
    const std::uint64_t from =
        pick(random_, 0, 1) == 0
            ? log_.size()
            : static_cast<std::uint64_t>(pick(random_, 0, static_cast<int>(log_.size())));
    clients_.push_back(std::make_unique<Client>(any_group(), from));
    clients_.back()->say("event: connection\n\n", scratch_);
  }
  void leave() {
    if (clients_.empty()) return;
    std::swap(clients_[random_() % clients_.size()], clients_.back());
    Client& client = *clients_.back();
    std::erase(stalled_, &client);
    client.say("event: shutdown\n\n", scratch_);
    client.member.finish(client.pending);
    client.deliver(client.pending.size());
    EXPECT_EQ(client.decoded, client.expected);
    EXPECT_TRUE(client.inflater.ended());
    clients_.pop_back();
  }
  void beat() {
    SharedGzip& gzip = any_group().gzip;
    if (!gzip.has_members() || gzip.next_seq() != log_.size()) return;
    gzip.add(Client::heartbeat(gzip.next_seq()));
    gzip.end_chunk(gzip.next_seq(), 0);
  }
  void stall(Client& client) {
    if (std::erase(stalled_, &client) == 0) stalled_.push_back(&client);
  }
  void round() {
    for (const auto& group : groups_) group->read(log_, log_.size());
    for (const auto& client : clients_) {
      const bool stalled = std::count(stalled_.begin(), stalled_.end(), client.get()) > 0;
      for (int turn = 0; turn < 8; ++turn) {
        if (!client->deliver(stalled ? 7 : SIZE_MAX)) break;
        // Everything that was sent can be read: nothing waits in the compressor.
        ASSERT_EQ(client->decoded, client->expected);
        client->go_on(log_, scratch_);
      }
    }
  }
  bool all_caught_up() const {
    return std::all_of(clients_.begin(), clients_.end(), [&](const auto& client) {
      return client->pending.empty() && client->next == log_.size();
    });
  }

  Random random_;
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> stalled_;
  Deflater scratch_{DeflateOptions{}};
};

TEST(SharedGzip, EveryClientDecodesWhatAnUncompressedStreamWouldHaveSaid) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    Simulation simulation(seed);
    for (int i = 0; i < 400; ++i) simulation.step();
    simulation.finish();
    if (HasFailure()) return;
  }
}

/// A group whose first member has joined at event 1.
class OneGroup : public ::testing::Test {
 protected:
  OneGroup() { EXPECT_TRUE(first_.follow(gzip_, 1)); }

  void make_chunk(std::string_view plain = "data: {\"type\":\"signal_event\"}\n\n") {
    gzip_.add(plain);
    gzip_.end_chunk(gzip_.next_seq() + 1, 1);
  }

  SharedGzip gzip_{std::make_shared<Deflater>(DeflateOptions{})};
  std::string out_;
  GzipMember first_{out_};
};

TEST_F(OneGroup, ALaterMemberHasToWaitUntilTheCompressorMayForget) {
  make_chunk();
  GzipMember second(out_);
  for (std::size_t i = 1; i < SharedGzip::kRestartChunks; ++i) {
    EXPECT_FALSE(second.follow(gzip_, gzip_.next_seq()));
    make_chunk();
  }
  EXPECT_TRUE(second.follow(gzip_, gzip_.next_seq()));
  GzipMember third(out_);  // joins at the same place at no cost
  EXPECT_TRUE(third.follow(gzip_, gzip_.next_seq()));
}

TEST_F(OneGroup, ManyBytesLetTheCompressorForgetSooner) {
  GzipMember second(out_);
  make_chunk(std::string(SharedGzip::kRestartBytes - 1, 'x'));
  EXPECT_FALSE(second.follow(gzip_, gzip_.next_seq()));
  make_chunk("x");
  EXPECT_TRUE(second.follow(gzip_, gzip_.next_seq()));
}

TEST_F(OneGroup, AMemberJoinsOnlyWhereTheGroupIs) {
  GzipMember second(out_);
  EXPECT_FALSE(second.follow(gzip_, 2));
  EXPECT_FALSE(second.follow(gzip_, 0));
  EXPECT_TRUE(second.follow(gzip_, 1));
}

TEST_F(OneGroup, AnEmptyGroupBeginsWhereItsFirstMemberIs) {
  first_.leave();
  EXPECT_FALSE(gzip_.has_members());
  GzipMember second(out_);
  EXPECT_TRUE(second.follow(gzip_, 77));
  EXPECT_EQ(gzip_.next_seq(), 77U);
}

TEST_F(OneGroup, ChunksAreRetainedUpToALimit) {
  Random random(1);
  std::string noise(40'000, ' ');
  for (int i = 0; i < 10; ++i) {
    for (char& c : noise) c = static_cast<char>(random());
    make_chunk(noise);
    EXPECT_LE(gzip_.retained_bytes(), SharedGzip::kRetainedBytes);
  }
  EXPECT_GT(gzip_.retained_bytes(), SharedGzip::kRetainedBytes / 2);
  EXPECT_TRUE(first_.has_fallen_behind());
}

TEST_F(OneGroup, OldChunksGoWithTime) {
  make_chunk();
  gzip_.age();
  EXPECT_GT(gzip_.retained_bytes(), 0U);
  EXPECT_FALSE(first_.has_fallen_behind());
  gzip_.age();
  EXPECT_EQ(gzip_.retained_bytes(), 0U);
  EXPECT_TRUE(first_.has_fallen_behind());
}

TEST_F(OneGroup, AnAbandonedGroupCountsNobodyTwice) {
  make_chunk();
  gzip_.abandon();
  EXPECT_TRUE(first_.has_fallen_behind());
  GzipMember second(out_);
  EXPECT_TRUE(second.follow(gzip_, 9));
  first_.leave();
  EXPECT_TRUE(gzip_.has_members());
  second.leave();
  EXPECT_FALSE(gzip_.has_members());
}

TEST(Gzip, SumsOfRunsAreTakenApartAndPutTogether) {
  const std::string own = "own", before = "before ", between = "what lies between";
  GzipSum from, to, sum, expected;
  from.add(before);
  to.add(before + between);
  sum.add(own);
  sum.add_between(from, to);
  sum.add_between(to, to);
  expected.add(own + between);
  EXPECT_EQ(sum.crc, expected.crc);
  EXPECT_EQ(sum.bytes, expected.bytes);
}

TEST(Gzip, LengthsBeyondFourGigabytesWrapInTheTrailerOnly) {
  GzipSum part;
  part.add(std::string(1 << 16, 'a'));
  GzipSum whole;
  for (int i = 0; i < 17; ++i) whole.add_between({}, i == 0 ? part : whole);  // doubles
  EXPECT_EQ(whole.bytes, std::uint64_t{1} << 32);
  std::string out;
  append_gzip_end(out, whole);
  EXPECT_EQ(out.substr(6), std::string(4, '\0'));
}

TEST(Gzip, AWholeMemberIsOneForAnyBytes) {
  Random random(3);
  Deflater deflater{DeflateOptions{}};
  for (const std::size_t size : {0, 1, 511, 512, 513, 65'536, 300'000}) {
    std::string plain(size, ' ');
    for (char& c : plain) c = static_cast<char>(random());
    EXPECT_EQ(gunzip(gzip_whole(deflater, plain)), plain) << size;
    EXPECT_EQ(gunzip(gzip_whole(deflater, std::string(size, 'x'))), std::string(size, 'x')) << size;
  }
}

TEST(Gzip, LevelsAndWindowsThatCannotBeAreRefused) {
  for (const DeflateOptions bad : {DeflateOptions{0, 15}, {10, 15}, {1, 8}, {1, 16}}) {
    EXPECT_THROW(Deflater deflater(bad), std::invalid_argument);
  }
  for (const DeflateOptions good : {DeflateOptions{1, 9}, {9, 15}}) {
    Deflater deflater(good);
    EXPECT_EQ(gunzip(gzip_whole(deflater, "text")), "text");
  }
}

}  // namespace
}  // namespace tapedeck::testing
