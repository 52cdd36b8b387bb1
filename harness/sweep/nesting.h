#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// Which of several nested sites of one allocation are visited.
enum class Nested { kOutermost, kInnermost, kAll };

// For each site of the journal the index of the site whose call it is merely a part of, or -1. One
// allocation passes several functions that are all fault points: rte_zmalloc >
// rte_zmalloc_socket > rte_malloc_socket, strdup > malloc. Two sites are one allocation when
// - both have the same stack: the catalogue's wrappers are left out of stacks, and a tail call
//   leaves no frame; the one called first is the outer one; or
// - the inner stack is the outer one with the outer function's own frames in front, and both points
//   are of one group (dpdk/malloc/...), or the outer one is a libc function whose allocation it is.
// A failing rte_ring_create and the failing rte_memzone_reserve in it are two places: ring.c has
// its own way out for the second.
std::vector<int> FindOuterSites(const Evidence& evidence);

// The group of a point: its name up to the last slash.
std::string GroupOf(const std::string& point);

}  // namespace faultline
