// What is on its way when the process stops or is killed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "alert/delivery_fixture.hpp"

namespace tapedeck::alert::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// An alert_delivery_peer; killed at the end.
class Peer {
 public:
  explicit Peer(std::vector<std::string> arguments) {
    int in[2], out[2];
    EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    arguments.insert(arguments.begin(), TAPEDECK_ALERT_DELIVERY_PEER);
    std::vector<char*> given;
    for (std::string& argument : arguments) given.push_back(argument.data());
    given.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, given[0], &actions, nullptr, given.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Peer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(in_);
    ::close(out_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::string read_line() {
    std::string line;
    char c = 0;
    while (::read(out_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
};

std::vector<std::string> without_repeats(std::vector<std::string> ids) {
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

TEST(DeliveryCrash, AProcessThatIsKilledWhileItDeliversLosesNothingAndKeepsTheOrder) {
  const TempFolder folder;
  const std::string store = (folder / "alerts.db").string();
  WebhookReceiver receiver;
  std::atomic<int> answers_left{0};
  receiver.set([&](const Received&) {
    return answers_left.fetch_sub(1) > 0 ? ok() : Reply{"", Reply::Then::hang};
  });
  std::vector<std::string> expected;
  for (int round = 0; round < 3; ++round) {
    answers_left = 4;
    const std::size_t before = receiver.count();
    Peer peer({store, receiver.url(), std::to_string(round * 10), "10"});
    EXPECT_EQ(peer.read_line(), "sent");
    EXPECT_TRUE(wait_until([&] { return receiver.count() >= before + 5; }));
    for (int i = 0; i < 10; ++i) expected.push_back("id-" + std::to_string(round * 10 + i));
  }  // killed with one under way
  receiver.set({});
  const Peer last({store, receiver.url(), "30", "0"});
  ASSERT_TRUE(wait_until([&] {
    const auto ids = receiver.deliveries();
    return !ids.empty() && ids.back() == expected.back();
  }));
  const auto all = receiver.all();
  std::map<std::string, std::string> bodies;
  std::vector<std::string> firsts;  // each id where it was first seen
  for (const Received& one : all) {
    const auto [at, is_new] = bodies.emplace(one.delivery(), one.body);
    EXPECT_EQ(at->second, one.body) << "the same body each time";
    if (is_new) firsts.push_back(one.delivery());
  }
  EXPECT_EQ(firsts, expected);
}

TEST(DeliveryCrash, AStopWhileAReceiverHangsKeepsTheMessageForTheNextStart) {
  const TempFolder folder;
  WebhookReceiver receiver([](const Received&) { return Reply{"", Reply::Then::hang}; });
  DeliveryOptions options = quick_options();
  options.targets = {target_at("hook", receiver.url())};
  {
    ValueStore store(folder / "alerts.db");
    Dispatcher dispatcher(options, &store);
    dispatcher.start();
    dispatcher.send({notification("id-1", "hook"), notification("id-2", "hook")});
    ASSERT_TRUE(wait_until([&] { return receiver.count() == 1; }));
    dispatcher.stop(1ms);
  }
  receiver.set({});
  ValueStore store(folder / "alerts.db");
  Dispatcher dispatcher(options, &store);
  EXPECT_EQ(waiting_of(dispatcher).size(), 2U);
  dispatcher.start();
  ASSERT_TRUE(wait_until([&] { return waiting_of(dispatcher).empty(); }));
  EXPECT_THAT(without_repeats(receiver.deliveries()), ElementsAre("id-1", "id-2"));
  store.flush();
  EXPECT_THAT(store.load("alert_delivery"), IsEmpty());
}

TEST(DeliveryCrash, DeadLettersOutliveARestartAndCanBeResent) {
  const TempFolder folder;
  WebhookReceiver receiver([](const Received&) { return status("403 Forbidden"); });
  DeliveryOptions options = quick_options();
  options.targets = {target_at("hook", receiver.url())};
  {
    ValueStore store(folder / "alerts.db");
    Dispatcher dispatcher(options, &store);
    dispatcher.start();
    dispatcher.send({notification("id-1", "hook"), notification("id-2", "hook", "other")});
    ASSERT_TRUE(wait_until([&] { return dead_of(dispatcher).size() == 2; }));
  }
  receiver.set({});
  ValueStore store(folder / "alerts.db");
  Dispatcher dispatcher(options, &store);
  dispatcher.start();
  ASSERT_EQ(dead_of(dispatcher).size(), 2U);
  dispatcher.send({notification("id-1", "hook")});
  EXPECT_EQ(dead_of(dispatcher).size(), 2U) << "it is known";
  Dispatcher::ListQuery of_rule;
  of_rule.rule = "other";
  EXPECT_EQ(dispatcher.resend(of_rule), 1U);
  ASSERT_TRUE(wait_until([&] { return receiver.count() == 3; }));
  EXPECT_FALSE(dispatcher.resend("id-1"));
  ASSERT_TRUE(wait_until([&] { return receiver.count() == 4; }));
  EXPECT_TRUE(wait_until([&] { return waiting_of(dispatcher).empty(); }));
  EXPECT_EQ(dispatcher.resend("id-1")->code, "not_found");
  store.flush();
  EXPECT_THAT(store.load("alert_dead"), IsEmpty());
  EXPECT_THAT(store.load("alert_delivery"), IsEmpty());
}

}  // namespace
}  // namespace tapedeck::alert::testing
