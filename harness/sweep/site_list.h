#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/store/records.h"
#include "harness/sweep/nesting.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {

// `catalogue` is the run's. The sites of a run that recorded all calls, in order of their first
// call, with names and lines. A site that `nested` leaves out has the hash of the one that stands
// for it in nested_in. Sites of forked children are left out: a plan's rules do not reach them.
std::vector<StoredSite> ListSites(const Evidence& evidence, const Catalogue& catalogue,
                                  Nested nested, Symbolizer& symbolizer);

// The same of a run in which the target was started several times: the sites of life number `life`,
// from 1, or, with 0, those of the first, and of each later one those that no earlier one has.
// `target` is the name of the one whose sites are asked for; "" = the only one.
std::vector<StoredSite> ListSitesOfLives(const Evidence& evidence, const std::string& target,
                                         int life, const Catalogue& catalogue, Nested nested,
                                         Symbolizer& symbolizer);

// The lives of one target of a run.
std::vector<const Evidence*> LivesOf(const Evidence& evidence, const std::string& target);

// 16 hexadecimal digits, as scenario files have them.
std::string SiteHashText(uint64_t hash);
uint64_t SiteHashValue(const std::string& text);

}  // namespace faultline
