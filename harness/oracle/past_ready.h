#pragma once

#include "harness/evidence/evidence.h"
#include "harness/oracle/oracle.h"

namespace faultline {

// Of a run whose start was waited for in vain: is the target ready all the same, and only its line
// that says so was lost? True when a failed call may be why, a thread's stack shows a function that
// has come past the place where it names the text of that line (NamesTextBefore), and the target
// ended as it should once it was asked to. So DPDK programs whose log lost its memory run on
// without a word.
bool IsPastItsReadyLine(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
