// Descriptors that a forked child must not keep: a flock and a listening socket live as long as any
// process holds a copy, so a child that outlives its parent would keep the data folder locked and
// the port taken. What is registered here is closed in every child that fork() makes.
//
// Thread contract: every function from any thread; close_in_child() is async-signal-safe and takes
// no lock. A fork between the making of a descriptor and its registration is not covered. Cost: a
// walk over kMaxForkFds atomics, at set-up only.
#pragma once

#include <cstddef>

namespace tapedeck {

inline constexpr std::size_t kMaxForkFds = 256;

/// From now on children of fork() close `fd`. The first call installs the handler (pthread_atfork).
/// @return false when kMaxForkFds others are registered: the child keeps this one.
bool register_fork_fd(int fd) noexcept;

/// To be called before `fd` is closed.
/// @return whether it is to be closed: false in a child that has closed its copy already, where the
/// number may mean another file by now.
bool unregister_fork_fd(int fd) noexcept;

/// Closes what is registered. Runs by itself in the child of every fork(); calling it again does
/// nothing.
void close_fork_fds_in_child() noexcept;

}  // namespace tapedeck
