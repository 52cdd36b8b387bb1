#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/catalogue.h"

namespace faultline {

// Which of several nested sites of one allocation are visited.
enum class Nested { kOutermost, kInnermost, kAll };

// For each site of the journal the index of the site whose call it is merely a part of, or -1. One
// allocation passes several functions that are all fault points: rte_zmalloc >
// rte_zmalloc_socket > rte_malloc_socket, strdup > malloc. The inner call happened in the outer one
// when its stack is the outer stack with the outer function's own frames in front; there are none
// of those when the outer one is a wrapper, whose frames are left out of stacks, or after a tail
// call. Both are one allocation when
// - the outer function is one of the catalogue's wrappers, and there are no frames between; or
// - both points are of one group among Catalogue::allocations; or
// - the outer one is a function of libc, and so are the frames between.
// All else are two places, for the outer function has a way out of its own when the inner one
// fails: rte_ring_create and the rte_memzone_reserve in it, rte_eal_init and rte_service_init.
std::vector<int> FindOuterSites(const Evidence& evidence, const Catalogue& catalogue);

}  // namespace faultline
