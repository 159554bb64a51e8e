#include "base/fork_fds.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace tapedeck {
namespace {

int some_file() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}
bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

/// What `ask` answers in a child of fork().
template <typename Ask>
int in_child(Ask ask) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(ask());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ForkFds, AChildHasNoRegisteredDescriptorAndTheParentKeepsIts) {
  const int kept = some_file(), closed = some_file();
  ASSERT_TRUE(register_fork_fd(closed));
  EXPECT_EQ(in_child([&] { return (is_open(kept) ? 1 : 0) + (is_open(closed) ? 2 : 0); }), 1);
  EXPECT_TRUE(is_open(closed));
  EXPECT_TRUE(unregister_fork_fd(closed));
  EXPECT_EQ(in_child([&] { return is_open(closed) ? 2 : 0; }), 2);
  ::close(kept);
  ::close(closed);
}

TEST(ForkFds, AChildIsToldNotToCloseANumberThatMeansAnotherFileByNow) {
  const int fd = some_file();
  ASSERT_TRUE(register_fork_fd(fd));
  EXPECT_EQ(in_child([&] {
              const int reused = some_file();
              if (reused != fd) return 1;
              if (!register_fork_fd(reused)) return 2;
              if (!unregister_fork_fd(reused)) return 3;  // the child's own
              if (unregister_fork_fd(fd)) return 4;       // the parent's, closed already
              close_fork_fds_in_child();                  // again: nothing is left
              return is_open(reused) ? 0 : 5;
            }),
            0);
  EXPECT_TRUE(unregister_fork_fd(fd));
  ::close(fd);
}

TEST(ForkFds, AreRefusedBeyondTheirNumberAndThenStillClosedByTheirOwner) {
  const int fd = some_file();
  std::vector<int> all;
  while (register_fork_fd(fd)) all.push_back(fd);
  EXPECT_EQ(all.size(), kMaxForkFds);
  const int late = some_file();
  EXPECT_FALSE(register_fork_fd(late));
  EXPECT_TRUE(unregister_fork_fd(late)) << "never registered: the owner closes it";
  for (const int each : all) EXPECT_TRUE(unregister_fork_fd(each));
  ::close(fd);
  ::close(late);
}

TEST(ForkFds, WhatIsNoDescriptorIsRefused) {
  EXPECT_FALSE(register_fork_fd(-1));
  EXPECT_FALSE(unregister_fork_fd(-1));
}

}  // namespace
}  // namespace tapedeck
