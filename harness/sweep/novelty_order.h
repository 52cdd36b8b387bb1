#pragma once

#include <cstdint>
#include <vector>

#include "harness/store/records.h"

namespace faultline {

// The order in which a sweep with a budget visits sites: each next one is the site that is most
// unlike those before it. A new fault point, a module or a function whose calls did not fail yet,
// and frames that no stack so far passed through count; of equals the first in `sites` comes first.
std::vector<StoredSite> NoveltyOrder(const std::vector<StoredSite>& sites);

// A shuffle that depends on `seed` alone.
std::vector<StoredSite> RandomOrder(std::vector<StoredSite> sites, uint64_t seed);

}  // namespace faultline
