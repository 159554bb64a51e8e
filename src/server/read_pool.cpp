#include "server/read_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace tapedeck {

ReadPool::ReadPool(unsigned threads, std::size_t max_waiting) : max_waiting_(max_waiting) {
  for (unsigned i = 0; i < std::max(1U, threads); ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "td-read");
      run();
    });
  }
}

ReadPool::~ReadPool() {
  stop();
}

bool ReadPool::submit_request(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || requests_.size() >= max_waiting_) return false;
    requests_.push_back(std::move(job));
  }
  more_.notify_one();
  return true;
}

void ReadPool::submit_piece(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    pieces_.push_back(std::move(job));
  }
  more_.notify_one();
}

void ReadPool::stop() {
  std::deque<Job> dropped_requests, dropped_pieces;  // destroyed without the lock
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped_requests.swap(requests_);
    dropped_pieces.swap(pieces_);
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

ReadPool::Job ReadPool::take() {
  const bool piece = !pieces_.empty() && (piece_is_next_ || requests_.empty());
  piece_is_next_ = !piece;
  std::deque<Job>& queue = piece ? pieces_ : requests_;
  Job job = std::move(queue.front());
  queue.pop_front();
  return job;
}

void ReadPool::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return stopping_ || !requests_.empty() || !pieces_.empty(); });
      if (stopping_) return;
      job = take();
    }
    job();
  }
}

}  // namespace tapedeck
