#pragma once

#include <string>
#include <vector>

#include "harness/store/records.h"
#include "harness/sweep/selection.h"

namespace faultline {

// What a selection finds among the sites of a census.
struct SelectedSites {
  bool any = true;  // false only when nothing that changed is reached: no mistake
  // Patterns that match no site although another one of their option does, each told with the
  // nearest of what there is: a function that a change names need not be reached.
  std::vector<std::string> unmatched;
};

// Failure (kBadInput) when an option about stacks or a step matches none of `sites`, with the
// nearest of what there is, or when no site is selected.
SelectedSites RequireSites(const std::vector<StoredSite>& sites, const Selection& selection);

}  // namespace faultline
