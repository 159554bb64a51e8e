#include "app/command_support.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>

namespace tapedeck::app {
namespace {

std::atomic<bool> was_interrupted{false};

}  // namespace

int fail(std::string_view sentence) {
  fmt::print(stderr, "tapedeck: {}\n", sentence);
  return kExitFailed;
}

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { was_interrupted.store(true); };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool interrupted() noexcept {
  return was_interrupted.load();
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool output_is_gone() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

int finish_output() {
  std::cout.flush();
  if (std::cout || output_is_gone()) return kExitDone;
  return fail("standard output takes no more: is the disk full?");
}

Result<std::string> fetch(HttpClient& client, std::string_view path,
                          const HttpClient::Parameters& parameters) {
  auto answer = client.get(path, parameters);
  if (!answer) return std::move(answer).error();
  if (answer->status != 200) {
    return Error{"refused", error_sentence(answer->status, answer->body), ""};
  }
  return std::move(answer->body);
}

Error not_tapedeck() {
  return {"no_answer", "the server's answer cannot be read; is it Tapedeck?", ""};
}

}  // namespace tapedeck::app
