#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/run/snapshot_memory.h"
#include "harness/target/cpu_use.h"
#include "harness/target/event_loop.h"
#include "harness/target/interruption.h"

namespace faultline {

// What forked targets may have of the machine's memory together: so many live at a time as can
// write to all that they have. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t mb) : mb_(mb), free_mb_(mb) {}

  // Given back with the object.
  class Share {
   public:
    // Waits until the budget has `mb` left. CannotCarry when it never has. `interruption`, when
    // given, ends the wait by Interrupted.
    Share(MemoryBudget& budget, int64_t mb, Interruption* interruption = nullptr);
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    MemoryBudget& budget_;
    int64_t mb_;
  };

 private:
  const int64_t mb_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  int64_t free_mb_;  // guarded by mutex_
};

// Until `met()`, which is asked with the lock held whenever `changed` is notified. `interruption`,
// when given, ends the wait by Interrupted.
template <typename Met>
void WaitFor(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
             Interruption* interruption, const Met& met) {
  constexpr std::chrono::milliseconds kLookAgain(10);  // a condition is no descriptor to poll
  while (interruption != nullptr && !changed.wait_for(lock, kLookAgain, met)) {
    interruption->ThrowIfRaised();
  }
  changed.wait(lock, met);
}

// Half of what the machine has available now, in MiB.
int64_t HalfOfAvailableMb();
// What a fork of a process with these mappings may come to take, in MiB: all that it may write to
// and does not share.
int64_t WritableMb(const std::vector<Mapping>& mappings);

// Of all threads of a process.
void SetNice(pid_t pid, int nice);

// Of a target that has run for `after_ms` of CPU time (it hangs, most likely, and spins), all
// threads get what others leave of the CPUs: a nice value of 10. One that others keep from running
// for so long does not: it would get still less. As long as it lives. One thread.
class LateNice {
 public:
  // `loop` is borrowed.
  LateNice(EventLoop& loop, pid_t pid, int64_t after_ms);
  ~LateNice();
  LateNice(const LateNice&) = delete;
  LateNice& operator=(const LateNice&) = delete;

 private:
  EventLoop& loop_;
  CpuUse use_;
  UniqueFd timer_;
};

}  // namespace faultline
