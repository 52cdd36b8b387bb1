#pragma once

#include <cstdint>
#include <string>

#include "harness/target/guardian.h"
#include "harness/target/hugepage_pool.h"

namespace faultline {

// Makes sure that a run can have `mb` MiB of 2 MiB hugepages: from the HugepageBudget of this
// process, else, as root, by enlarging the machine's pool. Free pages are counted on only when
// neither works: another harness, whose target has not touched its own yet, may count on the same.
// What was added is taken out again at its end; a killed harness leaves that to the Guardian. When
// all fails a Failure says how many are free, how many are needed and what to do. Thread-safe.
class HugepageReservation {
 public:
  explicit HugepageReservation(int mb);
  ~HugepageReservation();
  HugepageReservation(const HugepageReservation&) = delete;
  HugepageReservation& operator=(const HugepageReservation&) = delete;

  int64_t added_pages() const { return added_; }

 private:
  bool Enlarge(int64_t pages);

  int64_t added_ = 0;
  int64_t from_budget_ = 0;
  Guardian::Watch watch_;
};

// `mb` MiB of hugepages for the runs of this process, held as long as it lives. While there is one,
// what runs need beyond it stays in the pool for later ones: a change of the pool's size costs more
// than a short run.
class HugepageBudget {
 public:
  explicit HugepageBudget(int mb);
  ~HugepageBudget();
  HugepageBudget(const HugepageBudget&) = delete;
  HugepageBudget& operator=(const HugepageBudget&) = delete;

 private:
  HugepageReservation reservation_;
  int64_t pages_;
};

// Whether this process can have a mount namespace with mounts of its own, as a hugetlbfs for a run
// takes. Root in a container often cannot, nor in a chroot. Tries it in a child.
bool MayMount();

// Why this machine cannot give a run `mb` MiB of hugepages, on a mount of its own if `mount`; ""
// when it can. Tries it, and undoes it.
std::string LackOfHugepages(int mb, bool mount);

}  // namespace faultline
