#pragma once

#include <set>
#include <string>
#include <vector>

namespace faultline {

// What a run could leave on the machine. Two of them, taken before and after, must be equal.
struct MachineCensus {
  std::set<std::string> items;  // "mount /mnt", "file /dev/shm/x", "process 12 spdk_tgt", ...
};

// Mounts, hugepages (total and free), processes of runs, and what lies in the places where targets
// leave things: the directory for temporary files, /tmp, /dev/shm, /var/tmp, DPDK's run-time
// directory. With `shared_machine` only this process's own descendants: others mount, start and
// write meanwhile, other users' runs among them.
MachineCensus TakeCensus(bool shared_machine);

// What is in `after` and not in `before`.
std::vector<std::string> NewIn(const MachineCensus& after, const MachineCensus& before);

}  // namespace faultline
