#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/store/records.h"

namespace faultline {

// Findings that a maintainer mends at one place; see Finding::cause.
struct CauseGroup {
  std::string text;             // "" = one finding that stands for itself
  std::vector<size_t> members;  // indexes, in the order given; never empty
};

// Every finding is a member of exactly one group. Groups come in the order of their first members.
std::vector<CauseGroup> GroupByCause(const std::vector<const FindingGroup*>& findings);

// "5 findings", or "3 causes (5 findings)" where some of them share one.
std::string CountCauses(const std::vector<const FindingGroup*>& findings);

}  // namespace faultline
