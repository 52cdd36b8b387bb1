#pragma once

#include <cstdint>
#include <vector>

#include "harness/store/records.h"
#include "harness/sweep/selection.h"

namespace faultline {

// The order in which a sweep with a budget visits sites: each next one is the site that is most
// unlike those before it. A new fault point, a module or a function whose calls did not fail yet,
// and frames that no stack so far passed through count; of equals the first in `sites` comes first.
std::vector<StoredSite> NoveltyOrder(const std::vector<StoredSite>& sites);

// As `sites` are ordered, but those first whose call the selected code makes itself, or by few
// helpers: what it does about a failure is what the selection is about. A callback that goes on
// with all the rest is on the stack of hundreds.
std::vector<StoredSite> NearestFirst(std::vector<StoredSite> sites, const Selection& selection);

// A shuffle that depends on `seed` alone.
std::vector<StoredSite> RandomOrder(std::vector<StoredSite> sites, uint64_t seed);

}  // namespace faultline
