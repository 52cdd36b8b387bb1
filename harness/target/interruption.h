#pragma once

#include <csignal>
#include <string>

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

// Turns the three signals into something that an event loop can wait for. Once one has come, the
// next ends this process at once, as it does without this object, and the Guardian cleans up; what
// comes within 0.3 s is taken for the same. Make
// it in main before any thread exists, since every thread inherits the blocked signals. Children do
// not: Process gives its child an empty mask. The old mask returns with the destructor.
class Interruption {
 public:
  // `message`: for the user, on stderr, when the first signal comes; may be empty.
  explicit Interruption(std::string message = "");
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  int fd() const { return fd_.get(); }
  // Reads what came and throws Interrupted; returns when nothing came. The handler for an
  // EventLoop.
  void ThrowIfRaised();
  // The same but for Ctrl-C, which belongs to a debugger that has the terminal: it is forgotten.
  void ThrowIfRaisedButCtrlC();

  // Ends this process by `signal` itself, as a shell expects (exit status 128 + signal), so that a
  // loop in a script ends too.
  [[noreturn]] static void EndBySignal(int signal);

 private:
  [[noreturn]] void Throw(int signal);

  const std::string message_;
  sigset_t old_mask_;
  UniqueFd fd_;
};

}  // namespace faultline
