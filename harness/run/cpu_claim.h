#pragma once

#include <string>

#include "harness/base/unique_fd.h"

namespace faultline {

// The CPU that a run's first thread is to have. DPDK pins its threads: the first of every program
// that is told nothing else goes to CPU 0, and runs at the same time would share that one, while
// others are idle. A claim is a bound abstract UNIX socket (unix(7)): the kernel gives it back
// whatever becomes of its holder, and all harnesses of the machine see it.
class CpuClaim {
 public:
  // Of the CPUs that this process may use, and that have the memory of the first of them near (NUMA
  // node), takes the first that nobody has claimed; one of them at random when there is none.
  // Claims of another `family` do not count.
  explicit CpuClaim(const std::string& family = "faultline");

  int cpu() const { return cpu_; }
  // The next of them, for a second thread; the same when there is only one.
  int second_cpu() const { return second_cpu_; }

 private:
  UniqueFd socket_;
  int cpu_ = 0;
  int second_cpu_ = 0;
};

}  // namespace faultline
