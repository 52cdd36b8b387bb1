#pragma once

#include <string>
#include <vector>

#include "harness/store/store.h"

namespace faultline {

// How the findings of two sweeps differ, usually of two builds of one target. Signatures and places
// (StoredSite::place) are the same across builds of the same source; site hashes are not.
struct Comparison {
  struct Change {
    FindingGroup before;
    FindingGroup after;
    std::string how;  // "now crash at 2 more places", "the same fault now ends in ..."
  };
  std::vector<FindingGroup> fresh;    // only in the second
  std::vector<FindingGroup> fixed;    // only in the first, and the second visited the place
  std::vector<FindingGroup> unknown;  // only in the first, and the second did not visit the place
  std::vector<Change> changed;     // in both, at other places; or the same fault, another finding
  std::vector<FindingGroup> same;  // in both, at the same places

  // A finding of the second alone that fails a command; see FailsCommand.
  bool has_failing() const;
  bool differs() const { return !fresh.empty() || !fixed.empty() || !changed.empty(); }
};

// What else differs than the builds, a sentence each. Failure (kBadInput) when the two are sweeps
// of different scenarios or profiles: all would be "not visited".
std::vector<std::string> CheckComparable(Store& before, Store& after);

Comparison CompareStores(Store& before, Store& after);

}  // namespace faultline
