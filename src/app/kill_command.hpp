// `tapedeck kill` and `tapedeck resume`: the kill switch from the outside. On this machine by a
// signal to the engines' process, which works when the server does not; elsewhere through the API.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace tapedeck::app {

struct KillOptions {
  std::string command = "kill";  ///< kill or resume; flatten and square_off with --url
  std::string url;               ///< empty: by signal
  std::vector<pid_t> pids;       ///< which runs; empty: all of this user on this machine
  std::string target = "*";      ///< engine_id; with --url
  std::string reason;            ///< with --url
  unsigned timeout_ms = 5000;    ///< how long to wait for the engines' answer
};

/// @return the process's exit code: 0 only when every run that was asked has obeyed.
int run_kill(const KillOptions& options);

}  // namespace tapedeck::app
