// SecondSignal: while the process stops, somebody may lose patience. The next SIGINT or SIGTERM
// cuts the drain short; if the process has not ended two seconds later, or at one more signal, it
// ends as it is, with 128 + the signal's number.
//
// Thread contract: made and destroyed on the main thread, which has both signals and wake_signal()
// blocked in every thread; watches on a thread of its own.
#pragma once

#include <functional>
#include <thread>

namespace tapedeck::app {

class SecondSignal {
 public:
  /// @param hurry called once, on the watching thread; it must not block
  explicit SecondSignal(std::function<void()> hurry);
  /// The stop is over.
  ~SecondSignal();
  SecondSignal(const SecondSignal&) = delete;
  SecondSignal& operator=(const SecondSignal&) = delete;

  /// What the watching thread is told with that it is no longer needed.
  static int wake_signal() noexcept;

 private:
  void watch();

  std::function<void()> hurry_;
  std::thread thread_;
};

}  // namespace tapedeck::app
