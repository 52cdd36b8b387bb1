#pragma once

#include <optional>
#include <string>

#include "harness/oracle/forgetter.h"

namespace faultline {

// What a function that failed has left alive, when a target died later: a poller whose memory the
// error path has freed, a device that it has not unregistered.
struct LeftByFailed {
  Forgetter forgetter;  // the function, which was seen to return a failure
  std::string object;   // "poller `nvmf_TCP'"
};

// Of a run that died. Between the failed call and the function that met the failure lie those that
// handed it on; who of them had made something before, and has not given it back, is nearer to what
// went wrong. The innermost such function; nullopt when there is none, or nothing was seen of what
// they returned.
std::optional<LeftByFailed> FindLeftByFailed(const Evidence& evidence, const Catalogue& catalogue,
                                             const MetFailure& met);

}  // namespace faultline
