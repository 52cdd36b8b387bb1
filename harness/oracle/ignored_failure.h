#pragma once

#include <string>

#include "harness/oracle/met_failure.h"
#include "harness/oracle/oracle.h"

namespace faultline {

// Did the target tell anybody of a failure: by an error answer, or by an exit code other than those
// of a clean stop? Then somebody took an error path.
bool ReportedAFailure(const Evidence& evidence, const Profile& profile);

// The function that met a run's first failure and told nobody, of a run in which none was
// reported, as NameInFile has it. Where nothing was seen of the way up (MetFailure::of_frames): the
// innermost one that is no part of a function known to pass failures on (a fault point, or an
// observed one that makes something). "" when nothing failed, when it was reported, and where the
// stack has no names.
std::string IgnoringFunction(const Evidence& evidence, const OracleContext& context,
                             const MetFailure& met);

// Finding::cause of what comes of it; "" for "".
std::string CauseOfIgnoring(const std::string& function);

}  // namespace faultline
