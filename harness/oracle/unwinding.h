#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "harness/oracle/oracle.h"

// Whether a target gave back what it took. A start that fails may just exit: it owes nothing that
// the kernel takes back.
namespace faultline {

// The record (index into JournalSnapshot::records) of the first call that begins to give back what
// the target took. Not counted: calls by an observer's ignore_callers, which give up, and those
// that the C library or the loader makes while the process exits, whoever ended it. nullopt when
// there was none, or none is known.
std::optional<size_t> BeginOfUnwinding(const Evidence& evidence, const Catalogue& catalogue);

// Did the target give back what it took, or try to? True once it has begun to unwind; of a target
// whose fault-free run begins to by no call that the catalogue knows, when it was asked to stop and
// exited as after a clean stop.
bool HasUnwound(const Evidence& evidence, const OracleContext& context);

// Did this target, of which no call failed, go another way than in the fault-free run, because
// another one gave up? Of two primaries the second comes up then, which gives up when all is well,
// and what it opens and leaves has nothing to be compared with.
bool WentAnotherWay(const Evidence& evidence, const OracleContext& context);

// Why nothing is said about objects and descriptors that a run did not give back, in words for
// people; "" when they are judged, and for a target that was killed or died, which is a matter of
// course.
std::string WhyLeaksAreNotJudged(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
