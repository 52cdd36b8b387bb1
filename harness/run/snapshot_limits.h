#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/run/snapshot_memory.h"
#include "harness/target/event_loop.h"

namespace faultline {

// What forked targets may have of the machine's memory together: so many live at a time as can
// write to all that they have. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t mb) : mb_(mb), free_mb_(mb) {}

  // Given back with the object.
  class Share {
   public:
    // Waits until the budget has `mb` left. CannotCarry when it never has.
    Share(MemoryBudget& budget, int64_t mb);
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

// Half of what the machine has available now, in MiB.
int64_t HalfOfAvailableMb();
// What a fork of a process with these mappings may come to take, in MiB: all that it may write to
// and does not share.
int64_t WritableMb(const std::vector<Mapping>& mappings);

// Of a target that still runs after `after_ms` (it hangs, most likely, and may spin), all threads
// get what others leave of the CPUs: a nice value of 10. As long as it lives. One thread.
class LateNice {
 public:
  // `loop` is borrowed.
  LateNice(EventLoop& loop, pid_t pid, int64_t after_ms);
  ~LateNice();
  LateNice(const LateNice&) = delete;
  LateNice& operator=(const LateNice&) = delete;

 private:
  EventLoop& loop_;
  UniqueFd timer_;
};

}  // namespace faultline
