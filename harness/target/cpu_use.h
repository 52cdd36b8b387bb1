#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>

namespace faultline {

// What the threads of one process got of the machine's CPUs from the construction on
// (/proc/PID/task/TID/schedstat). What a thread had done before it ended is not counted.
class CpuUse {
 public:
  struct Times {
    int64_t ran_ns = 0;
    int64_t waited_ns = 0;  // ready to run, without a CPU
  };

  explicit CpuUse(pid_t pid) : pid_(pid), before_(Read()) {}

  // In sum over all threads. Zeros for a process that has gone.
  Times Since() const;

 private:
  std::map<pid_t, Times> Read() const;

  pid_t pid_;
  std::map<pid_t, Times> before_;
};

}  // namespace faultline
