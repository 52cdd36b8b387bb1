#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

namespace faultline {

// Evidence::returns of a run. `points`: what JournalRecord::index means (Plan::points); `catalogue`
// says what a failure of each looks like.
std::vector<WatchedReturn> ReadReturns(const JournalSnapshot& journal,
                                       const std::vector<std::string>& points,
                                       const Catalogue& catalogue);

}  // namespace faultline
