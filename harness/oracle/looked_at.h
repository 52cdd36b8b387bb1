#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/oracle/oracle.h"

namespace faultline {

// What a run gave the oracles to look at: the steps it made, answers and what they changed, checks
// of rolled back state, calls observed, what was judged and why the rest was not. By what it is,
// as people read it; what there was none of is not in it. Two runs of one plan that differ here
// were not judged alike, whatever their findings.
using LookedAt = std::map<std::string, std::string>;

LookedAt WhatWasLookedAt(const Evidence& evidence, const OracleContext& context);

struct LookedAtDifference {
  std::string what;  // key of LookedAt
  std::string reference;
  std::string other;
};

// What `other` has otherwise than `reference`. `again` is a second run like `reference`: what that
// one has as `other` does, or what is different in all three, is the target's own variety.
// nullptr: there is none.
std::vector<LookedAtDifference> DifferencesOf(const LookedAt& reference, const LookedAt& other,
                                              const LookedAt* again = nullptr);

}  // namespace faultline
