#pragma once

#include <sys/types.h>

#include <filesystem>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"

namespace faultline {

// The user has left gdb while the run went on: nothing of it is judged. No failure of anything, so
// that its exit code is 0.
class DebuggerLeft : public Failure {
 public:
  DebuggerLeft();
};

// gdb on the harness's own terminal, attached to a target, with a breakpoint on the agent's empty
// function that is called just before a call is made to fail, which shows the code that makes it.
class Debugger {
 public:
  // Stops the target and returns once gdb has attached and set it going again. `directory` takes a
  // FIFO and a script for the while. Failure (kCannotWork) when there is no gdb or it ends before.
  Debugger(pid_t target, const std::filesystem::path& directory);
  // Waits until the user has left gdb; while an exception passes, asks gdb to end.
  ~Debugger();
  Debugger(const Debugger&) = delete;
  Debugger& operator=(const Debugger&) = delete;

  // Readable once gdb has ended; see ThrowLeft.
  int end_fd() const { return pidfd_.get(); }
  bool has_ended() const;
  // Throws DebuggerLeft. The handler for an EventLoop.
  [[noreturn]] void ThrowLeft();
  // Waits until the user has left gdb.
  void AwaitEnd();
  // The user ended the target with gdb's `kill`, or by starting another in its place: how it ended
  // says nothing of it. To be asked once gdb has ended.
  bool WasKilled() const;

 private:
  void Start(pid_t target, const std::filesystem::path& script, const std::filesystem::path& fifo);

  pid_t pid_ = -1;
  const int exceptions_;  // that were under way when it was made
  const std::filesystem::path killed_;
  UniqueFd pidfd_;
};

}  // namespace faultline
