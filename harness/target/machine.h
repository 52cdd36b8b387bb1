#pragma once

#include <cstdint>
#include <string>

#include "harness/target/guardian.h"
#include "harness/target/hugepage_pool.h"

namespace faultline {

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

// Whether this process can have a mount namespace with mounts of its own, as a hugetlbfs for a run
// takes. Root in a container often cannot, nor in a chroot. Tries it in a child.
bool MayMount();

// Why this machine cannot give a run `mb` MiB of hugepages, on a mount of its own if `mount`; ""
// when it can. Tries it, and undoes it.
std::string LackOfHugepages(int mb, bool mount);

}  // namespace faultline
