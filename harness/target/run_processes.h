#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/target/clock.h"

namespace faultline {

struct RunProcess {
  pid_t pid = 0;
  std::string name;  // as in /proc/PID/comm
};

// Ends every process, this one excepted, that has FAULTLINE_RUN_ID=`run_id` in its environment:
// waits until `grace` for those that end by themselves, then sends SIGKILL to the others, again and
// again until there is none (one may fork meanwhile) or the deadline has passed. Waits until each
// is gone, and reaps those that are this process's children. Returns those that were killed. A
// process that has overwritten its environment is not found.
std::vector<RunProcess> KillRunProcesses(const std::string& run_id, Deadline grace,
                                         Deadline deadline);

}  // namespace faultline
