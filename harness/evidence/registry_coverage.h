#pragma once

#include "harness/evidence/registry.h"

namespace faultline {

// Fills in what of the registry's objects can be seen in a run: RegistryReplay::complete, why_not
// and ends_seen.
void SayWhatIsSeen(const Evidence& evidence, const Catalogue& catalogue, RegistryReplay& out);

}  // namespace faultline
