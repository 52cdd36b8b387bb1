#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/target/guardian.h"

namespace faultline {

// The machine's pool of 2 MiB hugepages, in pages (/sys/kernel/mm/hugepages/hugepages-2048kB).
struct HugepagePool {
  int64_t total = 0;
  int64_t free = 0;      // not in use by anybody
  int64_t reserved = 0;  // of the free ones: promised to a mapping that has not touched them yet

  int64_t available() const { return free > reserved ? free - reserved : 0; }
};

inline constexpr int kHugepageMb = 2;

// None when the kernel has no 2 MiB hugepages.
std::optional<HugepagePool> ReadHugepagePool();

struct HugetlbfsMount {
  std::filesystem::path directory;
  std::string options;    // as in /proc/mounts
  bool writable = false;  // by this user
};

// The hugetlbfs mounts that this process sees.
std::vector<HugetlbfsMount> ReadHugetlbfsMounts();

// Makes sure that `mb` MiB of 2 MiB hugepages are available. As root it enlarges the machine's pool
// by what is missing and takes just that out again at its end; a killed harness leaves that to the
// Guardian. Without root, or when memory is too fragmented, a Failure says how many are free, how
// many are needed and what to do.
class HugepageReservation {
 public:
  explicit HugepageReservation(int mb);
  ~HugepageReservation();
  HugepageReservation(const HugepageReservation&) = delete;
  HugepageReservation& operator=(const HugepageReservation&) = delete;

  int64_t added_pages() const { return added_; }

 private:
  int64_t added_ = 0;
  Guardian::Watch watch_;
};

// Adds `pages` (may be negative) to the size of the pool, one process at a time; returns by how
// much it really changed. Needs root; throws Failure when the file cannot be written.
int64_t AddHugepages(int64_t pages);

}  // namespace faultline
