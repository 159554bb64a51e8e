#include "base/service_manager.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace tapedeck {
namespace {

using namespace std::chrono_literals;

/// The manager's end: a datagram socket that hands out what came.
class FakeManager {
 public:
  explicit FakeManager(const std::string& name) : fd_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) {
      throw std::runtime_error("cannot bind " + name);
    }
  }
  ~FakeManager() { close(fd_); }
  /// The next message, or "" when there is none.
  std::string next() {
    char text[4096];
    const ssize_t n = recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return n < 0 ? std::string() : std::string(text, static_cast<std::size_t>(n));
  }

 private:
  int fd_;
};

class Environment : public ::testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID",
                             "LISTEN_FDS", "LISTEN_FDNAMES"}) {
      unsetenv(name);
    }
  }
  static void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }
  std::string abstract_name() { return "@tapedeck-test-" + std::to_string(getpid()); }
};
using ServiceManagerTest = Environment;
using PassedSocketTest = Environment;

TEST_F(ServiceManagerTest, WithoutAManagerEverythingIsAllowedAndNothingHappens) {
  ServiceManager manager = ServiceManager::from_environment();
  EXPECT_FALSE(manager.is_there());
  EXPECT_FALSE(manager.watchdog());
  EXPECT_TRUE(manager.ready("running"));
  EXPECT_TRUE(manager.ping());
}

TEST_F(ServiceManagerTest, AnAbstractSocketIsToldEverything) {
  FakeManager fake(abstract_name());
  set("NOTIFY_SOCKET", abstract_name());
  ServiceManager manager = ServiceManager::from_environment();
  ASSERT_TRUE(manager.is_there());
  EXPECT_TRUE(manager.ready("http://127.0.0.1:9000/"));
  EXPECT_EQ(fake.next(), "READY=1\nSTATUS=http://127.0.0.1:9000/");
  EXPECT_TRUE(manager.ping());
  EXPECT_EQ(fake.next(), "WATCHDOG=1");
  EXPECT_TRUE(manager.stopping());
  EXPECT_EQ(fake.next(), "STOPPING=1\nSTATUS=stopping");
}

TEST_F(ServiceManagerTest, APathIsToldEverything) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("tapedeck-notify-" + std::to_string(getpid())))
          .string();
  FakeManager fake(path);
  ServiceManager manager(path);
  EXPECT_TRUE(manager.status("busy"));
  EXPECT_EQ(fake.next(), "STATUS=busy");
  std::filesystem::remove(path);
}

TEST_F(ServiceManagerTest, AReloadSaysWhenItBeganByTheMonotonicClock) {
  FakeManager fake(abstract_name());
  ServiceManager manager(abstract_name());
  timespec before{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  EXPECT_TRUE(manager.reloading());
  clock_gettime(CLOCK_MONOTONIC, &after);
  const std::string message = fake.next();
  const std::string key = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_TRUE(message.starts_with(key)) << message;
  const long long usec = std::stoll(message.substr(key.size()));
  EXPECT_GE(usec, before.tv_sec * 1'000'000LL + before.tv_nsec / 1000);
  EXPECT_LE(usec, after.tv_sec * 1'000'000LL + after.tv_nsec / 1000);
}

TEST_F(ServiceManagerTest, ALineBreakInAStatusBeginsNoOtherMessage) {
  FakeManager fake(abstract_name());
  ServiceManager manager(abstract_name());
  EXPECT_TRUE(manager.status("one\nWATCHDOG=1\r"));
  EXPECT_EQ(fake.next(), "STATUS=one WATCHDOG=1 ");
}

TEST_F(ServiceManagerTest, AManagerThatHasGoneIsAFailureNotACrash) {
  ServiceManager manager(abstract_name());
  EXPECT_FALSE(manager.ping());
}

TEST_F(ServiceManagerTest, ChildrenDoNotSpeakForThisProcess) {
  set("NOTIFY_SOCKET", abstract_name());
  set("WATCHDOG_USEC", "30000000");
  set("WATCHDOG_PID", std::to_string(getpid()));
  const ServiceManager manager = ServiceManager::from_environment();
  EXPECT_EQ(manager.watchdog(), 30s);
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(getenv("WATCHDOG_USEC"), nullptr);
  EXPECT_EQ(getenv("WATCHDOG_PID"), nullptr);
}

TEST_F(ServiceManagerTest, AWatchdogMeantForAnotherProcessIsNotOurs) {
  set("NOTIFY_SOCKET", abstract_name());
  set("WATCHDOG_USEC", "30000000");
  set("WATCHDOG_PID", std::to_string(getpid() + 1));
  EXPECT_FALSE(ServiceManager::from_environment().watchdog());
}

TEST_F(ServiceManagerTest, AnAddressThatCannotBeUsedIsSaidAtOnce) {
  EXPECT_THROW(ServiceManager("relative/path"), std::invalid_argument);
  EXPECT_THROW(ServiceManager("vsock:2:1234"), std::invalid_argument);
  EXPECT_THROW(ServiceManager("@"), std::invalid_argument);
  EXPECT_THROW(ServiceManager("/" + std::string(107, 'x')), std::invalid_argument);
  EXPECT_NO_THROW(ServiceManager("/" + std::string(106, 'x')));
  for (const char* interval : {"0", "-1", "soon", "99999999999999999999"}) {
    set("WATCHDOG_USEC", interval);
    EXPECT_THROW(ServiceManager::from_environment(), std::invalid_argument) << interval;
  }
}

TEST_F(PassedSocketTest, ThereIsNoneWithoutTheVariablesOrForAnotherProcess) {
  EXPECT_EQ(passed_socket().value(), std::nullopt);
  set("LISTEN_FDS", "1");
  EXPECT_EQ(passed_socket().value(), std::nullopt);
  set("LISTEN_FDS", "1");
  set("LISTEN_PID", std::to_string(getpid() + 1));
  EXPECT_EQ(passed_socket().value(), std::nullopt);
  EXPECT_EQ(getenv("LISTEN_FDS"), nullptr);
}

TEST_F(PassedSocketTest, MoreThanOneIsAnErrorThatSaysWhatToDo) {
  set("LISTEN_PID", std::to_string(getpid()));
  set("LISTEN_FDS", "2");
  const auto socket = passed_socket();
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, "too_many_sockets");
}

}  // namespace
}  // namespace tapedeck
