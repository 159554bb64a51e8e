// ReadPool: the threads on which the history is read, so that a slow disk never holds up an I/O
// thread. Two queues, served by turns: requests wait in one that is bounded (beyond it they are
// refused: "busy"), the next pieces of answers and streams under way in the other, which their
// connections bound: each has one piece under way at most.
//
// Thread contract: every member from any thread; stop() from one. Jobs must not throw.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tapedeck {

class ReadPool {
 public:
  using Job = std::function<void()>;

  /// @param threads at least one is made.
  /// @param max_waiting requests that may wait beside those that are being read.
  ReadPool(unsigned threads, std::size_t max_waiting);
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  /// @return false when too many wait already, or after stop(): the job will not run.
  bool submit_request(Job job);
  /// After stop() the job is dropped.
  void submit_piece(Job job);
  /// Waits for the jobs that run, drops those that wait.
  void stop();

 private:
  void run();
  Job take();  // with the lock, when there is one

  const std::size_t max_waiting_;
  std::mutex mutex_;  // guards the queues
  std::condition_variable more_;
  std::deque<Job> requests_;
  std::deque<Job> pieces_;
  bool piece_is_next_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tapedeck
