#pragma once

#include <csignal>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {

// The user (or a CI system) stops the harness: SIGINT, SIGTERM or SIGHUP. Thrown so that all that
// a run made is taken down on the way to main, which then ends by Interruption::EndBySignal().
class Interrupted : public Failure {
 public:
  explicit Interrupted(int signal);
  int signal() const { return signal_; }

 private:
  int signal_;
};

// Turns the three signals into something that an event loop can wait for. Make it in main before
// any thread exists, since every thread inherits the blocked signals. Children do not: Process
// gives its child an empty mask. The old mask returns with the destructor.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  int fd() const { return fd_.get(); }
  // Reads what came and throws Interrupted; returns when nothing came. The handler for an
  // EventLoop.
  void ThrowIfRaised();

  // Ends this process by `signal` itself, as a shell expects (exit status 128 + signal), so that a
  // loop in a script ends too.
  [[noreturn]] static void EndBySignal(int signal);

 private:
  sigset_t old_mask_;
  UniqueFd fd_;
};

}  // namespace faultline
