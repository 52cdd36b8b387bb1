#pragma once

#include <cstdint>

#include "harness/protocol/journal.h"
#include "harness/protocol/plan.h"

namespace faultline {

// How many entries each table of a journal has room for; hooks and rules follow from the plan. The
// file is sparse: what is not used costs address space only (37 MiB with these). A census of
// spdk_tgt takes about 5,000 records, of 800 sites.
struct JournalCapacities {
  uint32_t modules = protocol::kMaxModules;
  uint32_t stacks = 16'384;  // power of two
  uint32_t sites = 32'768;   // power of two
  uint64_t records = 262'144;
};

// Says in `header` where the tables of a journal for `plan` lie, how large they are, and how large
// the file is. Failure (kCannotWork) when they are too large.
void LayOutJournal(protocol::JournalHeader& header, const protocol::PlanHeader& plan,
                   const JournalCapacities& capacities);

}  // namespace faultline
