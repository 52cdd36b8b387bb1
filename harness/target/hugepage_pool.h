#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

inline constexpr int kHugepageMb = 2;

// The machine's pool of 2 MiB hugepages, in pages (/sys/kernel/mm/hugepages/hugepages-2048kB).
struct HugepagePool {
  int64_t total = 0;
  int64_t free = 0;      // not in use by anybody
  int64_t reserved = 0;  // of the free ones: promised to a mapping that has not touched them yet

  int64_t available() const { return free > reserved ? free - reserved : 0; }
};

// None when the kernel has no 2 MiB hugepages.
std::optional<HugepagePool> ReadHugepagePool();

// Adds `pages` (may be negative) to the size of the pool, one process at a time; returns by how
// much it really changed. Needs root; throws Failure when the file cannot be written.
int64_t AddHugepages(int64_t pages);

// Whether this process may call AddHugepages: root, and /sys is not read-only (a container's is).
bool MayChangeHugepages();

struct HugetlbfsMount {
  std::filesystem::path directory;
  std::string options;    // as in /proc/mounts
  bool writable = false;  // by this user
};

// The hugetlbfs mounts that this process sees.
std::vector<HugetlbfsMount> ReadHugetlbfsMounts();

}  // namespace faultline
