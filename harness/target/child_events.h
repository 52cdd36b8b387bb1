#pragma once

#include "harness/target/clock.h"

namespace faultline {

// Wakes a thread when a child or tracee of this process has changed its state. The kernel tells
// only by SIGCHLD, which is one for the whole process: its handler wakes every ChildEvents, and
// each asks waitpid(2) for its own. Wait() and Wake() may be called by different threads.
//
// The first object installs the SIGCHLD handler, for good.
class ChildEvents {
 public:
  ChildEvents();  // Failure when too many live at once (kMaxSupervisors)
  ~ChildEvents();
  ChildEvents(const ChildEvents&) = delete;
  ChildEvents& operator=(const ChildEvents&) = delete;

  static constexpr int kMaxSupervisors = 256;

  // Blocks until something may have happened since the last Wait() began, or the deadline. No event
  // is lost when the caller asks waitpid(2) after, not before, each Wait().
  void Wait(Deadline deadline) const;
  // Makes the current or the next Wait() return.
  void Wake() const;

 private:
  int slot_ = -1;
};

}  // namespace faultline
