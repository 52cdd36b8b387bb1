#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

#include "harness/protocol/snapshot.h"
#include "harness/run/snapshot_thread.h"
#include "harness/target/clock.h"

namespace faultline {

// Stops a carrier for the moment of a fork, and makes the child's threads. All by the thread that
// is to trace the child: it is that thread's tracee when it is done, the carrier nobody's.
class SnapshotTracer {
 public:
  // `parked`: the thread that waits for commands. `control` is borrowed.
  SnapshotTracer(pid_t carrier, pid_t parked, protocol::SnapshotControl* control,
                 Deadline deadline);
  ~SnapshotTracer();  // the carrier's threads go on
  SnapshotTracer(const SnapshotTracer&) = delete;
  SnapshotTracer& operator=(const SnapshotTracer&) = delete;

  // Halts all threads but the parked one. CannotCarry when that is not possible.
  void Halt();
  // The main thread first.
  const std::vector<ThreadImage>& threads() const { return threads_; }

  // The agent carries out steps; false when one was an error, see SnapshotControl::failed_step.
  bool Run(uint32_t begin, uint32_t end);
  // The same for steps with a kFork in them, and waits until the child has carried out its own,
  // which make a thread for each of `others`, in that order. Gives the child's threads their
  // registers: they are stopped. Returns the child's threads, the main one first.
  std::vector<pid_t> Fork(uint32_t begin, uint32_t end, const std::vector<ThreadImage>& others);

 private:
  void Seize();
  bool Await(protocol::CarrierState state);
  int AwaitStop(pid_t tid);
  void Step(pid_t tid);
  void AskForSignalStacks();
  pid_t AwaitChild();
  void AwaitSteps(size_t others);
  void KillChild();
  void CheckAlive();

  pid_t carrier_;
  pid_t parked_;
  protocol::SnapshotControl* control_;
  Deadline deadline_;
  std::vector<pid_t> seized_;
  std::map<pid_t, int> signals_;  // that a halted thread was about to get
  std::vector<ThreadImage> threads_;
  pid_t child_ = 0;  // until it is whole
  std::vector<pid_t> child_threads_;
  bool still_ = false;
};

}  // namespace faultline
