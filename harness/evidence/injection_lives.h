#pragma once

#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// For each of Evidence::injections the life of its target in which it was, from 1; 0 where the
// target had one life alone.
std::vector<int> LivesOfInjections(const Evidence& evidence);

}  // namespace faultline
