#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/store/records.h"

namespace faultline {

// Findings that a maintainer mends at one place; see Finding::cause.
struct CauseGroup {
  // The clause that all members share, else the first member's; "" = one finding that stands for
  // itself, of which nothing more is known.
  std::string text;
  std::vector<size_t> members;  // indexes, in the order given; never empty
};

// Every finding is a member of exactly one group, with all that share a clause of their causes with
// it, or with another member. Groups come in the order of their first members.
std::vector<CauseGroup> GroupByCause(const std::vector<const FindingGroup*>& findings);

// "5 findings", or "3 causes (5 findings)" where some of them share one.
std::string CountCauses(const std::vector<const FindingGroup*>& findings);

}  // namespace faultline
