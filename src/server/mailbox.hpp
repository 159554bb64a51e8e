// Mailbox: hands work to a worker's event loop from any thread, for answers that come from a store
// or a reader thread. It outlives the loop: what comes after close() is dropped, so whoever answers
// late needs to know nothing of the server's end.
//
// Thread contract: any thread. Cost: a lock that is only ever held for a post.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

namespace tapedeck {

class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& context) : context_(&context) {}

  template <typename Work>
  void post(Work&& work) {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) boost::asio::post(*context_, std::forward<Work>(work));
  }
  /// The loop is about to go: nothing is handed to it any more.
  void close() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }

 private:
  std::mutex mutex_;  // guards context_
  boost::asio::io_context* context_;
};

}  // namespace tapedeck
