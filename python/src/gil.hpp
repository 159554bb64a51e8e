// Giving the interpreter's lock away while native code waits, safely over the interpreter's end.
//
// Before Python 3.14 a thread that asks for the lock while the interpreter is going is ended with
// pthread_exit, which unwinds through C++ frames that must not be unwound: std::terminate. Daemon
// threads of the caller's do that. So, from end_of_releases() on (at exit, after all else has
// ended), nobody gives the lock away any more, and who comes back from having done so stays where
// it is; the process ends without it.
#pragma once

#include <Python.h>

namespace tapedeck::python {

/// Gives the lock away for its lifetime. With the GIL held; not nested.
class GilReleased {
 public:
  GilReleased() noexcept;
  ~GilReleased();
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  PyThreadState* state_;  // null: the lock was kept
};

/// At exit, with the GIL held: see above. Returns when nobody is on the way back.
void end_of_releases() noexcept;
/// In a forked child nobody is.
void forget_releases_after_fork() noexcept;

}  // namespace tapedeck::python
